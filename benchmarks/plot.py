"""Write what `benchmarks.all` found into the pages: tables, sums and the plot.

A page has a place for each table, between `<!-- measured: NAME -->` and `<!-- end -->`, so
that nobody types a number.
"""

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .all import RESULTS
from .drawing import draw
from .fleet import work_out
from .report import Table, as_markdown

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("speed.md", "scale.md")
PLOT = "speed.svg"
_PANELS = {
    "again": "the same token again",
    "users": "many users",
    "never-seen": "a token never seen",
}
_PLACE = re.compile(r"(<!-- measured: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Read the results, and write every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, default=DOCS)
    options = parser.parse_args()
    results = json.loads(options.results.read_text())
    tables = {table["name"]: Table.from_json(table) for table in results["tables"]}
    parts = written(results, tables)
    for name in PAGES:
        page = options.docs / name
        page.write_text(filled(page.read_text(), parts))
    plot = draw([tables[name] for name in _PANELS], list(_PANELS.values()))
    (options.docs / PLOT).write_text(plot)


def written(results: Mapping[str, Any], tables: Mapping[str, Table]) -> dict[str, str]:
    """Write every part that a page may hold, by name."""
    parts = {name: as_markdown(table) for name, table in tables.items()}
    parts.setdefault("instructions", "Not counted in this run.")
    rows = [f"| {name} | {value} |" for name, value in results["machine"].items()]
    warning = "**A short run, to show the shape; its figures are noise.**\n\n"
    parts["machine"] = "\n".join(
        [f"{warning if results['is_short'] else ''}| | |", "|---|---|", *rows]
    )
    return {**parts, "fleet": work_out(tables), "short-of": short_of(tables)}


def short_of(tables: Mapping[str, Table]) -> str:
    """List what does not hold in this run, and what holds and does not reach."""
    lines = [
        f"- {row.name}, against {comparison.against}: {cells[0]};"
        f" must hold {cells[1]}, reach for {cells[2]}: {comparison.verdict}."
        for table in tables.values()
        for row in table.rows
        for comparison in row.comparisons
        if comparison.verdict == "not held"
        for cells in (comparison.cells(),)
    ]
    return "\n".join(lines) or "Every bound was held."


def filled(page: str, parts: Mapping[str, str]) -> str:
    """Put the parts into their places.

    Raises:
        KeyError: There is a place for what was not measured.
    """
    return _PLACE.sub(lambda found: f"{found[1]}\n{parts[found[2]]}\n\n{found[3]}", page)


if __name__ == "__main__":
    main()
