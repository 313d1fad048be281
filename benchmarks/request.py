"""What a guarded route adds to a bare Flask route: ours against flask-jwt-extended's.

The view is the same in all three apps and does not look at the claims.
"""

from collections.abc import Iterator
from itertools import cycle, islice
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
from .peers import (
    ALGORITHMS,
    PATH,
    SigningKey,
    bare_app,
    our_app,
    our_tokens,
    their_app,
    their_tokens,
)

FULL = Size(rounds=60, batch=50)
SHORT = Size(rounds=4, batch=10)
BOUNDS = {"HS256": "1/6", "RS256": "1/4.5", "ES256": "1/3", "EdDSA": "1/2.5"}
LINE = "{:16}{:>22}{:>22}{:>22}{:>22}{:>8}"
ENVIRON = create_environ(PATH)


def main() -> None:
    """Print two rows for each algorithm: the same token again, and tokens never seen."""
    size = read_size(__doc__, full=FULL, short=SHORT)
    settle()
    print(environment("Flask", "flask-jwt-extended", "PyJWT", "cryptography"))
    print(f"{size.rounds} rounds of {size.batch} requests; CPU microseconds a request")
    print("A figure is the median over the rounds [quartiles]; the ratio is taken in each round.\n")
    print(LINE.format("", "bare", "ours adds", "theirs adds", "ours / theirs", "bound"))
    for alg in ALGORITHMS:
        key = SigningKey.generate(alg)
        check_that_both_verify(key)
        print(line(f"{alg} again", compare(key, size, seen=True), size, bound="-"))
        print(line(f"{alg} never seen", compare(key, size, seen=False), size, bound=BOUNDS[alg]))


def compare(key: SigningKey, size: Size, *, seen: bool) -> list[Round]:
    """Time requests to the three apps.

    Args:
        key: What signs and verifies.
        size: How much.
        seen: Whether each request brings the same token, or one that none has brought before.
    """
    count = 1 if seen else (size.rounds + 1) * size.batch
    ours, theirs = our_tokens(key, count), their_tokens(key, count)
    return take_turns(
        {
            "bare": requests(bare_app(), cycle(ours), size.batch),
            "ours": requests(our_app(KEY=key.text), cycle(ours), size.batch),
            "theirs": requests(their_app(key), cycle(theirs), size.batch),
        },
        size.rounds,
    )


def requests(app: Flask, tokens: Iterator[str], batch: int) -> Prepare:
    """Make batches of requests, each with an environ of its own and the next token."""

    def prepare() -> Batch:
        environs = [
            {**ENVIRON, "HTTP_AUTHORIZATION": f"Bearer {token}"} for token in islice(tokens, batch)
        ]
        return lambda: serve(app, environs)

    return prepare


def serve(app: Flask, environs: list[dict[str, Any]]) -> None:
    """Let the app answer, without a server or a client around it."""
    for environ in environs:
        app.wsgi_app(environ, expect_ok)


def expect_ok(status: str, *_: object) -> Any:
    """Stand for the server's `start_response`."""
    assert status == "200 OK", status


def check_that_both_verify(key: SigningKey) -> None:
    """See that each app takes its own token and refuses one that another key signed."""
    other = SigningKey.generate(key.alg)
    for app, good, forged in (
        (our_app(KEY=key.text), our_tokens(key, 1), our_tokens(other, 1)),
        (their_app(key), their_tokens(key, 1), their_tokens(other, 1)),
    ):
        client = app.test_client()
        answers = [
            client.get(PATH, headers={"Authorization": f"Bearer {token}"})
            for token in good + forged
        ]
        assert [answer.status_code < 400 for answer in answers] == [True, False]


def line(name: str, rounds: list[Round], size: Size, *, bound: str) -> str:
    """Write one row of the table."""
    bare = Spread.of(times["bare"] for times in rounds)
    ours = Spread.of(times["ours"] - times["bare"] for times in rounds)
    theirs = Spread.of(times["theirs"] - times["bare"] for times in rounds)
    ratio = Spread.of(
        (times["ours"] - times["bare"]) / (times["theirs"] - times["bare"]) for times in rounds
    )

    def microseconds(seconds: float) -> str:
        return f"{seconds / size.batch * 1e6:.1f}"

    return LINE.format(
        name,
        *(spread.show(microseconds) for spread in (bare, ours, theirs)),
        ratio.show(as_fraction),
        bound,
    )


if __name__ == "__main__":
    main()
