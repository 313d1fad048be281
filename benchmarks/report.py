"""What a benchmark found: tables of figures, each held against what it must keep and reach for.

They are written for a terminal, for a file and for a page, which has a plot of some too.
"""

import argparse
import json
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple, TypeVar


def as_fraction(ratio: float) -> str:
    """Write a ratio below one as `1/6.3`."""
    return f"1/{1 / ratio:.1f}" if ratio > 0 else "noise"


_FORMS: dict[str, Callable[[float], str]] = {
    "microseconds": "{:.1f}".format,
    "rate": "{:,.0f}".format,
    "milliseconds": "{:.0f}".format,
    "MiB": "{:.1f} MiB".format,
    "bytes": "{:,.0f} B".format,
    "instructions": "{:,.0f}".format,
    "fraction": as_fraction,
    "ratio": "{:.2f}".format,
    "times": "{:.3g} times".format,
}

_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2937 }
.head { font-weight: 600; font-size: 13px } .value { font-size: 10px }
.ground { fill: #ffffff } .axis { stroke: #9ca3af } .spread { stroke: #111827; stroke-opacity: .6 }
.floor { fill: #9ca3af } .ours { fill: #2563eb } .a { fill: #d97706 } .b { fill: #0d9488 }
.c { fill: #be185d }
@media (prefers-color-scheme: dark) {
  text { fill: #e5e7eb } .ground { fill: #111827 } .axis { stroke: #6b7280 }
  .spread { stroke: #f9fafb } .floor { fill: #6b7280 } .ours { fill: #60a5fa } .a { fill: #f59e0b }
  .b { fill: #2dd4bf } .c { fill: #f472b6 }
}
"""
_LEFT, _TOP, _PANEL, _GAP, _LONGEST = 64, 96, 250, 44, 210
_BAR, _BETWEEN = 13, 16
Load = TypeVar("Load")


class Spread(NamedTuple):
    """The median of some values between their quartiles."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Find the quartiles of at least two values."""
        low, median, high = quantiles(values, n=4, method="inclusive")
        return cls(low, median, high)

    @classmethod
    def exactly(cls, value: float) -> "Spread":
        """Write a figure that does not spread."""
        return cls(value, value, value)

    def show(self, form: Callable[[float], str]) -> str:
        """Write the median, then the quartiles in brackets."""
        return f"{form(self.median)} [{form(self.low)}, {form(self.high)}]"


class Comparison(NamedTuple):
    """A figure against another.

    Attributes:
        against: What it is compared with.
        spread: Of the ratio or difference, taken in each round.
        form: How it is written.
        must: What it must hold, or None.
        reach: What to reach for, or None.
        is_more_better: Whether the two are lower bounds.
    """

    against: str
    spread: Spread
    form: str
    must: float | None = None
    reach: float | None = None
    is_more_better: bool = False

    @property
    def verdict(self) -> str:
        """Return how the median stands; that of a few rounds means nothing."""
        if self.must is None and self.reach is None:
            return ""
        if self._keeps(self.reach):
            return "reached"
        return "held" if self._keeps(self.must) else "not held"

    def _keeps(self, bound: float | None) -> bool:
        if bound is None:
            return False
        median = self.spread.median
        return median >= bound if self.is_more_better else median <= bound

    def cells(self) -> tuple[str, str, str, str]:
        """Write the ratio, the two bounds and the verdict."""
        form = _FORMS[self.form]
        bounds = ("-" if bound is None else form(bound) for bound in (self.must, self.reach))
        return (self.spread.show(form), *bounds, self.verdict)  # type: ignore[return-value] # two bounds


class Row(NamedTuple):
    """One line: what each contender needs, and what follows."""

    name: str
    figures: Mapping[str, Spread]
    comparisons: Sequence[Comparison] = ()


class Table(NamedTuple):
    """Rows that belong together.

    Attributes:
        name: What it is called in the results and in the marks of the pages.
        title: What is measured, how often.
        form: How its figures are written.
        rows: The lines.
        notes: What could not be measured, a sentence each.
    """

    name: str
    title: str
    form: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()

    def figure_lines(self) -> list[list[str]]:
        """Write the figures, the first line with their names."""
        names = list(dict.fromkeys(name for row in self.rows for name in row.figures))
        form = _FORMS[self.form]
        lines = [["", *names]]
        for row in self.rows:
            found = (row.figures.get(name) for name in names)
            lines.append([row.name, *("-" if one is None else one.show(form) for one in found)])
        return lines

    def comparison_lines(self) -> list[list[str]]:
        """Write the comparisons, the first line with what the columns mean."""
        lines = [["", "against", "median [quartiles]", "must hold", "reach for", ""]]
        lines += [
            [row.name, comparison.against, *comparison.cells()]
            for row in self.rows
            for comparison in row.comparisons
        ]
        return lines

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> "Table":
        """Read what `to_json` wrote."""
        rows = [
            Row(
                row["name"],
                {name: Spread(*spread) for name, spread in row["figures"].items()},
                [
                    Comparison(**{**one, "spread": Spread(*one["spread"])})
                    for one in row["comparisons"]
                ],
            )
            for row in table["rows"]
        ]
        return cls(table["name"], table["title"], table["form"], rows, table["notes"])

    def to_json(self) -> dict[str, Any]:
        """Write the table as JSON holds it; a spread is its lower quartile, median and upper."""
        rows = [
            {**row._asdict(), "comparisons": [one._asdict() for one in row.comparisons]}
            for row in self.rows
        ]
        return {**self._asdict(), "rows": rows}


def run(
    doc: str | None,
    measure: Callable[[Load], Iterator[Table]],
    *,
    full: Load,
    short: Load,
    packages: Iterable[str] = (),
    option: tuple[str, str, Callable[[Load], Iterator[Table]]] | None = None,
) -> None:
    """Read the command line, measure, and print or write what was found.

    Args:
        doc: What the benchmark does.
        measure: Makes the tables, one after the other.
        full: How much is measured.
        short: How much is measured under `--short`.
        packages: Whose versions matter.
        option: A flag, what it does, and what measures in its place.
    """
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--short", action="store_true", help="only show that it runs; too noisy")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables there too")
    if option is not None:
        parser.add_argument(option[0], action="store_true", help=option[1], dest="option")
    options = parser.parse_args()
    if option is not None and options.option:
        measure = option[2]
    print(environment("Flask", *packages))
    print("A figure is the median over the rounds [quartiles]; a ratio is taken in each round.")
    tables = []
    for table in measure(short if options.short else full):
        tables.append(table)
        print(as_text(table), flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps([table.to_json() for table in tables]))


def environment(*packages: str) -> str:
    """Return on what a run was made."""
    return ", ".join(
        [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    )


def as_text(table: Table) -> str:
    """Write a table for a terminal."""
    blocks = [f"\n{table.name}: {table.title}"]
    if table.rows:
        blocks.append(aligned(table.figure_lines()))
    comparisons = table.comparison_lines()
    if len(comparisons) > 1:
        blocks.append(aligned(comparisons))
    return "\n".join([*blocks, *table.notes])


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Write lines with their cells below one another."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_markdown(table: Table) -> str:
    """Write a table for a page."""
    parts = [_markdown_table(table.figure_lines())] if table.rows else []
    comparisons = table.comparison_lines()
    if len(comparisons) > 1:
        parts.append(_markdown_table(comparisons))
    return "\n\n".join([f"{table.title}.", *parts, *table.notes])


def _markdown_table(lines: Sequence[Sequence[str]]) -> str:
    head, *rest = lines
    rule = ["---", *["---:" for _ in head[1:]]]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rest))


class Plot(NamedTuple):
    """What contenders add to a bare request, as SVG by hand: bars beside bars.

    It has a ground of its own in either theme, since a page may be light where the reader's system
    is dark.

    Attributes:
        bars: For each contender its name in the legend, and its class in the style.
    """

    bars: Mapping[str, tuple[str, str]]

    def draw(self, tables: Sequence[Table], titles: Sequence[str]) -> str:
        """Draw a panel for each table, one group of bars a row, all on one scale."""
        height = max(self._height(table) for table in tables)
        width = _LEFT + len(tables) * (_PANEL + _GAP)
        most = max(
            spread.median
            for table in tables
            for row in table.rows
            for _, spread in self._row_bars(row)
        )
        body = [f'<rect class="ground" width="{width}" height="{height}" rx="6"/>']
        body += [
            _text(16, 26, "CPU microseconds added to a bare Flask request", "head"),
            *self._legend(),
        ]
        for number, (table, title) in enumerate(zip(tables, titles, strict=True)):
            left = _LEFT + number * (_PANEL + _GAP)
            body += self._panel(table, title, left=left, scale=_LONGEST / most)
        label = "What guarding a route adds to a request, by library and algorithm"
        return "\n".join(
            [
                (
                    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
                    f' role="img" aria-label="{label}" width="{width}" height="{height}">'
                ),
                f"<title>{label}</title>",
                f"<style>{_STYLE}</style>",
                *body,
                "</svg>\n",
            ]
        )

    def _legend(self) -> Iterator[str]:
        left = 16.0
        for words, kind in self.bars.values():
            yield f'<rect class="{kind}" x="{left:.0f}" y="41" width="12" height="12"/>'
            yield _text(left + 18, 51, words)
            left += 46 + 6.4 * len(words)

    def _panel(self, table: Table, title: str, *, left: int, scale: float) -> Iterator[str]:
        yield _text(left, _TOP - 16, title, "head")
        top = float(_TOP)
        for row in table.rows:
            if left == _LEFT:
                yield _text(12, top + 24, row.name.split()[0])
            bottom = top
            for name, spread in self._row_bars(row):
                yield from self._one_bar(name, spread, left=left, top=bottom, scale=scale)
                bottom += _BAR
            ends = f'y1="{top - 3:.0f}" y2="{bottom:.0f}"'
            yield f'<line class="axis" x1="{left}" x2="{left}" {ends}/>'
            top += len(self.bars) * _BAR + _BETWEEN

    def _one_bar(
        self, name: str, spread: Spread, *, left: int, top: float, scale: float
    ) -> Iterator[str]:
        # A spread that runs out of its panel, as in a short run, ends at its edge.
        low, median, high = (min(max(value * scale, 0), _PANEL) for value in spread)
        middle = top + (_BAR - 2) / 2
        yield (
            f'<rect class="{self.bars[name][1]}" x="{left}" y="{top:.0f}" width="{median:.1f}"'
            f' height="{_BAR - 2}"/>'
        )
        yield (
            f'<line class="spread" x1="{left + low:.1f}" x2="{left + high:.1f}"'
            f' y1="{middle:.1f}" y2="{middle:.1f}"/>'
        )
        yield _text(left + high + 5, top + 9, f"{spread.median:.0f}", "value")

    def _row_bars(self, row: Row) -> Iterator[tuple[str, Spread]]:
        for name in self.bars:
            spread = row.figures.get(f"{name} adds")
            if spread is not None:
                yield name, spread

    def _height(self, table: Table) -> int:
        return _TOP + len(table.rows) * (len(self.bars) * _BAR + _BETWEEN)


def _text(left: float, top: float, words: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{left:.0f}" y="{top:.0f}">{escape(words)}</text>'
