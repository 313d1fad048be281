"""The page about testing: its files are a suite that passes, and its shell session is true."""

import re
from types import ModuleType

import pytest
from flask.cli import shell_command

from ..support import ROOT

pytest_plugins = ["pytester"]

PAGE = (ROOT / "docs" / "testing.md").read_text()
FILES: dict[str, str] = dict(re.findall(r"```python\n# (\w+)\.py\n(.*?)```", PAGE, re.DOTALL))
# A store that a reader has, and the page has not.
STORE = "from flask_tokenguard.stores.memory import MemoryStore as OurStore"
SUITES = [name for name in FILES if name.startswith("test_")]


def test_every_block_of_the_page_is_a_file_that_is_run() -> None:
    assert len(FILES) == PAGE.count("```python\n")
    assert {"notes", "conftest", "test_notes"} < FILES.keys()


@pytest.mark.parametrize("suite", SUITES)
def test_the_tests_of_the_page_pass(pytester: pytest.Pytester, suite: str) -> None:
    pytester.makepyfile(our_store=STORE)
    for name in ("notes", "conftest", suite):
        pytester.path.joinpath(f"{name}.py").write_text(FILES[name])
    outcomes = pytester.runpytest_inprocess(
        "--assert=plain", "--strict-markers", "-W", "error"
    ).parseoutcomes()
    assert outcomes.keys() == {"passed"}


def test_the_shell_session_is_what_flask_shell_shows(secret: str) -> None:
    (session,) = re.findall(r"```pycon\n(.*?)```", PAGE, re.DOTALL)
    typed = "".join(re.findall(r"^>>> (.*\n)", session, re.MULTILINE))
    shown = re.findall(r"^(?!>>>)(.+)$", session, re.MULTILINE)
    notes = ModuleType("notes")
    exec(compile(FILES["notes"], "notes.py", "exec"), notes.__dict__)  # noqa: S102 - it is what we test
    app = notes.create_app({"TOKENGUARD_KEY": secret})
    result = app.test_cli_runner().invoke(shell_command, input=typed)
    assert result.exit_code == 0
    assert all(line in result.output for line in shown)
