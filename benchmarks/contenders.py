"""Who takes part: an app and its tokens, by the name in the tables."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from flask import Flask

from . import floor_verifier
from .pairing import Round, Spread
from .peers import authlib, bare, httpauth, jwt_extended, ours
from .peers.note import SUBJECT
from .report import Comparison
from .serving import accepts
from .signing_keys import SigningKey

Issue: TypeAlias = Callable[[SigningKey, Sequence[str]], list[str]]

BARE, OURS, FLOOR = "bare Flask", "ours", "floor"
JWT_EXTENDED, AUTHLIB, HTTPAUTH = "flask-jwt-extended", "Authlib", "Flask-HTTPAuth"
PACKAGES = ("flask-jwt-extended", "Authlib", "Flask-HTTPAuth", "PyJWT", "cryptography")


class Contender(NamedTuple):
    """An app, and what issues the tokens that it takes, one for each subject."""

    app: Flask
    issue: Issue


def contenders(key: SigningKey) -> dict[str, Contender]:
    """Make all apps that can take the key's algorithm."""
    found = {
        BARE: Contender(bare.make_app(), ours.tokens),
        OURS: Contender(ours.make_app(KEY=key.text), ours.tokens),
        FLOOR: Contender(floor_verifier.make_app(key), ours.tokens),
        JWT_EXTENDED: Contender(jwt_extended.make_app(key), jwt_extended.tokens),
        HTTPAUTH: Contender(httpauth.make_app(key), ours.tokens),
    }
    if key.alg in authlib.ALGORITHMS:
        found[AUTHLIB] = Contender(authlib.make_app(key), authlib.tokens)
    return found


def check_that_all_verify(found: dict[str, Contender], key: SigningKey) -> None:
    """See that each app takes its own token and refuses one that another key signed."""
    other = SigningKey.generate(key.alg)
    for name, (app, issue) in found.items():
        if name != BARE:
            tokens = [*issue(key, [SUBJECT]), *issue(other, [SUBJECT])]
            assert [accepts(app, token) for token in tokens] == [True, False], name


def added(rounds: Iterable[Round], name: str, batch: int) -> Spread:
    """Say what a contender adds to a bare request, in microseconds."""
    return Spread.of((times[name] - times[BARE]) / batch * 1e6 for times in rounds)


def compare_added(
    rounds: Iterable[Round],
    name: str,
    other: str,
    *,
    form: str = "fraction",
    must: float | None = None,
    reach: float | None = None,
) -> Comparison:
    """Compare what two contenders add to a bare request."""
    ratio = Spread.of(
        (times[name] - times[BARE]) / (times[other] - times[BARE]) for times in rounds
    )
    return Comparison(f"{other}'s added cost", ratio, form, must, reach)
