"""The public doors: what the pages and the example import, and what a wheel holds."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from ..support import ROOT

IMPORT = re.compile(r"^[ \t]*((?:from|import) flask_tokenguard\b(?:.*\([^)]*\)|.*))", re.MULTILINE)
FILES = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("example_app/**/*.py")]
FILES += ROOT.glob("tests/apps/**/*.py")


def public_imports(path: Path) -> list[tuple[str, str]]:
    """List what a page or a module imports from the package: the module, and the name."""
    found = []
    for statement in IMPORT.findall(path.read_text()):
        (node,) = ast.parse(statement).body
        assert isinstance(node, ast.ImportFrom), f"{path.name}: {statement}"
        found += [(str(node.module), alias.name) for alias in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_shown_is_imported_from_a_public_door(path: Path) -> None:
    closed = [
        f"{module}.{name}"
        for module, name in public_imports(path)
        if name not in import_module(module).__all__
    ]
    assert closed == []


def test_the_pages_import_something() -> None:
    assert sum(len(public_imports(path)) for path in FILES) > 20
