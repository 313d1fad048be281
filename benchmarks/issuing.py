"""How fast tokens are issued inside an app context: ours against flask-jwt-extended's.

Both sign the same claims beside those that each adds by default, and each key is configured as the
documentation of either says. From a PEM file ours reads it encrypted, with TOKENGUARD_KEY_FILE and
_KEY_PASSWORD; theirs takes no password, so its JWT_PRIVATE_KEY is the text of that key in clear.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask

from .pairing import Prepare, Size, Spread, settle, take_turns
from .peers import jwt_extended, ours
from .report import Comparison, Row, Table, run
from .signing_keys import ALGORITHMS, SigningKey

FULL = Size(rounds=30, batch=20)
SHORT = Size(rounds=3, batch=3)
PASSWORD = "correct horse battery staple"
# Times as many tokens as theirs: what must hold, and what to reach for.
BOUNDS = {"HS256": (6, 10), "RS256": (45, 60), "ES256": (3, 4), "EdDSA": (2.5, 3.3)}
OURS, THEIRS = "ours", "flask-jwt-extended"


def main() -> None:
    """Print a row for each algorithm, and one for RS256 from an encrypted PEM file."""
    packages = ("flask-jwt-extended", "PyJWT", "cryptography")
    run(__doc__, measure, full=FULL, short=SHORT, packages=packages)


def measure(size: Size) -> Iterator[Table]:
    """Measure them all."""
    settle()
    rows = []
    for alg in ALGORITHMS:
        key = SigningKey.generate(alg)
        rows.append(compare(alg, ours.make_app(KEY=key.text), key, size))
    key = SigningKey.generate("RS256")
    with app_with_key_file(key) as app:
        rows.append(compare("RS256 from PEM file", app, key, size))
    title = f"Issuing: {size.rounds} rounds of {size.batch} tokens, tokens a second of CPU"
    yield Table("issuing", title, "rate", rows)


@contextmanager
def app_with_key_file(key: SigningKey) -> Iterator[Flask]:
    """Make an app of ours whose key is in an encrypted PEM file."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "signing.pem")
        file.write_text(key.encrypted_text(PASSWORD))
        yield ours.make_app(KEY_FILE=str(file), KEY_PASSWORD=PASSWORD)


def compare(name: str, app: Flask, key: SigningKey, size: Size) -> Row:
    """Time how both issue."""
    candidates = {
        OURS: issuing(app, ours.issue, size.batch),
        THEIRS: issuing(jwt_extended.make_app(key), jwt_extended.issue, size.batch),
    }
    rounds = take_turns(candidates, size.rounds)
    rates = {peer: Spread.of(size.batch / times[peer] for times in rounds) for peer in candidates}
    ratio = Spread.of(times[THEIRS] / times[OURS] for times in rounds)
    must, reach = BOUNDS[key.alg]
    return Row(name, rates, [Comparison(THEIRS, ratio, "times", must, reach, is_more_better=True)])


def issuing(app: Flask, issue: Callable[[], str], batch: int) -> Prepare:
    """Make batches of tokens, each batch in one app context."""

    def run_batch() -> None:
        with app.app_context():
            for _ in range(batch):
                issue()

    return lambda: run_batch


if __name__ == "__main__":
    main()
