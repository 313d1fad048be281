"""Write what `benchmarks.all` found into the pages: tables, sums and the plot.

A page has a place for each table, between `<!-- measured: NAME -->` and `<!-- end -->`, so
that nobody types a number. The sums of docs/scale.md are each a formula with its numbers in it, so
that a reader can put in others.
"""

import argparse
import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from flask_tokenguard.stores.base import KEPT_AFTER_EXPIRY

from .all import RESULTS
from .contenders import AUTHLIB, BARE, FLOOR, HTTPAUTH, JWT_EXTENDED, OURS
from .fleet import DELAY, OWN_TIME, REQUESTS_A_SECOND, USERS, WORKERS, requests_that_ask
from .report import Plot, Row, Spread, Table, as_markdown
from .stores import WITHOUT

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
ACCESS_LIFETIME, REFRESH_DAYS, ROTATION_DAYS = 900, 30, 30
LOGOUTS_A_DAY, _DAY = 1, 86_400
# The default of TOKENGUARD_CACHE_SIZE, and what an entry may take at most.
_CACHE_ENTRIES, _CACHE_BOUND = 1024, 640
_THREADS = 4
# The bars of the plot: how each is called there, and its class in the style.
_BARS = {
    FLOOR: ("floor: the least it can cost", "floor"),
    OURS: ("flask-tokenguard", "ours"),
    HTTPAUTH: ("Flask-HTTPAuth with PyJWT", "a"),
    AUTHLIB: ("Authlib", "b"),
    JWT_EXTENDED: ("flask-jwt-extended", "c"),
}


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
    plot = Plot(_BARS).draw([tables[name] for name in _PANELS], list(_PANELS.values()))
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


class Line(NamedTuple):
    """A question, how it is worked out, and the answer."""

    question: str
    formula: str
    answer: str


def work_out(tables: Mapping[str, Table]) -> str:
    """Write the lines as a Markdown table."""
    lines = [
        *_processors(tables),
        *_store(tables),
        *_asking(tables),
        *_connections(),
        *_rotation(tables),
    ]
    head = "| question | formula | answer |\n|---|---|---:|"
    rows = (f"| {line.question} | `{line.formula}` | {line.answer} |" for line in lines)
    return "\n".join([head, *rows])


def _processors(tables: Mapping[str, Table]) -> list[Line]:
    each = REQUESTS_A_SECOND / WORKERS
    lines = [
        Line(
            "requests a second of one worker",
            f"{REQUESTS_A_SECOND:,} / {WORKERS}",
            f"{each:.0f}",
        )
    ]
    for name, alg in (("again", "RS256 again"), ("never-seen", "RS256 never seen")):
        bare, own = _figure(tables, name, alg, BARE), _figure(tables, name, alg, f"{OURS} adds")
        lines.append(
            Line(
                f"share of a worker's core for the guard, {alg}",
                f"{each:.0f}/s * {own:.0f} µs",
                f"{each * own / 1e4:.1f} %",
            )
        )
        lines.append(
            Line(
                f"cores of the whole fleet for guard and bare Flask, {alg}",
                f"{REQUESTS_A_SECOND:,}/s * ({own:.0f} + {bare:.0f}) µs",
                f"{REQUESTS_A_SECOND * (own + bare) / 1e6:.2f}",
            )
        )
    return lines


def _store(tables: Mapping[str, Table]) -> list[Line]:
    kept = USERS * LOGOUTS_A_DAY * (ACCESS_LIFETIME + KEPT_AFTER_EXPIRY) // _DAY
    sizes = {row.name: row.figures["bytes"].median for row in tables["store-size"].rows}
    return [
        Line(
            "revoked tokens that a store holds, each for its lifetime and a day for clocks",
            f"{USERS:,} logouts a day * ({ACCESS_LIFETIME} + {KEPT_AFTER_EXPIRY:,}) s / {_DAY:,} s",
            f"{kept:,}",
        ),
        *(_size(f"their size in the store: {name}", kept, size) for name, size in sizes.items()),
        *(
            _size(f"and a session of each user: {row.name}", USERS, size)
            for row in tables["many-size"].rows
            if row.name.endswith("sessions")
            for size in (row.figures["whole"].median * 2**20 / USERS,)
        ),
        Line(
            "most memory of remembered tokens in a worker",
            f"{_CACHE_ENTRIES:,} * {_CACHE_BOUND} B",
            f"{_CACHE_ENTRIES * _CACHE_BOUND / 1024:.0f} KiB",
        ),
    ]


def _size(question: str, count: int, each: float) -> Line:
    return Line(question, f"{count:,} * {each:.0f} B", f"{count * each / 2**20:,.0f} MiB")


def _asking(tables: Mapping[str, Table]) -> Iterator[Line]:
    """Work out what it takes to ask a server at every request, and with a delay."""
    each = REQUESTS_A_SECOND / WORKERS
    share = requests_that_ask(USERS, each, DELAY)
    yield Line(
        f"requests that ask with a delay of {DELAY} s, users by Zipf's law",
        f"sum over users of p / (1 + {each:.0f}/s * p * {DELAY} s)",
        f"{share * 100:.0f} %",
    )
    for row in tables["fleet-processes"].rows:
        server, _, delay = row.name.partition(", ")
        if delay != "delay 0 s":
            continue
        name = f"RS256 {server}"
        asked = _figure(tables, "revocation-server", name, f"{OURS} adds")
        without = _figure(tables, "revocation-server", name, f"{WITHOUT} adds")
        cores = REQUESTS_A_SECOND * (asked - without) / 1e6
        yield Line(
            f"cores of the fleet for asking {server} at every request",
            f"{REQUESTS_A_SECOND:,}/s * ({asked:.0f} - {without:.0f}) µs",
            f"{cores:.2f}",
        )
        yield Line(
            f"the same with a delay of {DELAY} s",
            f"{cores:.2f} * {share * 100:.0f} %",
            f"{cores * share:.2f}",
        )
        (own,) = (one.spread.median for one in row.comparisons if one.against == OWN_TIME)
        yield Line(
            f"cores of the {server} itself, asked at every request",
            f"{REQUESTS_A_SECOND:,}/s * {own:.1f} µs",
            f"{REQUESTS_A_SECOND * own / 1e6:.2f}",
        )


def _connections() -> Iterator[Line]:
    yield Line(
        f"connections to the server, of workers with {_THREADS} threads",
        f"{WORKERS} workers * {_THREADS}",
        f"{WORKERS * _THREADS}",
    )
    yield Line(
        "refreshes a second, where every user's access token is renewed in its lifetime",
        f"{USERS:,} / {ACCESS_LIFETIME} s",
        f"{USERS / ACCESS_LIFETIME:,.0f}",
    )


def _rotation(tables: Mapping[str, Table]) -> list[Line]:
    again = _figure(tables, "again", "RS256 again", f"{OURS} adds")
    unseen = _figure(tables, "never-seen", "RS256 never seen", f"{OURS} adds")
    signed = _figure(tables, "issuing", "RS256", OURS)
    logins = USERS / ACCESS_LIFETIME
    active = _CACHE_ENTRIES * WORKERS
    return [
        Line(
            "cores to renew every user's access token in its lifetime",
            f"{USERS:,} / {ACCESS_LIFETIME} s / {signed:,.0f} tokens a second of a core",
            f"{logins / signed:.2f}",
        ),
        Line(
            "what it costs to verify all remembered tokens anew, after a restart of all workers",
            f"{_CACHE_ENTRIES:,} tokens * {WORKERS} workers * ({unseen:.0f} - {again:.0f}) µs",
            f"{active * max(unseen - again, 0) / 1e6:.2f} s of CPU",
        ),
        Line(
            "keys at the same time: one signs, one is next, some still verify",
            f"2 + {REFRESH_DAYS} days of a refresh token / {ROTATION_DAYS} days, rounded up",
            f"{2 + math.ceil(REFRESH_DAYS / ROTATION_DAYS)}",
        ),
    ]


def _figure(tables: Mapping[str, Table], table: str, row: str, name: str) -> float:
    (found,) = (one for one in tables[table].rows if one.name == row)
    spread: Spread = found.figures[name]
    return spread.median


if __name__ == "__main__":
    main()
