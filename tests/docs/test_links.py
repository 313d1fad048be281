"""Links between the pages: each leads to a file, and to a heading where it names one."""

import re
from pathlib import Path

import pytest

from ..support import ROOT

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")


def without_code(page: str) -> str:
    """Take a page's blocks of code out."""
    return re.sub(r"^( *)```.*?^\1```$", "", page, flags=re.DOTALL | re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """List the anchors of a page's headings, as GitHub and MyST make them."""
    titles = re.findall(r"^#{1,4} (.+)$", without_code(path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def broken_links(path: Path) -> list[str]:
    """List the links of a page that lead nowhere."""
    found = []
    for name, anchor in LINK.findall(without_code(path.read_text())):
        target = path.parent / name if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(f"{name}#{anchor}")
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    assert broken_links(path) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# A `b`\n[good](#a-b) [bad](#c) [none](b.md) [web](https://a.example/#b)\n")
    assert broken_links(page) == ["#c", "b.md#"]


def test_every_page_stands_in_the_table_of_contents() -> None:
    listed = re.findall(r"^([a-z0-9-]+)$", (ROOT / "docs" / "index.md").read_text(), re.MULTILINE)
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    assert set(listed) == pages
