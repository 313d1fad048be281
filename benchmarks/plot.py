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
from .contenders import JWT_EXTENDED, OURS
from .drawing import draw
from .fleet import work_out
from .report import Row, Table, as_markdown

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/speed.md", "docs/speed-tables.md", "docs/scale.md")
PLOT = "docs/speed.svg"
# The rows of the page that is read first: a table, its row, and what the row shows.
_SUMMARY = (
    ("again", "HS256 again", "HS256, the same token again"),
    ("again", "RS256 again", "RS256, the same token again"),
    ("again", "ES256 again", "ES256, the same token again"),
    ("again", "EdDSA again", "EdDSA, the same token again"),
    ("users", "RS256 users", "RS256, the tokens of 1,000 users"),
    ("never-seen", "RS256 never seen", "RS256, a token never seen"),
    ("revocation-sqlite", "RS256 SQLite", "RS256, revocation in SQLite; theirs without any"),
    ("issuing", "RS256", "RS256, issuing"),
)
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
    parser.add_argument("--root", type=Path, default=ROOT)
    options = parser.parse_args()
    results = json.loads(options.results.read_text())
    tables = {table["name"]: Table.from_json(table) for table in results["tables"]}
    parts = written(results, tables)
    for name in PAGES:
        page = options.root / name
        page.write_text(filled(page.read_text(), parts))
    plot = draw([tables[name] for name in _PANELS], list(_PANELS.values()))
    (options.root / PLOT).write_text(plot)


def written(results: Mapping[str, Any], tables: Mapping[str, Table]) -> dict[str, str]:
    """Write every part that a page may hold, by name."""
    parts = {name: as_markdown(table) for name, table in tables.items()}
    parts.setdefault("instructions", "Not counted in this run.")
    rows = [f"| {name} | {value} |" for name, value in results["machine"].items()]
    warning = "**A short run, to show the shape; its figures are noise.**\n\n"
    parts["machine"] = "\n".join(
        [f"{warning if results['is_short'] else ''}| | |", "|---|---|", *rows]
    )
    return {
        **parts,
        "fleet": work_out(tables),
        "short-of": short_of(tables),
        "summary": summary(tables),
        "headline": headline(tables),
    }


def summary(tables: Mapping[str, Table]) -> str:
    """Write the few rows that matter most, beside flask-jwt-extended."""
    lines = ["| | ours | flask-jwt-extended | ours to theirs |", "|---|---:|---:|---:|"]
    for name, row_name, shown in _SUMMARY:
        row = _row(tables[name], row_name)
        unit = "{:,.0f} a second" if tables[name].form == "rate" else "adds {:.0f} \u00b5s"
        ours, theirs = (unit.format(_median(row, contender)) for contender in (OURS, JWT_EXTENDED))
        lines.append(f"| {shown} | {ours} | {theirs} | {row.comparisons[0].cells()[0]} |")
    return "\n".join(lines)


def headline(tables: Mapping[str, Table]) -> str:
    """Write three lines for those who read no table."""
    again, never = (
        _row(tables[name], f"RS256 {name.replace('-', ' ')}") for name in ("again", "never-seen")
    )
    issued = _row(tables["issuing"], "RS256").comparisons[0].spread.median
    costs = [
        f"adds {_median(row, OURS):.0f} \u00b5s of CPU to a request;"
        f" flask-jwt-extended adds {_median(row, JWT_EXTENDED):.0f}"
        for row in (again, never)
    ]
    return (
        f"- A token that comes again (RS256) {costs[0]}.\n"
        f"- A token never seen {costs[1]}.\n"
        f"- Issuing one is {issued:.0f} times as fast, since the key is parsed once."
    )


def _row(table: Table, name: str) -> Row:
    return next(row for row in table.rows if row.name == name)


def _median(row: Row, contender: str) -> float:
    """Return a contender's own figure, or what it adds to a request."""
    figures = row.figures
    return (figures.get(contender) or figures[f"{contender} adds"]).median


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
