"""How fast nested tokens are issued and first read: ours against jwcrypto's and raw joserfc's.

A token is signed with HS256 and then encrypted. Every key is read once, every claim is the same,
and no token is read twice. Raw joserfc neither checks a claim nor is strict: what is left when ours
is divided by it is the price of the rules.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from flask import Flask
from joserfc import jwe, jws
from joserfc.jwk import OctKey
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

from flask_tokenguard import TokenGuard

from .pairing import Batch, Prepare, Round, Size, Spread, settle, take_turns
from .report import Comparison, Row, Table, run

FULL = Size(rounds=60, batch=50)
SHORT = Size(rounds=3, batch=5)
BITS = {("A256KW", "A256CBC-HS512"): 256, ("dir", "A256GCM"): 256}
MUST_JWCRYPTO, MUST_JOSERFC = 1 / 2, 1.3
SUBJECT, SCOPE, OWN_CLAIMS, LIFETIME = (
    "user-1729",
    "notes:read notes:write",
    {"role": "editor"},
    900,
)

Issue: TypeAlias = Callable[[], str]
Read: TypeAlias = Callable[[str], Any]


class Peer(NamedTuple):
    """One who issues a nested token, and reads one to its claims."""

    issue: Issue
    read: Read


def main() -> None:
    """Print two rows for each way of encrypting: tokens issued, and tokens read."""
    packages = ("jwcrypto", "joserfc", "PyJWT", "cryptography")
    run(__doc__, measure, full=FULL, short=SHORT, packages=packages)


def measure(size: Size) -> Iterator[Table]:
    """Measure each way of encrypting."""
    settle()
    rows = []
    for (alg, enc), bits in BITS.items():
        peers = make_peers(alg, enc, secrets.token_bytes(bits // 8))
        check_that_all_read_all(peers)
        rows.append(row(f"{alg} {enc} issue", compare_issuing(peers, size), size))
        rows.append(row(f"{alg} {enc} read", compare_reading(peers, size), size))
    title = f"Nested: {size.rounds} rounds of {size.batch} tokens, CPU microseconds a token"
    yield Table("encryption", title, "microseconds", rows)


def make_peers(alg: str, enc: str, key: bytes) -> dict[str, Peer]:
    """Make the three, each with a secret for HS256 and the same key for encryption."""
    header = {"alg": alg, "enc": enc, "cty": "JWT"}
    secret = secrets.token_bytes(32)
    return {
        "ours": ours(header, secret, key),
        "jwcrypto": jwcrypto(header, secret, key),
        "joserfc": joserfc(header, secret, key),
    }


def ours(header: dict[str, str], secret: bytes, key: bytes) -> Peer:
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


def jwcrypto(header: dict[str, str], secret: bytes, key: bytes) -> Peer:
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


def joserfc(header: dict[str, str], secret: bytes, key: bytes) -> Peer:
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
    """Say what our tokens say."""
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
        {name: issuing(peer.issue, size.batch) for name, peer in peers.items()}, size.rounds
    )


def compare_reading(peers: dict[str, Peer], size: Size) -> list[Round]:
    """Time how all read the same tokens, each of which is new to its reader."""
    issue = peers["ours"].issue
    tokens = [issue() for _ in range((size.rounds + 1) * size.batch)]
    return take_turns(
        {name: reading(peer.read, tokens, size.batch) for name, peer in peers.items()}, size.rounds
    )


def issuing(issue: Issue, batch: int) -> Prepare:
    """Make batches of tokens."""

    def run() -> None:
        for _ in range(batch):
            issue()

    return lambda: run


def reading(read: Read, tokens: list[str], batch: int) -> Prepare:
    """Make batches of reads, each with the next tokens."""
    unread = iter(tokens)

    def prepare() -> Batch:
        chosen = list(islice(unread, batch))

        def run() -> None:
            for token in chosen:
                read(token)

        return run

    return prepare


def row(name: str, rounds: list[Round], size: Size) -> Row:
    """Write what each needs, and hold ours against both."""
    needed = {
        peer: Spread.of(times[peer] / size.batch * 1e6 for times in rounds) for peer in rounds[0]
    }
    by_jwcrypto = Spread.of(times["ours"] / times["jwcrypto"] for times in rounds)
    by_joserfc = Spread.of(times["ours"] / times["joserfc"] for times in rounds)
    comparisons = [
        Comparison("jwcrypto", by_jwcrypto, "fraction", MUST_JWCRYPTO),
        Comparison("joserfc", by_joserfc, "ratio", MUST_JOSERFC),
    ]
    return Row(name, needed, comparisons)


if __name__ == "__main__":
    main()
