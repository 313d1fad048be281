"""What a guarded route adds to a bare Flask route: ours against its peers', and against the floor.

The view is the same in all apps and does not look at the claims. The floor is the least that a
strict verifier behind the least hook can cost, see `benchmarks.peers.floor`.
"""

import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, cycle
from typing import Any, NamedTuple

from flask import Flask
from joserfc.jwk import OctKey
from werkzeug.test import create_environ

from .contenders import (
    BARE,
    FLOOR,
    JWT_EXTENDED,
    OURS,
    PACKAGES,
    Contender,
    Prepare,
    Round,
    Size,
    added,
    check_that_all_verify,
    compare_added,
    contenders,
    microseconds,
    ratio_of,
    requests,
    settle,
    take_turns,
)
from .instructions import count_requests
from .peers import bare, ours
from .peers.note import PATH, SUBJECT
from .peers.signing_keys import ALGORITHMS, SigningKey
from .report import Comparison, Row, Spread, Table, run
from .stores import revocation_on


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
MUST_COOKIE, MUST_NESTED = 1.15, 1.1
BARE_HEADER, BARE_COOKIE = "bare Flask, a header", "bare Flask, cookies"
BARE_SHARED = "bare Flask, cookies, for any cache"
HEADER, COOKIE = "ours, a header", "ours, a cookie"
_POST = create_environ(PATH, method="POST")
# The others that a browser sends beside it, as long as ours.
_REFRESH, _CSRF = "r" * 400, "c" * 22
NESTED = "ours, nested"


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
    whole = ratio_of(rounds, OURS, BARE)
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
    figures = {BARE: microseconds(rounds, BARE, size.batch)} | {
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


def cookie_again(key: SigningKey, size: Size) -> Table:
    """Compare a token again in a cookie with one in a header, each beside its bare Flask.

    All are POST, which the check of requests from other sites is for. Bare Flask looks at the
    cookies once, since Werkzeug's parser costs more than ours adds. Its answers have the two
    headers that keep what a cookie let in from other browsers, and that any app has to set; a
    comparison without a bound leaves them out.
    """
    rounds = take_turns(with_and_without_cookies(key, size.batch), size.rounds)
    whole = {name: microseconds(rounds, name, size.batch) for name in (BARE_HEADER, BARE_COOKIE)}
    adds = {
        f"{name} adds": Spread.of(
            (times[name] - times[beside]) / size.batch * 1e6 for times in rounds
        )
        for name, beside in ((HEADER, BARE_HEADER), (COOKIE, BARE_COOKIE))
    }
    comparisons = [
        Comparison(
            "what one in a header adds", ratio_to(rounds, BARE_COOKIE), "ratio", MUST_COOKIE
        ),
        Comparison(
            "the same, its answer's headers with it", ratio_to(rounds, BARE_SHARED), "ratio"
        ),
    ]
    title = (
        f"The same token again in a cookie, by POST: {size.rounds} rounds of {size.batch} requests,"
        " CPU microseconds a request"
    )
    rows = [Row(f"{key.alg} cookie", whole | adds, comparisons)]
    return Table("cookie", title, "microseconds", rows)


def with_and_without_cookies(key: SigningKey, batch: int) -> dict[str, Prepare]:
    """Make requests of each kind ready."""
    (token,) = ours.tokens(key, [SUBJECT])
    guarded = ours.make_app(KEY=key.text, TOKEN_LOCATIONS=["header", "cookie"])

    def of(app: Flask, environ: Callable[[str], dict[str, Any]]) -> Prepare:
        return requests(app, cycle([token]), batch, environ=environ)

    return {
        BARE_HEADER: of(bare.make_app(), with_header),
        BARE_COOKIE: of(bare.make_app_with_cookies(is_private=True), with_cookies),
        BARE_SHARED: of(bare.make_app_with_cookies(is_private=False), with_cookies),
        HEADER: of(ours.make_app(KEY=key.text), with_header),
        COOKIE: of(guarded, with_cookies),
    }


def with_header(token: str) -> dict[str, Any]:
    """Make the environ of a POST that brings a token in a header."""
    return {**_POST, "HTTP_AUTHORIZATION": f"Bearer {token}"}


def with_cookies(token: str) -> dict[str, Any]:
    """Make the environ of a POST of the own site that brings a token in a cookie."""
    cookies = {"access": token, "refresh": _REFRESH, "csrf": _CSRF}
    header = "; ".join(f"__Host-{name}_token={value}" for name, value in cookies.items())
    return {**_POST, "HTTP_COOKIE": header, "HTTP_SEC_FETCH_SITE": "same-origin"}


def ratio_to(rounds: list[Round], bare_cookie: str) -> Spread:
    """Return what a cookie adds to such a bare request, for each that a header adds to its own."""
    return Spread.of(
        (times[COOKIE] - times[bare_cookie]) / (times[HEADER] - times[BARE_HEADER])
        for times in rounds
    )


def nested_again(key: SigningKey, size: Size) -> Table:
    """Compare a nested token again with a signed one again, both of the same claims."""
    encryption = {
        "key": OctKey.import_key(secrets.token_bytes(32)).as_dict(),
        "alg": "dir",
        "enc": "A256GCM",
    }
    signed, nested = {"KEY": key.text}, {"KEY": key.text, "ENCRYPTION": encryption}
    found = {
        BARE: Contender(bare.make_app(), ours.tokens),
        OURS: Contender(ours.make_app(**signed), ours.tokens),
    }
    candidates = {
        name: requests(one.app, cycle(one.issue(key, [SUBJECT])), size.batch)
        for name, one in found.items()
    }
    app = ours.make_app(**nested)
    with app.app_context():
        candidates[NESTED] = requests(app, cycle([ours.issue()]), size.batch)
    rounds = take_turns(candidates, size.rounds)
    figures = {BARE: microseconds(rounds, BARE, size.batch)} | {
        f"{name} adds": added(rounds, name, size.batch) for name in (OURS, NESTED)
    }
    ratio = compare_added(rounds, NESTED, OURS, form="ratio", must=MUST_NESTED)
    title = (
        f"A nested token (dir, A256GCM) again: {size.rounds} rounds of {size.batch} requests,"
        " CPU microseconds a request"
    )
    comparison = ratio._replace(against="a signed one again")
    rows = [Row(f"{key.alg} nested again", figures, [comparison])]
    return Table("nested", title, "microseconds", rows)


if __name__ == "__main__":
    main()
