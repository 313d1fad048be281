"""What the figures mean for a fleet: the arithmetic of docs/scale.md, on what was measured.

Each line is a formula with its numbers in it, so that a reader can put in others.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from flask_tokenguard.stores.base import KEPT_AFTER_EXPIRY

from .contenders import BARE, OURS
from .pairing import Spread
from .report import Table
from .request_revocation import SERVER

USERS, REQUESTS_A_SECOND, WORKERS = 1_000_000, 10_000, 50
ACCESS_LIFETIME, REFRESH_DAYS, ROTATION_DAYS = 900, 30, 30
LOGOUTS_A_DAY, _DAY = 1, 86_400
# The default of TOKENGUARD_CACHE_SIZE, and what an entry may take at most.
_CACHE_ENTRIES, _CACHE_BOUND = 1024, 640


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
    lines = [
        Line(
            "revoked tokens that a store holds, each for its lifetime and a day for clocks",
            f"{USERS:,} logouts a day * ({ACCESS_LIFETIME} + {KEPT_AFTER_EXPIRY:,}) s / {_DAY:,} s",
            f"{kept:,}",
        ),
        *(
            Line(
                f"their size in the store: {name}",
                f"{kept:,} * {size:.0f} B",
                f"{kept * size / 2**20:,.0f} MiB",
            )
            for name, size in sizes.items()
        ),
        Line(
            "most memory of remembered tokens in a worker",
            f"{_CACHE_ENTRIES:,} * {_CACHE_BOUND} B",
            f"{_CACHE_ENTRIES * _CACHE_BOUND / 1024:.0f} KiB",
        ),
    ]
    server = tables.get("revocation-server")
    if server is not None and server.rows:
        asked = server.rows[0].figures[f"{OURS} adds"].median
        without = server.rows[0].figures[f"{OURS} without a store adds"].median
        lines.append(
            Line(
                "cores of the fleet for asking the server, at most",
                f"{REQUESTS_A_SECOND:,}/s * ({asked:.0f} - {without:.0f}) µs",
                f"{REQUESTS_A_SECOND * (asked - without) / 1e6:.2f}",
            )
        )
        its_own = server.rows[0].figures[SERVER].median
        lines.append(
            Line(
                "share of the one core on which a server answers",
                f"{REQUESTS_A_SECOND:,}/s * {its_own:.1f} µs",
                f"{REQUESTS_A_SECOND * its_own / 1e4:.0f} %",
            )
        )
    return lines


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
