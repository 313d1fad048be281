"""An app as somebody else would build it, by what the pages name: its own suite passes."""

import re
import shutil
from pathlib import Path

import pytest

from ..docs.test_public_names import public_imports
from ..support import ROOT

pytest_plugins = ["pytester"]

LIBRARY = ROOT / "tests" / "apps" / "library"
PAGES = "".join(path.read_text() for path in (ROOT / "README.md", *ROOT.glob("docs/*.md")))


def names_in(path: Path) -> set[str]:
    """List what a module takes from the package: imports, calls of the guard, and settings."""
    text = path.read_text()
    imported = {name for _, name in public_imports(path)}
    return imported | {*re.findall(r"\bguard\.(\w+)", text), *re.findall(r"TOKENGUARD_\w+", text)}


def test_the_suite_of_the_app_passes(pytester: pytest.Pytester) -> None:
    shutil.copytree(LIBRARY, pytester.path, dirs_exist_ok=True)
    outcomes = pytester.runpytest_inprocess("--assert=plain").parseoutcomes()
    assert outcomes.keys() == {"passed"}


def test_the_app_uses_what_the_pages_name_alone() -> None:
    used = set().union(*map(names_in, LIBRARY.rglob("*.py")))
    assert {name for name in used if not re.search(rf"\b{name}\b", PAGES)} == set()
    assert {"TokenGuard", "user_loader", "TOKENGUARD_PROTECT", "token_for"} <= used
