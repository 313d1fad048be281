"""The README: short, and its quick start works."""

import re
import shutil
from pathlib import Path

import pytest

from ..support import ROOT
from .shell import BIN, Session, exported_names, run_blocks

README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The README, followed from top to bottom in one shell."""
    if shutil.which("curl") is None or not (BIN / "flask").exists():
        pytest.skip("curl or the command flask is not installed")
    return run_blocks(README, tmp_path_factory.mktemp("reader"))


def test_the_readme_can_be_followed_in_one_shell(session: Session) -> None:
    assert session.status == 0, session.stderr
    requests = re.findall(r'((?:GET|POST) /\S+) HTTP/1\.1[^"]*" (\d+)', session.stderr)
    assert requests == [("POST /login", "200"), ("GET /notes", "200"), ("GET /notes", "401")]


def test_the_readme_shows_what_its_commands_print(session: Session) -> None:
    printed = iter(session.stdout.splitlines())
    assert [line for line in session.shown if line not in printed] == []


def test_the_readme_begins_as_the_quick_start_does() -> None:
    block = re.compile(r"^```\w+\n.*?^```$", re.DOTALL | re.MULTILINE)
    _watch, *blocks = block.findall(README)
    page = block.findall((ROOT / "docs" / "quickstart.md").read_text())
    assert blocks == page[: len(blocks)]


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert README.count("\n") <= 120


PAGES = {path: path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]}
EXPORTS = [(path, name) for path, page in PAGES.items() for name in sorted(exported_names(page))]


@pytest.mark.parametrize(("path", "name"), EXPORTS, ids=lambda value: getattr(value, "name", value))
def test_every_export_on_a_page_has_its_undoing(path: Path, name: str) -> None:
    assert f"`unset {name}` undoes it" in PAGES[path]


def test_the_pages_export_each_setting_that_they_need() -> None:
    begun = {"README.md", "quickstart.md", "keys.md"}
    names = {name for path, name in EXPORTS if path.name in begun}
    assert {name.removeprefix("FLASK_TOKENGUARD_") for name in names} == {
        *("KEY", "STORAGE_URI", "ENCRYPTION", "KEYRING")
    }
