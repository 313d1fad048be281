"""What a guarded route costs: CPU time beyond a bare Flask route, ours against flask-jwt-extended.

The view is the same in all three apps and does not look at the claims.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice, repeat
from typing import Any

from flask import Flask
from werkzeug.test import create_environ

from .pairing import (
    Batch,
    Prepare,
    Round,
    Size,
    Spread,
    as_fraction,
    environment,
    read_size,
    settle,
    take_turns,
)
from .peers import ALGORITHMS, PATH, SigningKey, bare_app, issue_ours, issue_theirs
from .peers import our_app, their_app

FULL = Size(rounds=60, batch=50)
SHORT = Size(rounds=4, batch=10)
BOUNDS = {"HS256": "1/6", "RS256": "1/4.5", "ES256": "1/3", "EdDSA": "1/2.5"}
ROW = "{:18}{:>24}{:>24}{:>26}{:>24}{:>8}"


def main() -> None:
    """Print a row for each algorithm, for one token again and again and for tokens never seen."""
    size = read_size(__doc__, full=FULL, short=SHORT)
    print(environment("Flask", "flask-jwt-extended", "PyJWT", "cryptography"))
    print(f"CPU microseconds a request over {size.rounds} rounds of {size.batch}, median [quartiles]")
    print(ROW.format("", "bare", "ours adds", "theirs adds", "ours/theirs", "bound"))
    settle()
    for alg in ALGORITHMS:
        key = SigningKey.generate(alg)
        print(row(f"{alg} again", compare(key, size, same_token), size, "-"))
        print(row(f"{alg} never seen", compare(key, size, distinct_tokens), size, BOUNDS[alg]))


Issue = Callable[[], str]
TokensOf = Callable[[Flask, Issue, Size], Iterator[str]]


def same_token(app: Flask, issue: Issue, _: Size) -> Iterator[str]:
    """Give one token for every request."""
    with app.app_context():
        return repeat(issue())


def distinct_tokens(app: Flask, issue: Issue, size: Size) -> Iterator[str]:
    """Give each request a token of its own, made beforehand; one round is to warm up."""
    with app.app_context():
        return iter([issue() for _ in range((size.rounds + 1) * size.batch)])


def compare(key: SigningKey, size: Size, tokens_of: TokensOf) -> list[Round]:
    """Time requests to the bare route, to ours and to theirs."""
    bare, ours, theirs = bare_app(), our_app(KEY=key.text), their_app(key)
    check_that_it_verifies(ours, issue_ours, our_app(KEY=SigningKey.generate(key.alg).text))
    check_that_it_verifies(theirs, issue_theirs, their_app(SigningKey.generate(key.alg)))
    candidates = {
        "bare": requests(bare, same_token(ours, issue_ours, size), size.batch),
        "ours": requests(ours, tokens_of(ours, issue_ours, size), size.batch),
        "theirs": requests(theirs, tokens_of(theirs, issue_theirs, size), size.batch),
    }
    return take_turns(candidates, size.rounds)
