"""What a guarded route adds to a bare Flask route: ours against its peers', and against the floor.

The view is the same in all apps and does not look at the claims. The floor is the least that a
strict verifier behind the least hook can cost, see `benchmarks.floor_verifier`.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import accumulate, cycle
from typing import NamedTuple

from .contenders import (
    BARE,
    FLOOR,
    JWT_EXTENDED,
    OURS,
    PACKAGES,
    Contender,
    added,
    check_that_all_verify,
    compare_added,
    contenders,
)
from .instructions import count_requests
from .pairing import Round, Size, Spread, settle, take_turns
from .peers.note import SUBJECT
from .report import Comparison, Row, Table, run
from .request_cookie import cookie_again
from .request_nested import nested_again
from .request_revocation import revocation_on
from .serving import requests
from .signing_keys import ALGORITHMS, SigningKey


class Load(NamedTuple):
    """How much is measured.

    Attributes:
        fresh: Of tokens of which none comes twice; some peers take long to issue them.
        again: Of tokens that come again: so many requests that each of the users asks thirty times,
            and the first time of a token counts as it does in a service.
        users: How many users there are.
        revoked: How many ids were revoked.
    """

    fresh: Size
    again: Size
    users: int
    revoked: int


FULL = Load(Size(60, 50), Size(60, 500), users=1000, revoked=100_000)
SHORT = Load(Size(3, 10), Size(3, 20), users=20, revoked=1000)
# Against flask-jwt-extended: what must hold, and what to reach for.
AGAIN = {
    "HS256": (1 / 14, 1 / 20),
    "RS256": (1 / 17, 1 / 25),
    "ES256": (1 / 17, 1 / 22),
    "EdDSA": (1 / 15, 1 / 20),
}
MANY_USERS = dict.fromkeys(ALGORITHMS, (1 / 10, 1 / 15))
NEVER_SEEN = {
    "HS256": (1 / 6, 1 / 8),
    "RS256": (1 / 4.5, 1 / 6),
    "ES256": (1 / 3, 1 / 3.6),
    "EdDSA": (1 / 2.5, 1 / 2.8),
}
FLOOR_BOUNDS = (1.5, 1.2)
WHOLE_BOUNDS = (1.30, 1.20)


def main() -> None:
    """Print a table for each kind of token, with a row for each algorithm."""
    run(
        __doc__,
        measure,
        full=FULL,
        short=SHORT,
        packages=PACKAGES,
        option=("--instructions", "count instructions with valgrind instead", count_requests),
    )


def measure(load: Load) -> Iterator[Table]:
    """Measure all there is."""
    settle()
    keys = {alg: SigningKey.generate(alg) for alg in ALGORITHMS}
    for key in keys.values():
        check_that_all_verify(contenders(key), key)
    yield table(
        "again",
        "The same token again",
        [again(key, load.again) for key in keys.values()],
        load.again,
    )
    title = f"The tokens of {load.users:,} users, chosen by Zipf's law"
    rows = [many_users(key, load) for key in keys.values()]
    yield table("users", title, rows, load.again)
    rows = [never_seen(key, load.fresh) for key in keys.values()]
    yield table("never-seen", "Each token for the first time", rows, load.fresh)
    yield cookie_again(keys["HS256"], load.again)
    yield nested_again(keys["HS256"], load.again)
    yield from revocation_on((keys["HS256"], keys["RS256"]), load.again, load.revoked)


def table(name: str, title: str, rows: Sequence[Row], size: Size) -> Table:
    """Make a table of requests."""
    how = f"{size.rounds} rounds of {size.batch} requests, CPU microseconds a request"
    return Table(name, f"{title}: {how}", "microseconds", rows)


def again(key: SigningKey, size: Size) -> Row:
    """Bring the same token in every request."""
    rounds = compare(key, size, [SUBJECT], range(1))
    whole = Spread.of(times[OURS] / times[BARE] for times in rounds)
    return row(
        f"{key.alg} again",
        rounds,
        size,
        AGAIN[key.alg],
        Comparison("bare Flask's whole request", whole, "ratio", *WHOLE_BOUNDS),
    )


def many_users(key: SigningKey, load: Load) -> Row:
    """Let some users ask far more often than others: the nth one 1/n as often as the first."""
    shares = list(accumulate(1 / rank for rank in range(1, load.users + 1)))
    size = load.again
    count = (size.rounds + 1) * size.batch
    draws = random.Random(1).choices(range(load.users), cum_weights=shares, k=count)  # noqa: S311 - users, not secrets
    subjects = [f"user-{number}" for number in range(load.users)]
    rounds = compare(key, size, subjects, draws)
    return row(f"{key.alg} users", rounds, size, MANY_USERS[key.alg])


def never_seen(key: SigningKey, size: Size) -> Row:
    """Bring a token in every request that none has brought before."""
    count = (size.rounds + 1) * size.batch
    rounds = compare(key, size, [SUBJECT] * count, range(count))
    return row(f"{key.alg} never seen", rounds, size, NEVER_SEEN[key.alg])


def compare(
    key: SigningKey, size: Size, subjects: Sequence[str], draws: Sequence[int]
) -> list[Round]:
    """Time requests to all apps.

    Args:
        key: What signs and verifies.
        size: How much.
        subjects: Whose tokens there are.
        draws: Which token each request brings, over and over.
    """
    found = contenders(key)
    # Several take the same tokens, which are issued only once.
    issued = {issue: issue(key, subjects) for issue in {one.issue for one in found.values()}}

    def drawn(contender: Contender) -> Iterator[str]:
        tokens = issued[contender.issue]
        return (tokens[number] for number in cycle(draws))

    return take_turns(
        {name: requests(one.app, drawn(one), size.batch) for name, one in found.items()},
        size.rounds,
    )


def row(
    name: str,
    rounds: list[Round],
    size: Size,
    bounds: tuple[float, float],
    *others: Comparison,
) -> Row:
    """Write what each contender adds to a bare request, and hold it against the bounds."""
    peers = [peer for peer in rounds[0] if peer not in (BARE, OURS)]
    bare = Spread.of(times[BARE] / size.batch * 1e6 for times in rounds)
    figures = {BARE: bare} | {
        f"{peer} adds": added(rounds, peer, size.batch) for peer in (OURS, *peers)
    }
    comparisons = [
        compare_added(rounds, OURS, JWT_EXTENDED, must=bounds[0], reach=bounds[1]),
        *(compare_added(rounds, OURS, peer) for peer in peers if peer not in (JWT_EXTENDED, FLOOR)),
        compare_added(
            rounds, OURS, FLOOR, form="ratio", must=FLOOR_BOUNDS[0], reach=FLOOR_BOUNDS[1]
        ),
        *others,
    ]
    return Row(name, figures, comparisons)


if __name__ == "__main__":
    main()
