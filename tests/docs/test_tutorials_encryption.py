"""The way that tutorials take with jwcrypto, with this package, in both directions.

A 256-bit key is generated and exported as JSON; a pair also as public JSON and as PEM with a
password. Claims are signed with HS256, the signed token is encrypted with A256KW and A256CBC-HS512,
with one key for both; it is decrypted and verified, and `exp` is checked. Their tokens hold no more
than the tutorial's: `userRole`, `gcmId` and `exp`, a float; no `typ`, and no `cty`.
"""

import json
from typing import Any

import pytest
from flask import Flask
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT, JWTExpired

from flask_tokenguard import TokenGuard
from flask_tokenguard.jose import base64url
from flask_tokenguard.keys.generate import generate, to_jwk, to_pem, to_public_pem
from flask_tokenguard.keys.text import read_material

from ..conftest import MakeApp
from ..jose.tokens import encoded
from ..support import Config, SettableClock, bearer

PAYLOAD = {"userRole": "admin", "gcmId": "f7x2"}
NESTED = {"alg": "A256KW", "enc": "A256CBC-HS512"}
LENIENT: Config = {"TYPES": [None], "REQUIRED_CLAIMS": []}


@pytest.fixture
def their_key() -> JWK:
    """The tutorial's key."""
    return JWK.generate(kty="oct", size=256)


@pytest.fixture
def guard(clock: SettableClock) -> TokenGuard:
    """A guard with a clock that a test moves."""
    return TokenGuard(clock=clock)


@pytest.fixture
def app(make_app: MakeApp, guard: TokenGuard, their_key: JWK) -> Flask:
    """An app that has their key for both, as they export it."""
    exported = their_key.export()
    return make_app(guard, KEY=exported, ENCRYPTION={"key": exported, **NESTED}, **LENIENT)


@pytest.fixture
def signing_app(make_app: MakeApp, guard: TokenGuard, their_key: JWK) -> Flask:
    """An app that has their key for signatures alone."""
    return make_app(guard, KEY=their_key.export(), **LENIENT)


@pytest.fixture
def payload(clock: SettableClock) -> dict[str, Any]:
    """The claims of their token: it expires in a minute, at no whole second."""
    return {**PAYLOAD, "exp": int(clock.now) + 60.25}


def signed_by_jwcrypto(key: JWK, payload: dict[str, Any]) -> str:
    """Sign, in their first step."""
    signed = JWT(header={"alg": "HS256"}, claims=payload)
    signed.make_signed_token(key)
    token: str = signed.serialize()
    return token


def made_by_jwcrypto(key: JWK, payload: dict[str, Any], signing_key: JWK | None = None) -> str:
    """Sign and encrypt in their two steps."""
    nested = JWT(header=NESTED, claims=signed_by_jwcrypto(signing_key or key, payload))
    nested.make_encrypted_token(key)
    token: str = nested.serialize()
    return token


def changed_at(token: str, part: int) -> str:
    """Change an octet of a part of a token."""
    parts = token.split(".")
    octets = base64url.decode(parts[part].encode())
    parts[part] = encoded(octets[:-1] + bytes([octets[-1] ^ 1]))
    return ".".join(parts)


def refusal(app: Flask, token: str) -> str:
    """Be refused, and read why."""
    answer = app.test_client().get("/claims", headers=bearer(token))
    assert answer.status_code == 401
    reason: str = answer.get_json()["error_description"]
    return reason


def read_by_jwcrypto(token: str, key: JWK) -> dict[str, Any]:
    """Decrypt, then verify, which checks `exp`."""
    nested = JWT(key=key, jwt=token, expected_type="JWE")
    signed = JWT(key=key, jwt=nested.claims, expected_type="JWS")
    claims: dict[str, Any] = json.loads(signed.claims)
    return claims


def test_their_token_is_read_by_us_as_often_as_it_comes(
    app: Flask, their_key: JWK, payload: dict[str, Any]
) -> None:
    headers = bearer(made_by_jwcrypto(their_key, payload))
    client = app.test_client()
    assert [client.get("/claims", headers=headers).get_json() for _ in range(3)] == [payload] * 3


def test_their_token_holds_no_more_than_the_tutorial_s(
    their_key: JWK, payload: dict[str, Any]
) -> None:
    nested = JWT(key=their_key, jwt=made_by_jwcrypto(their_key, payload), expected_type="JWE")
    signed = JWT(key=their_key, jwt=nested.claims, expected_type="JWS")
    assert (json.loads(nested.header), json.loads(signed.header)) == (NESTED, {"alg": "HS256"})
    assert json.loads(signed.claims) == payload


def test_their_token_that_is_only_signed_is_read_by_us(
    signing_app: Flask, their_key: JWK, payload: dict[str, Any]
) -> None:
    headers = bearer(signed_by_jwcrypto(their_key, payload))
    claims = signing_app.test_client().get("/claims", headers=headers).get_json()
    assert claims == payload


def test_their_merely_signed_token_is_refused_if_required(
    app: Flask, their_key: JWK, payload: dict[str, Any]
) -> None:
    token = signed_by_jwcrypto(their_key, payload)
    assert refusal(app, token) == "The token is not encrypted"


def test_their_token_that_is_only_encrypted_is_refused(
    app: Flask, their_key: JWK, payload: dict[str, Any]
) -> None:
    unsigned = JWT(header=NESTED, claims=payload)
    unsigned.make_encrypted_token(their_key)
    assert refusal(app, unsigned.serialize()) == "The token is not a compact JWS"


def test_their_token_is_refused_unless_the_settings_admit_it(
    make_app: MakeApp, their_key: JWK, payload: dict[str, Any]
) -> None:
    settings = {"KEY": their_key.export(), "ENCRYPTION": {"key": their_key.export(), **NESTED}}
    token = made_by_jwcrypto(their_key, payload)
    assert refusal(make_app(**settings), token) == "The header has the wrong type (typ)"
    assert refusal(make_app(**settings, TYPES=["JWT", None]), token) == "The token has no sub"


def test_our_token_is_read_by_them(app: Flask, guard: TokenGuard, their_key: JWK) -> None:
    with app.app_context():
        claims = read_by_jwcrypto(guard.issue_token("123", claims=PAYLOAD), their_key)
    assert claims["sub"] == "123"
    assert {name: claims[name] for name in PAYLOAD} == PAYLOAD


def test_our_token_is_encrypted_as_the_tutorial_s_is(app: Flask, guard: TokenGuard) -> None:
    with app.app_context():
        header = JWT()
        header.deserialize(guard.issue_token("123"))
    assert json.loads(header.token.objects["protected"]) == {"cty": "JWT", **NESTED}


def test_our_signed_token_has_the_tutorial_s_header(signing_app: Flask, guard: TokenGuard) -> None:
    assert signing_app.name
    assert guard.verify(guard.issue_token("123")).header == {"alg": "HS256"}


def test_their_token_that_has_expired_is_refused_by_us(
    app: Flask, their_key: JWK, payload: dict[str, Any], clock: SettableClock
) -> None:
    token = made_by_jwcrypto(their_key, payload)
    clock.now = payload["exp"] - 0.001
    assert app.test_client().get("/claims", headers=bearer(token)).status_code == 200
    clock.now = payload["exp"]
    assert refusal(app, token) == "The token has expired (exp)"


def test_their_token_without_an_end_stays_refused_by_us(
    app: Flask, signing_app: Flask, their_key: JWK
) -> None:
    tokens = made_by_jwcrypto(their_key, PAYLOAD), signed_by_jwcrypto(their_key, PAYLOAD)
    reasons = [refusal(*pair) for pair in zip((app, signing_app), tokens, strict=True)]
    assert reasons == ["The token has no exp"] * 2


@pytest.mark.parametrize("part", [1, 2, 3, 4])
def test_their_token_that_was_changed_is_refused_by_us(
    app: Flask, their_key: JWK, payload: dict[str, Any], part: int
) -> None:
    token = changed_at(made_by_jwcrypto(their_key, payload), part)
    assert refusal(app, token) == "The token cannot be decrypted"


def test_their_signed_token_that_was_changed_is_refused_by_us(
    signing_app: Flask, their_key: JWK, payload: dict[str, Any]
) -> None:
    token = changed_at(signed_by_jwcrypto(their_key, payload), 2)
    assert refusal(signing_app, token) == "The token's signature is not valid"


def test_our_token_that_has_expired_is_refused_by_them(
    app: Flask, guard: TokenGuard, their_key: JWK, clock: SettableClock
) -> None:
    clock.now -= 3600
    with app.app_context():
        token = guard.issue_token("123")
    with pytest.raises(JWTExpired):
        read_by_jwcrypto(token, their_key)


def test_their_token_of_another_key_is_refused_by_us(
    app: Flask, signing_app: Flask, their_key: JWK, payload: dict[str, Any]
) -> None:
    other = JWK.generate(kty="oct", size=256)
    assert refusal(app, made_by_jwcrypto(other, payload)) == "The token cannot be decrypted"
    for theirs, token in (
        (app, made_by_jwcrypto(their_key, payload, other)),
        (signing_app, signed_by_jwcrypto(other, payload)),
    ):
        assert refusal(theirs, token) == "The token's signature is not valid"


def test_a_key_that_we_generate_is_theirs_too(make_app: MakeApp, payload: dict[str, Any]) -> None:
    exported = to_jwk(generate("A256KW"), private=True)
    app = make_app(KEY=exported, ENCRYPTION={"key": exported, **NESTED}, **LENIENT)
    headers = bearer(made_by_jwcrypto(JWK(**exported), payload))
    assert app.test_client().get("/claims", headers=headers).status_code == 200


def test_a_generated_key_has_256_bits_in_either_export(their_key: JWK) -> None:
    exports = [to_jwk(generate("A256KW"), private=True), their_key.export(as_dict=True)]
    assert [jwk.keys() for jwk in exports] == [{"kty", "k"}, {"kty", "k"}]
    assert [len(base64url.decode(jwk["k"].encode())) for jwk in exports] == [32, 32]


def test_a_secret_has_no_public_export() -> None:
    with pytest.raises(ValueError, match="no public part"):
        to_jwk(generate("A256KW"), private=False)


def test_a_key_is_generated_for_an_algorithm_that_exists() -> None:
    with pytest.raises(ValueError, match=r"PBES2-HS256\+A128KW is not one of HS256, .*ECDH-ES"):
        generate("PBES2-HS256+A128KW")


def test_a_key_is_generated_on_a_curve_that_its_algorithm_takes() -> None:
    with pytest.raises(ValueError, match="ECDH-ES does not take the curve P-521"):
        generate("ECDH-ES", crv="P-521")


@pytest.mark.parametrize(("crv", "kty"), [("P-256", "EC"), ("P-384", "EC"), ("X25519", "OKP")])
def test_a_pair_is_generated_on_the_curve_that_is_asked_for(crv: str, kty: str) -> None:
    public = to_jwk(generate("ECDH-ES", crv=crv), private=False)
    assert (public["crv"], public["kty"]) == (crv, kty)


@pytest.mark.parametrize(("enc", "size"), [("A128GCM", 16), ("A256GCM", 32), (None, 64)])
def test_a_direct_key_is_as_long_as_its_content_encryption_wants(
    enc: str | None, size: int
) -> None:
    key = generate("dir", enc=enc)
    assert isinstance(key, bytes)
    assert len(key) == size


PAIRS = ["RS256", "ES256", "ES384", "EdDSA", "ML-DSA-44", "RSA-OAEP-256", "ECDH-ES+A256KW"]


@pytest.fixture(scope="module")
def pairs() -> dict[str, Any]:
    """A generated pair for each algorithm; RSA keys are short, to be quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flask_tokenguard.keys.generate._RSA_BITS", 2048)
        generated = {alg: generate(alg) for alg in PAIRS}
    return {alg: pair for alg, pair in generated.items() if not isinstance(pair, bytes)}


def same(one: JWK, other: JWK) -> bool:
    """Return whether two keys have one thumbprint, and the same private part or none."""
    exports = [
        key.export(as_dict=True) if key.has_private else key.export_public(as_dict=True)
        for key in (one, other)
    ]
    for export in exports:
        export.pop("kid", None)
    return bool(exports[0] == exports[1])


@pytest.mark.parametrize("alg", PAIRS)
def test_our_json_is_read_by_them(pairs: dict[str, Any], alg: str) -> None:
    theirs = JWK.from_pyca(pairs[alg])
    assert same(JWK(**to_jwk(pairs[alg], private=True)), theirs)


@pytest.mark.parametrize("alg", PAIRS)
def test_our_public_json_is_theirs_and_holds_no_secret(pairs: dict[str, Any], alg: str) -> None:
    public = JWK(**to_jwk(pairs[alg], private=False))
    assert not public.has_private
    assert same(public, JWK.from_pyca(pairs[alg].public_key()))


@pytest.mark.parametrize("alg", PAIRS)
def test_our_pem_with_a_password_is_read_by_them(pairs: dict[str, Any], alg: str) -> None:
    written = to_pem(pairs[alg], "correct horse")
    assert written.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert same(JWK.from_pem(written, b"correct horse"), JWK.from_pyca(pairs[alg]))


@pytest.mark.parametrize("alg", PAIRS)
def test_our_public_pem_is_read_by_them(pairs: dict[str, Any], alg: str) -> None:
    theirs = JWK.from_pyca(pairs[alg].public_key())
    assert same(JWK.from_pem(to_public_pem(pairs[alg])), theirs)


@pytest.mark.parametrize("alg", PAIRS)
def test_their_json_is_read_by_us(pairs: dict[str, Any], alg: str) -> None:
    theirs = JWK.from_pyca(pairs[alg])
    exports = [theirs.export(), theirs.export_public()]
    ((private, _),), ((public, _),) = (read_material(exported) for exported in exports)
    assert to_jwk(private, private=True) == to_jwk(pairs[alg], private=True)
    assert to_jwk(public, private=True) == to_jwk(pairs[alg], private=False)


@pytest.mark.parametrize("alg", PAIRS)
def test_their_pem_with_a_password_is_read_by_us(pairs: dict[str, Any], alg: str) -> None:
    theirs = JWK.from_pyca(pairs[alg]).export_to_pem(private_key=True, password=b"correct horse")
    ((key, _),) = read_material(theirs.decode(), password="correct horse")
    assert to_jwk(key, private=True) == to_jwk(pairs[alg], private=True)


@pytest.mark.parametrize("alg", ["RSA-OAEP-256", "ECDH-ES+A256KW"])
def test_a_pair_in_pem_encrypts_the_tutorial_s_token(
    make_app: MakeApp, pairs: dict[str, Any], alg: str
) -> None:
    written = to_pem(pairs[alg], "correct horse").decode()
    setting = {"key": written, "password": "correct horse", "enc": "A256CBC-HS512"}
    guard = TokenGuard()
    app = make_app(guard, ENCRYPTION=setting)
    with app.app_context():
        nested = JWT(algs=[alg, "A256CBC-HS512"])
        nested.deserialize(guard.issue_token("123"), JWK.from_pyca(pairs[alg]))
    assert nested.claims.count(".") == 2
