"""How fast tokens are issued inside an app context: ours against flask-jwt-extended's.

Both sign the same claims beside those that each adds by default, and each key is configured as the
documentation of either says.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask

from .pairing import (
    Prepare,
    Round,
    Size,
    Spread,
    environment,
    read_size,
    settle,
    take_turns,
)
from .peers import ALGORITHMS, SigningKey, issue_ours, issue_theirs, our_app, their_app

FULL = Size(rounds=30, batch=20)
SHORT = Size(rounds=3, batch=3)
PASSWORD = "correct horse battery staple"
LINE = "{:20}{:>26}{:>26}{:>20}{:>8}"


def main() -> None:
    """Print a row for each algorithm, and one for RS256 from an encrypted PEM file."""
    size = read_size(__doc__, full=FULL, short=SHORT)
    settle()
    print(environment("Flask", "flask-jwt-extended", "PyJWT", "cryptography"))
    print(f"{size.rounds} rounds of {size.batch} tokens; tokens issued per second of CPU")
    print("A figure is the median over the rounds [quartiles]; the ratio is taken in each round.")
    print("From a PEM file: ours reads it encrypted, with TOKENGUARD_KEY_FILE and _KEY_PASSWORD;")
    print(
        "theirs takes no password, so its JWT_PRIVATE_KEY is the text of the same key in clear.\n"
    )
    print(LINE.format("", "ours", "theirs", "times theirs", "bound"))
    for alg in ALGORITHMS:
        key = SigningKey.generate(alg)
        print(line(alg, compare(our_app(KEY=key.text), their_app(key), size), size))
    key = SigningKey.generate("RS256")
    with app_with_key_file(key) as ours:
        rounds = compare(ours, their_app(key), size)
    print(line("RS256 from PEM file", rounds, size, bound="45"))


@contextmanager
def app_with_key_file(key: SigningKey) -> Iterator[Flask]:
    """Make an app of ours whose key is in an encrypted PEM file."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "signing.pem")
        file.write_text(key.encrypted_text(PASSWORD))
        yield our_app(KEY_FILE=str(file), KEY_PASSWORD=PASSWORD)


def compare(ours: Flask, theirs: Flask, size: Size) -> list[Round]:
    """Time how both issue."""
    return take_turns(
        {
            "ours": issuing(ours, issue_ours, size.batch),
            "theirs": issuing(theirs, issue_theirs, size.batch),
        },
        size.rounds,
    )


def issuing(app: Flask, issue: Callable[[], str], batch: int) -> Prepare:
    """Make batches of tokens, each batch in one app context."""

    def run() -> None:
        with app.app_context():
            for _ in range(batch):
                issue()

    return lambda: run


def line(name: str, rounds: list[Round], size: Size, *, bound: str = "-") -> str:
    """Write one row of the table."""
    ours = Spread.of(size.batch / times["ours"] for times in rounds)
    theirs = Spread.of(size.batch / times["theirs"] for times in rounds)
    ratio = Spread.of(times["theirs"] / times["ours"] for times in rounds)
    return LINE.format(
        name,
        ours.show("{:,.0f}".format),
        theirs.show("{:,.0f}".format),
        ratio.show("{:.3g}".format),
        bound,
    )


if __name__ == "__main__":
    main()
