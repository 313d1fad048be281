"""The tables of docs/compatibility.md and its like, whose rows the tests that ran them check.

With WIRE_PAGE=write a test writes its row, in place of one that begins alike, and the date.
"""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from ..support import ROOT

PAGE = ROOT / "docs" / "compatibility.md"


def rows_of(section: str, *, page: Path = PAGE) -> list[list[str]]:
    """Read the cells of a section's table, without its head."""
    _, lines, _ = _parts(section, page)
    return [[cell.strip() for cell in line.split(" | ")] for line in map(_bare, lines)]


def check_row(section: str, *cells: str, page: Path = PAGE) -> None:
    """Require that the page has this row.

    Args:
        section: The title above the table.
        cells: Who it is, then what the run showed.
        page: Another page.
    """
    if os.environ.get("WIRE_PAGE") == "write":
        _write(section, cells, page)
    assert list(cells) in rows_of(section, page=page)


def _write(section: str, cells: tuple[str, ...], page: Path) -> None:
    before, lines, after = _parts(section, page)
    line = f"| {' | '.join(cells)} |\n"
    start = f"| {cells[0]} | "
    kept = [line if old.startswith(start) else old for old in lines]
    text = before + "".join(kept if line in kept else [*lines, line]) + after
    today = datetime.now(UTC).date()
    page.write_text(re.sub(r"Last run on [\d-]+", f"Last run on {today}", text))


def _bare(line: str) -> str:
    return line.strip().removeprefix("| ").removesuffix(" |")


def _parts(section: str, page: Path) -> tuple[str, list[str], str]:
    """Part the page in what is before a section's rows, the rows, and what is after."""
    before, title, rest = page.read_text().partition(f"## {section}\n")
    above, rule, below = rest.partition("|---")
    assert rule, f"{page.name} has no table under {section}"
    end, _, table = below.partition("\n")
    lines = table.splitlines(keepends=True)
    count = next((at for at, row in enumerate(lines) if row[0] != "|"), len(lines))
    before += title + above + rule + end + "\n"
    return before, lines[:count], "".join(lines[count:])
