"""How fast tokens are issued inside an app context: ours against flask-jwt-extended's.

And how fast sessions are refreshed: against a bare Flask view that does the least a store can, one
durable commit by sqlite3, or one EVALSHA.

Both sign the same claims beside those that each adds by default, and each key is configured as the
documentation has it. From a PEM file ours reads it encrypted, with TOKENGUARD_KEY_FILE and
_KEY_PASSWORD; theirs takes no password, so its JWT_PRIVATE_KEY is the text of that key in clear.

Then how fast nested tokens are issued and first read: ours against jwcrypto's and raw joserfc's. A
token is signed with HS256 and then encrypted. Every key is read once, every claim is the same, and
no token is read twice. Raw joserfc neither checks a claim nor is strict: what is left when ours is
divided by it is the price of the rules.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeAlias

from flask import Flask, request
from joserfc import jwe, jws
from joserfc.jwk import OctKey
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

from flask_tokenguard import TokenGuard

from .contenders import (
    Batch,
    Prepare,
    Round,
    Size,
    each,
    has_valkey,
    microseconds,
    posted,
    ratio_of,
    repeated,
    serve,
    settle,
    take_turns,
    valkey,
    wall_seconds,
)
from .peers import jwt_extended, ours
from .peers.note import OWN_CLAIMS, SCOPE, SUBJECT
from .peers.signing_keys import ALGORITHMS, SigningKey
from .report import Comparison, Row, Spread, Table, run

Issue: TypeAlias = Callable[[], str]
Read: TypeAlias = Callable[[str], Any]


class Load(NamedTuple):
    """How much is measured, of tokens and refreshes, and of nested tokens."""

    signed: Size
    nested: Size


FULL = Load(Size(rounds=30, batch=20), Size(rounds=60, batch=50))
SHORT = Load(Size(rounds=3, batch=3), Size(rounds=3, batch=5))
PASSWORD = "correct horse battery staple"
# Times as many tokens as theirs: what must hold, and what to reach for.
BOUNDS = {"HS256": (6, 10), "RS256": (45, 60), "ES256": (3, 4), "EdDSA": (2.5, 3.3)}
OURS, THEIRS = "ours", "flask-jwt-extended"
# Of requests a second, and of a request's time.
COMMIT_BOUNDS, EVALSHA_BOUNDS = (0.62, 0.68), (1.7, 1.5)
BITS = {("A256KW", "A256CBC-HS512"): 256, ("dir", "A256GCM"): 256}
MUST_JWCRYPTO, MUST_JOSERFC = 1 / 2, 1.3
LIFETIME = 900


class Peer(NamedTuple):
    """One who issues a nested token, and reads one to its claims."""

    issue: Issue
    read: Read


def main() -> None:
    """Print a row for each algorithm and key file, for rotations, and for each way to encrypt."""
    packages = ("flask-jwt-extended", "jwcrypto", "joserfc", "PyJWT", "cryptography")
    run(__doc__, measure, full=FULL, short=SHORT, packages=packages)


def measure(load: Load) -> Iterator[Table]:
    """Measure them all."""
    settle()
    yield signed(load.signed)
    yield from rotations(load.signed)
    yield nested(load.nested)


def signed(size: Size) -> Table:
    """Measure each algorithm, and RS256 from an encrypted PEM file."""
    rows = []
    for alg in ALGORITHMS:
        key = SigningKey.generate(alg)
        rows.append(compare(alg, ours.make_app(KEY=key.text), key, size))
    key = SigningKey.generate("RS256")
    with app_with_key_file(key) as app:
        rows.append(compare("RS256 from PEM file", app, key, size))
    title = f"Issuing: {size.rounds} rounds of {size.batch} tokens, tokens a second of CPU"
    return Table("issuing", title, "rate", rows)


def rotations(size: Size) -> Iterator[Table]:
    """Measure refreshes in a file, and on a server."""
    how = f"{size.rounds} rounds of {size.batch} requests, by the clock on the wall"
    rows = [on_sqlite(alg, size) for alg in ("HS256", "ES256")]
    yield Table("rotation-sqlite", f"Rotation on SQLite: {how}, a second", "rate", rows)
    is_here = has_valkey()
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
    ratio = ratio_of(rounds, THEIRS, OURS)
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
    ratio = ratio_of(rounds, "one commit", OURS)
    comparison = Comparison("one commit", ratio, "ratio", *COMMIT_BOUNDS, is_more_better=True)
    return Row(f"{alg} SQLite rotation", rates, [comparison])


def on_server(alg: str, size: Size) -> Row:
    """Compare a request with that of a view that runs a script of nothing."""
    from redis import Redis  # noqa: PLC0415 - an extra

    with valkey() as port, Redis(port=port) as client:
        script = client.script_load("return 1")
        app = ours.make_app(
            KEY=SigningKey.generate(alg).text, STORAGE_URI=f"valkey://127.0.0.1:{port}"
        )
        candidates = {"one EVALSHA": view_that(lambda: client.evalsha(script, 0)), OURS: app}
        rounds = take_turns(rotating(candidates, size), size.rounds, seconds=wall_seconds)
    times_of = {name: microseconds(rounds, name, size.batch) for name in candidates}
    ratio = ratio_of(rounds, OURS, "one EVALSHA")
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


def nested(size: Size) -> Table:
    """Measure each way of encrypting."""
    rows = []
    for (alg, enc), bits in BITS.items():
        peers = make_peers(alg, enc, secrets.token_bytes(bits // 8))
        check_that_all_read_all(peers)
        rows.append(nested_row(f"{alg} {enc} issue", compare_issuing(peers, size), size))
        rows.append(nested_row(f"{alg} {enc} read", compare_reading(peers, size), size))
    title = f"Nested: {size.rounds} rounds of {size.batch} tokens, CPU microseconds a token"
    return Table("encryption", title, "microseconds", rows)


def make_peers(alg: str, enc: str, key: bytes) -> dict[str, Peer]:
    """Make the three, each with a secret for HS256 and the same key for encryption."""
    header = {"alg": alg, "enc": enc, "cty": "JWT"}
    secret = secrets.token_bytes(32)
    return {
        OURS: by_ours(header, secret, key),
        "jwcrypto": by_jwcrypto(header, secret, key),
        "joserfc": by_joserfc(header, secret, key),
    }


def by_ours(header: dict[str, str], secret: bytes, key: bytes) -> Peer:
    """Use an app of ours, by its public functions."""
    app = Flask(__name__)
    app.config["TOKENGUARD_KEY"] = OctKey.import_key(secret).as_dict()
    app.config["TOKENGUARD_ENCRYPTION"] = {
        "key": OctKey.import_key(key).as_dict(),
        "alg": header["alg"],
        "enc": header["enc"],
    }
    guard = TokenGuard(app)

    def issue() -> str:
        return guard.issue_token(SUBJECT, scope=SCOPE, claims=OWN_CLAIMS)

    return Peer(issue, lambda token: guard.verify(token).claims)


def by_jwcrypto(header: dict[str, str], secret: bytes, key: bytes) -> Peer:
    """Do it in the two steps of jwcrypto's tutorial; its JWT checks `exp`."""
    signing, encrypting = (JWK(**OctKey.import_key(octets).as_dict()) for octets in (secret, key))

    def issue() -> str:
        signed = JWT(header={"alg": "HS256", "typ": "at+jwt"}, claims=new_claims())
        signed.make_signed_token(signing)
        nested = JWT(header=header, claims=signed.serialize())
        nested.make_encrypted_token(encrypting)
        token: str = nested.serialize()
        return token

    def read(token: str) -> Any:
        nested = JWT(key=encrypting, jwt=token, expected_type="JWE")
        return json.loads(JWT(key=signing, jwt=nested.claims, expected_type="JWS").claims)

    return Peer(issue, read)


def by_joserfc(header: dict[str, str], secret: bytes, key: bytes) -> Peer:
    """Sign and encrypt with joserfc, decrypt, verify and read the JSON; check nothing else."""
    signing, encrypting = OctKey.import_key(secret), OctKey.import_key(key)
    signs = jws.JWSRegistry(algorithms=["HS256"])
    encrypts = jwe.JWERegistry(algorithms=[header["alg"], header["enc"]])

    def issue() -> str:
        payload = json.dumps(new_claims(), separators=(",", ":"))
        signed_header = {"alg": "HS256", "typ": "at+jwt"}
        signed = jws.serialize_compact(signed_header, payload, signing, registry=signs)
        return jwe.encrypt_compact({**header}, signed, encrypting, registry=encrypts)

    def read(token: str) -> Any:
        signed = jwe.decrypt_compact(token, encrypting, registry=encrypts).plaintext or b""
        return json.loads(jws.deserialize_compact(signed, signing, registry=signs).payload)

    return Peer(issue, read)


def new_claims() -> dict[str, Any]:
    """Return the claims of our tokens."""
    now = int(time.time())
    jti = secrets.token_urlsafe(16)
    times = {"iat": now, "exp": now + LIFETIME}
    return {"sub": SUBJECT, **times, "jti": jti, "scope": SCOPE, **OWN_CLAIMS}


def check_that_all_read_all(peers: dict[str, Peer]) -> None:
    """See that each reads the tokens of each, and that all say the same."""
    for writer in peers.values():
        token = writer.issue()
        claims = [reader.read(token) for reader in peers.values()]
        assert claims[0] == claims[1] == claims[2]
        assert claims[0].keys() == new_claims().keys()


def compare_issuing(peers: dict[str, Peer], size: Size) -> list[Round]:
    """Time how all issue."""
    return take_turns(
        {name: repeated(peer.issue, size.batch) for name, peer in peers.items()}, size.rounds
    )


def compare_reading(peers: dict[str, Peer], size: Size) -> list[Round]:
    """Time how all read the same tokens, each of which is new to its reader."""
    issue = peers[OURS].issue
    tokens = [issue() for _ in range((size.rounds + 1) * size.batch)]
    return take_turns(
        {name: each(peer.read, tokens, size.batch) for name, peer in peers.items()}, size.rounds
    )


def nested_row(name: str, rounds: list[Round], size: Size) -> Row:
    """Write what each needs, and hold ours against both."""
    needed = {peer: microseconds(rounds, peer, size.batch) for peer in rounds[0]}
    comparisons = [
        Comparison("jwcrypto", ratio_of(rounds, OURS, "jwcrypto"), "fraction", MUST_JWCRYPTO),
        Comparison("joserfc", ratio_of(rounds, OURS, "joserfc"), "ratio", MUST_JOSERFC),
    ]
    return Row(name, needed, comparisons)


if __name__ == "__main__":
    main()
