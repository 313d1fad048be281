"""What a token costs that comes in a cookie, with the check of requests from other sites.

All are POST, which the check is for. Bare Flask looks at the cookies once, since Werkzeug's parser
costs more than ours adds. Its answers have the two headers that keep what a cookie let in from
other browsers, and that any app has to set; a comparison without a bound leaves them out.
"""

from collections.abc import Callable
from itertools import cycle
from typing import Any

from flask import Flask
from werkzeug.test import create_environ

from .pairing import Prepare, Round, Size, Spread, take_turns
from .peers import bare, ours
from .peers.note import PATH, SUBJECT
from .report import Comparison, Row, Table
from .serving import requests
from .signing_keys import SigningKey

MUST = 1.15
BARE_HEADER, BARE_COOKIE = "bare Flask, a header", "bare Flask, cookies"
BARE_SHARED = "bare Flask, cookies, for any cache"
HEADER, COOKIE = "ours, a header", "ours, a cookie"
_POST = create_environ(PATH, method="POST")
# The others that a browser sends beside it, as long as ours.
_REFRESH, _CSRF = "r" * 400, "c" * 22


def cookie_again(key: SigningKey, size: Size) -> Table:
    """Compare a token again in a cookie with one in a header, each beside its bare Flask."""
    rounds = take_turns(candidates(key, size.batch), size.rounds)
    whole = {
        name: Spread.of(times[name] / size.batch * 1e6 for times in rounds)
        for name in (BARE_HEADER, BARE_COOKIE)
    }
    adds = {
        f"{name} adds": Spread.of(
            (times[name] - times[beside]) / size.batch * 1e6 for times in rounds
        )
        for name, beside in ((HEADER, BARE_HEADER), (COOKIE, BARE_COOKIE))
    }
    comparisons = [
        Comparison("what one in a header adds", ratio_to(rounds, BARE_COOKIE), "ratio", MUST),
        Comparison(
            "the same, its answer's headers with it", ratio_to(rounds, BARE_SHARED), "ratio"
        ),
    ]
    title = (
        f"The same token again in a cookie, by POST: {size.rounds} rounds of {size.batch} requests,"
        " CPU microseconds a request"
    )
    row = Row(f"{key.alg} cookie", whole | adds, comparisons)
    return Table("cookie", title, "microseconds", [row])


def candidates(key: SigningKey, batch: int) -> dict[str, Prepare]:
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
