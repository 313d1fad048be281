"""How fast tokens are issued inside an app context: ours against flask-jwt-extended's.

And how fast sessions are refreshed: against a bare Flask view that does the least a store can, one
durable commit by sqlite3, or one EVALSHA.

Both sign the same claims beside those that each adds by default, and each key is configured as the
documentation of either says. From a PEM file ours reads it encrypted, with TOKENGUARD_KEY_FILE and
_KEY_PASSWORD; theirs takes no password, so its JWT_PRIVATE_KEY is the text of that key in clear.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask, request

from . import revocation_server
from .pairing import Batch, Prepare, Size, Spread, settle, take_turns, wall_seconds
from .peers import jwt_extended, ours
from .report import Comparison, Row, Table, run
from .serving import posted, serve
from .signing_keys import ALGORITHMS, SigningKey

FULL = Size(rounds=30, batch=20)
SHORT = Size(rounds=3, batch=3)
PASSWORD = "correct horse battery staple"
# Times as many tokens as theirs: what must hold, and what to reach for.
BOUNDS = {"HS256": (6, 10), "RS256": (45, 60), "ES256": (3, 4), "EdDSA": (2.5, 3.3)}
OURS, THEIRS = "ours", "flask-jwt-extended"
# Of requests a second, and of a request's time.
COMMIT_BOUNDS, EVALSHA_BOUNDS = (0.62, 0.68), (1.7, 1.5)


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
    how = f"{size.rounds} rounds of {size.batch} requests, by the clock on the wall"
    rows = [on_sqlite(alg, size) for alg in ("HS256", "ES256")]
    yield Table("rotation-sqlite", f"Rotation on SQLite: {how}, a second", "rate", rows)
    is_here = revocation_server.is_here()
    rows = [on_server(alg, size) for alg in ("HS256", "ES256")] if is_here else []
    notes = [] if is_here else ["Valkey is not installed."]
    yield Table("rotation-server", f"Rotation on Valkey: {how}", "microseconds", rows, notes)


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


def on_sqlite(alg: str, size: Size) -> Row:
    """Compare requests a second with those of a view that commits a row."""
    with (
        TemporaryDirectory() as folder,
        closing(sqlite3.connect(Path(folder, "bare.db"), isolation_level=None)) as connection,
    ):
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"):
            connection.execute(statement)
        connection.execute("CREATE TABLE numbers (number INTEGER)")
        least = view_that(lambda: connection.execute("INSERT INTO numbers VALUES (1)"))
        app = ours.make_app(
            KEY=SigningKey.generate(alg).text, STORAGE_URI=f"sqlite:///{folder}/store.db"
        )
        candidates = {"one commit": least, OURS: app}
        rounds = take_turns(rotating(candidates, size), size.rounds, seconds=wall_seconds)
    rates = {name: Spread.of(size.batch / times[name] for times in rounds) for name in candidates}
    ratio = Spread.of(times["one commit"] / times[OURS] for times in rounds)
    comparison = Comparison("one commit", ratio, "ratio", *COMMIT_BOUNDS, is_more_better=True)
    return Row(f"{alg} SQLite rotation", rates, [comparison])


def on_server(alg: str, size: Size) -> Row:
    """Compare a request with that of a view that runs a script of nothing."""
    from redis import Redis  # noqa: PLC0415 - an extra

    with revocation_server.server() as port, Redis(port=port) as client:
        script = client.script_load("return 1")
        app = ours.make_app(
            KEY=SigningKey.generate(alg).text, STORAGE_URI=f"valkey://127.0.0.1:{port}"
        )
        candidates = {"one EVALSHA": view_that(lambda: client.evalsha(script, 0)), OURS: app}
        rounds = take_turns(rotating(candidates, size), size.rounds, seconds=wall_seconds)
    times_of = {
        name: Spread.of(times[name] / size.batch * 1e6 for times in rounds) for name in candidates
    }
    ratio = Spread.of(times[OURS] / times["one EVALSHA"] for times in rounds)
    comparison = Comparison("one EVALSHA", ratio, "ratio", *EVALSHA_BOUNDS)
    return Row(f"{alg} Valkey rotation", times_of, [comparison])


def view_that(does: Callable[[], object]) -> Flask:
    """Make a bare app whose only view reads a refresh, does so, and answers at equal length."""
    app = Flask(__name__)
    answer = {"access_token": "a" * 400, "refresh_token": "a" * 500, "token_type": "Bearer"}

    @app.post("/token")
    def view() -> dict[str, str]:
        assert request.form["refresh_token"]
        does()
        return answer

    return app


def rotating(candidates: dict[str, Flask], size: Size) -> dict[str, Prepare]:
    """Make batches of refreshes, each of a session that has just begun."""

    def preparing(app: Flask) -> Prepare:
        def prepare() -> Batch:
            tokens = ours.refresh_tokens(candidates[OURS], size.batch)
            environs = [posted(token) for token in tokens]
            return lambda: serve(app, environs)

        return prepare

    return {name: preparing(app) for name, app in candidates.items()}


def issuing(app: Flask, issue: Callable[[], str], batch: int) -> Prepare:
    """Make batches of tokens, each batch in one app context."""

    def run_batch() -> None:
        with app.app_context():
            for _ in range(batch):
                issue()

    return lambda: run_batch


if __name__ == "__main__":
    main()
