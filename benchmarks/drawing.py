"""The plot of docs/speed.md, as SVG by hand: what each adds to a bare request, bars beside bars.

It has a ground of its own in either theme, since a page may be light where the reader's system is
dark.
"""

from collections.abc import Iterator, Sequence
from html import escape

from .contenders import AUTHLIB, FLOOR, HTTPAUTH, JWT_EXTENDED, OURS
from .pairing import Spread
from .report import Row, Table

_NAMES = {
    FLOOR: "floor: the least it can cost",
    OURS: "flask-tokenguard",
    HTTPAUTH: "Flask-HTTPAuth with PyJWT",
    AUTHLIB: "Authlib",
    JWT_EXTENDED: "flask-jwt-extended",
}
_CLASSES = {FLOOR: "floor", OURS: "ours", HTTPAUTH: "a", AUTHLIB: "b", JWT_EXTENDED: "c"}
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


def draw(tables: Sequence[Table], titles: Sequence[str]) -> str:
    """Draw a panel for each table, one group of bars a row, all on one scale."""
    height = max(_height(table) for table in tables)
    width = _LEFT + len(tables) * (_PANEL + _GAP)
    most = max(
        spread.median for table in tables for row in table.rows for _, spread in _row_bars(row)
    )
    body = [f'<rect class="ground" width="{width}" height="{height}" rx="6"/>']
    body += [_text(16, 26, "CPU microseconds added to a bare Flask request", "head"), *_legend()]
    for number, (table, title) in enumerate(zip(tables, titles, strict=True)):
        left = _LEFT + number * (_PANEL + _GAP)
        body += _panel(table, title, left=left, scale=_LONGEST / most)
    label = "What guarding a route adds to a request, by library and algorithm"
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
                f' aria-label="{label}" width="{width}" height="{height}">'
            ),
            f"<title>{label}</title>",
            f"<style>{_STYLE}</style>",
            *body,
            "</svg>\n",
        ]
    )


def _legend() -> Iterator[str]:
    left = 16.0
    for name, words in _NAMES.items():
        yield f'<rect class="{_CLASSES[name]}" x="{left:.0f}" y="41" width="12" height="12"/>'
        yield _text(left + 18, 51, words)
        left += 46 + 6.4 * len(words)


def _panel(table: Table, title: str, *, left: int, scale: float) -> Iterator[str]:
    yield _text(left, _TOP - 16, title, "head")
    top = float(_TOP)
    for row in table.rows:
        if left == _LEFT:
            yield _text(12, top + 24, row.name.split()[0])
        bottom = top
        for name, spread in _row_bars(row):
            yield from _one_bar(name, spread, left=left, top=bottom, scale=scale)
            bottom += _BAR
        yield f'<line class="axis" x1="{left}" x2="{left}" y1="{top - 3:.0f}" y2="{bottom:.0f}"/>'
        top += len(_NAMES) * _BAR + _BETWEEN


def _one_bar(name: str, spread: Spread, *, left: int, top: float, scale: float) -> Iterator[str]:
    # A spread that runs out of its panel, as in a short run, ends at its edge.
    low, median, high = (min(max(value * scale, 0), _PANEL) for value in spread)
    middle = top + (_BAR - 2) / 2
    yield (
        f'<rect class="{_CLASSES[name]}" x="{left}" y="{top:.0f}" width="{median:.1f}"'
        f' height="{_BAR - 2}"/>'
    )
    yield (
        f'<line class="spread" x1="{left + low:.1f}" x2="{left + high:.1f}"'
        f' y1="{middle:.1f}" y2="{middle:.1f}"/>'
    )
    yield _text(left + high + 5, top + 9, f"{spread.median:.0f}", "value")


def _row_bars(row: Row) -> Iterator[tuple[str, Spread]]:
    for name in _NAMES:
        spread = row.figures.get(f"{name} adds")
        if spread is not None:
            yield name, spread


def _height(table: Table) -> int:
    return _TOP + len(table.rows) * (len(_NAMES) * _BAR + _BETWEEN)


def _text(left: float, top: float, words: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{left:.0f}" y="{top:.0f}">{escape(words)}</text>'
