"""What the figures mean for a fleet: the arithmetic of docs/scale.md, on what was measured.

Each line is a formula with its numbers in it, so that a reader can put in others.
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flask_tokenguard.stores.base import KEPT_AFTER_EXPIRY

from .contenders import BARE, OURS
from .pairing import Spread
from .report import Table
from .request_revocation import WITHOUT

USERS, REQUESTS_A_SECOND, WORKERS = 1_000_000, 10_000, 50
# Of TOKENGUARD_REVOCATION_DELAY, in seconds.
DELAY = 1
ACCESS_LIFETIME, REFRESH_DAYS, ROTATION_DAYS = 900, 30, 30
LOGOUTS_A_DAY, _DAY = 1, 86_400
# The default of TOKENGUARD_CACHE_SIZE, and what an entry may take at most.
_CACHE_ENTRIES, _CACHE_BOUND = 1024, 640
_THREADS = 4
# What a server needs for a request by itself, as fleet_processes counts it.
OWN_TIME = "the server's own time for a request, in µs"


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


def requests_that_ask(users: int, rate: float, delay: float) -> float:
    """Return the share of requests that ask a store, of users by Zipf's law.

    After it asked about a token, a worker knows the answer for the delay. Of a user who sends so
    many requests a second to it, one in `1 + requests * delay` asks.

    Args:
        users: How many there are.
        rate: Requests a second of one worker.
        delay: For how long an answer is good, in seconds.
    """
    whole = math.fsum(1 / rank for rank in range(1, users + 1))
    shares = (1 / rank / whole for rank in range(1, users + 1))
    return math.fsum(share / (1 + rate * share * delay) for share in shares)


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
