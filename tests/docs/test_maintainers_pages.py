"""The pages for those who maintain it: every path on them exists."""

import re

import pytest

from ..support import ROOT, needs_source

pytestmark = needs_source

PAGES = ("CONTRIBUTING.md", "docs/architecture.md", "findings/README.md", "docs/review.md")
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w.-]+\.(?:py|md|cfg))`")
# Pages name the package's own files from its folder on.
BASES = (ROOT, ROOT / "flask_tokenguard")


def paths_on(page: str) -> list[str]:
    """List the paths that a page names."""
    return PATH.findall((ROOT / page).read_text())


@pytest.mark.parametrize("page", PAGES)
def test_every_path_on_a_page_exists(page: str) -> None:
    missing = [path for path in paths_on(page) if not any((base / path).exists() for base in BASES)]
    assert missing == []


def test_the_pages_name_every_room() -> None:
    rooms = {
        path.name
        for path in (ROOT / "flask_tokenguard").iterdir()
        if (path / "__init__.py").exists()
    }
    named = {path.split("/")[1] for path in paths_on("docs/architecture.md") if "/" in path}
    assert rooms <= named
