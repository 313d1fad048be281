"""Blocks of code on the pages: a test runs each page that has some."""

import re

import pytest

from ..support import ROOT

DOCS = ROOT / "docs"
RUN_BY = {
    "backend-for-frontend": "test_backend_for_frontend",
    "browser": "test_browser",
    "changing": "test_changing",
    "compatibility": "test_compatibility",
    "databases": "../stores/sql/test_page",
    "errors": "test_errors",
    "issuers": "test_issuers",
    "issuing": "test_quickstart",
    "keys": "test_quickstart",
    "metrics": "test_metrics",
    "migrating": "test_migrating",
    "operating": "test_operating",
    "post-quantum": "test_post_quantum",
    "quickstart": "test_quickstart",
    "sessions": "test_sessions",
    "settings": "test_written",
    "testing": "test_testing",
    "tutorial-jwcrypto": "test_tutorial_pages",
    "tutorial-pyjwt": "test_tutorial_pages",
    "views": "test_quickstart",
}


def blocks_of(name: str) -> list[str]:
    """List the blocks of a page that can be run; a checkout is installed before any test."""
    page = (DOCS / f"{name}.md").read_text()
    blocks = re.findall(r"^ *```\w*\n.*?^ *```$", page, re.MULTILINE | re.DOTALL)
    kinds = re.compile(r" *```(?:python|pycon|sh|console)\n")
    return [block for block in blocks if kinds.match(block) and "pip install" not in block]


@pytest.mark.parametrize("name", sorted(path.stem for path in DOCS.glob("*.md")))
def test_a_page_with_code_is_run(name: str) -> None:
    if blocks_of(name):
        text = (ROOT / "tests" / "docs" / f"{RUN_BY[name]}.py").read_text()
        assert re.search(rf'"(docs/)?{name.removeprefix("tutorial-")}(\.md)?"', text)
