"""Nested tokens: keys, and their rotation."""

import secrets
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa, x25519
from flask import Flask
from jwcrypto.jwk import JWK

from flask_tokenguard import TokenGuard
from flask_tokenguard.keys.ring_files import make

from ...conftest import MakeApp
from ...support import status_of
from .support import (
    ANSWER,
    ENCS,
    Jwk,
    guard_of,
    oct_jwk,
    pem,
    public_pem,
    reason,
    sealed,
    signed,
)


@pytest.mark.parametrize("enc", ENCS)
@pytest.mark.parametrize(("alg", "size"), [("A128KW", 16), ("A256KW", 32), ("A256GCMKW", 32)])
def test_an_old_key_still_reads_its_tokens(
    make_app: MakeApp, secret: str, alg: str, size: int, enc: str
) -> None:
    old, new = (oct_jwk(size, kid=name, use="enc", alg=alg) for name in ("old", "new"))
    before = make_app(KEY=secret, ENCRYPTION={"key": old, "enc": enc})
    keys = [{"value": secret}, {"value": old}]
    after = make_app(KEYS=keys, ENCRYPTION={"key": new, "enc": enc})
    tokens = [guard_of(app).issue_token("alice") for app in (before, after)]
    assert [status_of(after, token) for token in tokens] == [200, 200]


def test_a_key_is_rotated_by_its_name(make_app: MakeApp, secret: str) -> None:
    keys = [
        {"value": secret},
        *({"value": oct_jwk(kid=name), "use": "enc"} for name in ("old", "new")),
    ]
    before, after = (make_app(KEYS=keys, ENCRYPTION={"kid": name}) for name in ("old", "new"))
    tokens = [guard_of(app).issue_token("alice") for app in (before, after)]
    assert [status_of(app, token) for app in (before, after) for token in tokens] == [200] * 4


def test_an_app_with_a_key_ring_encrypts_too(tmp_path: Path, key: Jwk) -> None:
    make(tmp_path / "ring", alg="EdDSA", password=None, now=1)
    app = Flask(__name__)
    app.config["TOKENGUARD_KEYRING"] = tmp_path / "ring"
    app.config["TOKENGUARD_ENCRYPTION"] = {"key": key}
    guard = TokenGuard(app)
    assert guard.verify(guard.issue_token("alice")).header["alg"] == "EdDSA"


def test_a_key_that_is_taken_away_reads_nothing(make_app: MakeApp, secret: str) -> None:
    before = make_app(KEY=secret, ENCRYPTION={"key": oct_jwk(kid="old")})
    after = make_app(KEY=secret, ENCRYPTION={"key": oct_jwk(kid="new")})
    assert reason(after, guard_of(before).issue_token("alice")) == ANSWER


def test_an_old_pair_still_reads_its_tokens(make_app: MakeApp, secret: str) -> None:
    old, new = (x25519.X25519PrivateKey.generate() for _ in range(2))
    before = make_app(KEY=secret, ENCRYPTION={"key": pem(old)})
    keys = [{"value": secret}, {"value": pem(old), "use": "enc"}]
    after = make_app(KEYS=keys, ENCRYPTION={"key": pem(new)})
    assert status_of(after, guard_of(before).issue_token("alice")) == 200


@pytest.mark.parametrize(("others", "expected"), [(3, 200), (4, 401)])
def test_a_token_without_a_kid_is_tried_with_four_keys_at_most(
    make_app: MakeApp, secret: str, inner: str, key: Jwk, others: int, expected: int
) -> None:
    keys = [{"value": secret}, *({"value": oct_jwk(), "use": "enc"} for _ in range(others))]
    app = make_app(KEYS=keys, ENCRYPTION={"key": key, "enc": "A256GCM"})
    token = sealed(inner, key, enc="A256GCM")
    assert status_of(app, token) == expected


def test_an_app_with_a_public_key_issues_what_another_reads(
    make_app: MakeApp, secret: str, rsa_key: rsa.RSAPrivateKey
) -> None:
    writer = make_app(KEY=secret, ENCRYPTION={"key": public_pem(rsa_key)})
    reader = make_app(KEY=secret, ENCRYPTION={"key": pem(rsa_key)})
    token = guard_of(writer).issue_token("alice")
    assert (status_of(reader, token), reason(writer, token)) == (200, ANSWER)


def test_a_stranger_with_the_public_key_is_refused_by_signature(
    make_app: MakeApp, rsa_key: rsa.RSAPrivateKey
) -> None:
    app = make_app(ENCRYPTION={"key": pem(rsa_key)})
    stranger = make_app(KEY=secrets.token_urlsafe(64), ENCRYPTION={"key": public_pem(rsa_key)})
    token = guard_of(stranger).issue_token("alice")
    assert reason(app, token) == "The token's signature is not valid"


def test_one_secret_may_serve_both(make_app: MakeApp) -> None:
    both = oct_jwk(kid="one")
    by_name = make_app(KEY=both, ENCRYPTION={"kid": "one"})
    by_value = make_app(KEY=both, ENCRYPTION={"key": both})
    token = guard_of(by_name).issue_token("alice")
    assert [status_of(app, token) for app in (by_name, by_value)] == [200, 200]


def test_one_pair_may_serve_both_under_its_thumbprint(
    make_app: MakeApp, rsa_key: rsa.RSAPrivateKey
) -> None:
    kid = JWK.from_pem(public_pem(rsa_key).encode()).thumbprint()
    app = make_app(KEY=pem(rsa_key), ENCRYPTION={"kid": kid})
    assert status_of(app, guard_of(app).issue_token("alice")) == 200


def test_a_key_for_encryption_is_not_published(
    make_app: MakeApp, private_pems: dict[str, str], rsa_key: rsa.RSAPrivateKey
) -> None:
    keys = [{"value": private_pems["ES256"]}, {"value": pem(rsa_key), "use": "enc"}]
    app = make_app(KEYS=keys, ENCRYPTION={"key": oct_jwk()})
    published = app.test_client().get("/.well-known/jwks.json").get_json()
    assert [(jwk["kty"], jwk["use"]) for jwk in published["keys"]] == [("EC", "sig")]


def test_a_key_for_encryption_never_verifies(make_app: MakeApp, secret: str) -> None:
    key = oct_jwk(kid="one", use="enc")
    app = make_app(KEYS=[{"value": secret}, {"value": key}], ENCRYPTION={"kid": "one"})
    header = {"alg": "HS256", "typ": "at+jwt", "kid": "one"}
    inner = signed(secret, header)
    assert reason(app, sealed(inner, key, enc="A256GCM", kid="one")) == (
        "No key is known for the token's kid and alg"
    )
