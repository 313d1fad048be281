"""Nested tokens on the ordinary path (RFC 7519 section 5.2, RFC 7516): views notice nothing.

Tokens that our own issuer would not make are made with jwcrypto and with the standard library.
"""

import hashlib
import hmac
import json
import secrets
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask import Flask
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from flask_tokenguard import ConfigurationError, TokenGuard
from flask_tokenguard.errors import InvalidToken, IssueError
from flask_tokenguard.keys.ring_files import make

from ..conftest import MakeApp
from ..support import Config, SettableClock, bearer

KEY = secrets.token_urlsafe(24)

ENCS = ["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"]
ANSWER = "The token cannot be decrypted"
BODY = json.dumps({"error": "invalid_token", "error_description": ANSWER}).encode()
ALL_ALGS = [
    *("A128KW", "A192KW", "A256KW", "dir", "A256GCMKW", "RSA1_5", "RSA-OAEP", "RSA-OAEP-256"),
    *("ECDH-ES", "ECDH-ES+A256KW", "PBES2-HS256+A128KW", *ENCS, "A192GCM"),
]

Jwk = dict[str, str]


def encoded(value: object) -> str:
    """Write octets, or JSON, in base64url."""
    octets = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def oct_jwk(size: int = 32, **said: str) -> Jwk:
    """Make a secret key."""
    return {"kty": "oct", "k": encoded(secrets.token_bytes(size)), **said}


def pem(key: rsa.RSAPrivateKey | x25519.X25519PrivateKey, password: str | None = None) -> str:
    """Write a private key."""
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def public_pem(key: rsa.RSAPrivateKey | x25519.X25519PrivateKey) -> str:
    """Write its public key."""
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def sealed_object(plaintext: str | bytes, key: JWK, **header: Any) -> JWE:
    """Encrypt anything at all with jwcrypto; a header member that is None is left out."""
    members = {"alg": "A256KW", "enc": "A256CBC-HS512", **header}
    protected = {name: value for name, value in members.items() if value is not None}
    writer = JWE(plaintext, json.dumps(protected), algs=ALL_ALGS)
    writer.add_recipient(key)
    return writer


def sealed(plaintext: str | bytes, key: Jwk, **header: Any) -> str:
    """Encrypt to the compact serialization."""
    token: str = sealed_object(plaintext, JWK(**key), **header).serialize(compact=True)
    return token


def signed(secret: str, header: object = None, **claims: Any) -> str:
    """Sign with HS256 what every token must say, changed by some claims; None leaves one out."""
    now = int(time.time())
    said = {"sub": "alice", "jti": "1", "iat": now, "exp": now + 600, **claims}
    payload = {name: value for name, value in said.items() if value is not None}
    signing_input = f"{encoded(header or {'alg': 'HS256', 'typ': 'at+jwt'})}.{encoded(payload)}"
    signature = hmac.digest(secret.encode(), signing_input.encode(), hashlib.sha256)
    return f"{signing_input}.{encoded(signature)}"


def guard_of(app: Flask) -> TokenGuard:
    """Find the guard of an app."""
    guard: TokenGuard = app.extensions["guard"]
    return guard


def answer(app: Flask, token: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """Ask the guarded route; all that goes over the wire."""
    response = app.test_client().get("/claims", headers=bearer(token))
    return response.status, response.headers.to_wsgi_list(), response.data


def status(app: Flask, token: str) -> int:
    """Ask the guarded route."""
    return app.test_client().get("/claims", headers=bearer(token)).status_code


def reason(app: Flask, token: str) -> str:
    """Be refused outside a request, and read why."""
    with pytest.raises(InvalidToken) as caught:
        guard_of(app).verify(token)
    return caught.value.description


@pytest.fixture
def key() -> Jwk:
    """What encrypts."""
    return oct_jwk()


@pytest.fixture
def encryption(key: Jwk) -> Config:
    """The setting of the tutorials."""
    return {"key": key, "alg": "A256KW", "enc": "A256CBC-HS512"}


@pytest.fixture
def app(make_app: MakeApp, encryption: Config) -> Flask:
    """An app whose tokens are encrypted, and must be."""
    return make_app(ENCRYPTION=encryption)


@pytest.fixture
def lenient_app(make_app: MakeApp, encryption: Config) -> Flask:
    """An app that takes both kinds."""
    return make_app(ENCRYPTION={**encryption, "required": False})


@pytest.fixture
def plain_app(make_app: MakeApp) -> Flask:
    """An app with the same secret that does not encrypt."""
    return make_app()


@pytest.fixture
def inner(secret: str) -> str:
    """A good token that is only signed."""
    return signed(secret)


# What is issued


def test_an_issued_token_has_five_parts_and_is_served(app: Flask) -> None:
    token = guard_of(app).issue_token("alice", claims={"role": "editor"})
    response = app.test_client().get("/claims", headers=bearer(token))
    assert token.count(".") == 4
    assert (response.json or {})["role"] == "editor"


def test_an_issued_token_says_that_it_holds_a_token(app: Flask) -> None:
    token = guard_of(app).issue_token("alice")
    header = JWE()
    header.deserialize(token)
    assert header.jose_header == {"cty": "JWT", "alg": "A256KW", "enc": "A256CBC-HS512"}


def test_an_issued_token_holds_exactly_one_signed_token(
    app: Flask, plain_app: Flask, key: Jwk
) -> None:
    reader = JWE(algs=ALL_ALGS)
    reader.deserialize(guard_of(app).issue_token("alice"), JWK(**key))
    assert guard_of(plain_app).verify(reader.payload.decode()).claims["sub"] == "alice"


def test_an_issued_token_names_its_key(make_app: MakeApp) -> None:
    app = make_app(ENCRYPTION={"key": oct_jwk(kid="one")})
    header = JWE()
    header.deserialize(guard_of(app).issue_token("alice"))
    assert header.jose_header["kid"] == "one"


def test_what_is_inside_keeps_its_own_header(app: Flask) -> None:
    token = guard_of(app).issue_token("alice", header={"x-tenant": "blue"})
    header = guard_of(app).verify(token).header
    assert (header["alg"], header["typ"], header["x-tenant"]) == ("HS256", "at+jwt", "blue")


def test_an_encrypted_token_that_would_be_too_long_is_not_issued(
    make_app: MakeApp, encryption: Config
) -> None:
    app = make_app(ENCRYPTION=encryption, MAX_TOKEN_SIZE=512)
    with pytest.raises(IssueError, match="TOKENGUARD_MAX_TOKEN_SIZE is 512"):
        guard_of(app).issue_token("alice", claims={"x": "y" * 100})


@pytest.mark.parametrize(
    ("settings", "claims"),
    [
        pytest.param({"key": oct_jwk()}, {"x": "y" * 60_000}, id="much is said in it"),
        pytest.param({"key": oct_jwk(kid="k" * 900)}, {}, id="its key has a long name"),
    ],
)
def test_what_is_issued_is_read_again_however_long(
    make_app: MakeApp, settings: Config, claims: dict[str, str]
) -> None:
    guard = guard_of(make_app(ENCRYPTION=settings, MAX_TOKEN_SIZE=200_000))
    assert guard.verify(guard.issue_token("alice", claims=claims)).claims["sub"] == "alice"


# What is accepted


@pytest.mark.parametrize("cty", [None, "JWT", "jwt", "application/jwt"])
def test_a_token_may_or_may_not_say_that_it_holds_one(
    app: Flask, inner: str, key: Jwk, cty: str | None
) -> None:
    assert status(app, sealed(inner, key, cty=cty)) == 200


@pytest.mark.parametrize("enc", ENCS)
@pytest.mark.parametrize(("alg", "size"), [("A128KW", 16), ("A256KW", 32), ("A256GCMKW", 32)])
def test_a_token_that_another_library_has_made_is_served(
    make_app: MakeApp, inner: str, alg: str, size: int, enc: str
) -> None:
    key = oct_jwk(size)
    app = make_app(ENCRYPTION={"key": key, "alg": alg, "enc": enc})
    assert status(app, sealed(inner, key, alg=alg, enc=enc)) == 200


def test_a_bare_token_is_refused_where_encryption_is_required(app: Flask, inner: str) -> None:
    assert reason(app, inner) == "The token is not encrypted"


def test_encryption_is_required_unless_said_otherwise(
    make_app: MakeApp, encryption: Config, inner: str
) -> None:
    assert status(make_app(ENCRYPTION={**encryption, "required": True}), inner) == 401
    assert status(make_app(ENCRYPTION=encryption), inner) == 401


def test_both_kinds_are_served_where_encryption_is_not_required(
    lenient_app: Flask, inner: str, key: Jwk
) -> None:
    assert [status(lenient_app, token) for token in (inner, sealed(inner, key))] == [200, 200]


def test_encryption_that_is_not_required_is_still_written(lenient_app: Flask) -> None:
    assert guard_of(lenient_app).issue_token("alice").count(".") == 4


def test_an_encrypted_token_is_refused_where_nothing_decrypts(
    plain_app: Flask, inner: str, key: Jwk
) -> None:
    assert reason(plain_app, sealed(inner, key)) == "The token is not a compact JWS"


@pytest.mark.parametrize("location", ["query", "form", "json"])
def test_an_encrypted_token_is_found_where_any_token_is(
    make_app: MakeApp, encryption: Config, inner: str, key: Jwk, location: str
) -> None:
    app = make_app(ENCRYPTION=encryption, TOKEN_LOCATIONS=[location])
    app.add_url_rule("/note", view_func=app.view_functions["claims"], methods=["GET", "POST"])
    said = {"access_token": sealed(inner, key)}
    client = app.test_client()
    ask: dict[str, Callable[[], Any]] = {
        "query": lambda: client.get("/note", query_string=said),
        "form": lambda: client.post("/note", data=said),
        "json": lambda: client.post("/note", json=said),
    }
    assert ask[location]().status_code == 200


# Every usual check applies inside


USUAL_FAULTS = [
    pytest.param({}, {"exp": 1}, id="expired"),
    pytest.param({}, {"exp": None}, id="no exp"),
    pytest.param({}, {"exp": "9999999999"}, id="exp is text"),
    pytest.param({}, {"nbf": 9_999_999_999}, id="not begun"),
    pytest.param({}, {"iat": None}, id="no iat"),
    pytest.param({}, {"iat": 9_999_999_999}, id="issued in the future"),
    pytest.param({}, {"sub": None}, id="no sub"),
    pytest.param({}, {"jti": None}, id="no jti"),
    pytest.param({}, {"aud": "https://other.example"}, id="another aud"),
    pytest.param({}, {"iss": "https://other.example"}, id="another iss"),
    pytest.param({}, {"cnf": {"jkt": "x"}}, id="bound to a key"),
    pytest.param({"typ": "JWT"}, {}, id="another typ"),
    pytest.param({"typ": "rt+jwt"}, {}, id="a refresh token"),
    pytest.param({"alg": "HS512"}, {}, id="another alg"),
    pytest.param({"alg": "none"}, {}, id="alg none"),
    pytest.param({"kid": "unknown"}, {}, id="an unknown kid"),
    pytest.param({"crit": ["exp"]}, {}, id="crit"),
]


@pytest.mark.parametrize(("header", "claims"), USUAL_FAULTS)
def test_a_token_is_refused_inside_as_it_is_outside(
    app: Flask,
    plain_app: Flask,
    secret: str,
    key: Jwk,
    header: dict[str, Any],
    claims: dict[str, Any],
) -> None:
    inner = signed(secret, {"alg": "HS256", "typ": "at+jwt", **header}, **claims)
    assert answer(app, sealed(inner, key)) == answer(plain_app, inner)
    assert status(app, sealed(inner, key)) == 401


def test_a_forged_signature_inside_is_refused(app: Flask, key: Jwk) -> None:
    forged = signed(secrets.token_urlsafe(64))
    assert reason(app, sealed(forged, key)) == "The token's signature is not valid"


def test_the_key_that_encrypts_does_not_sign(app: Flask, key: Jwk) -> None:
    assert reason(app, sealed(signed(key["k"]), key)) == "The token's signature is not valid"


def test_an_encrypted_token_expires(make_app: MakeApp, encryption: Config) -> None:
    clock = SettableClock(time.time())
    guard = TokenGuard(clock=clock)
    app = make_app(guard, ENCRYPTION=encryption)
    token = guard.issue_token("alice", lifetime=60)
    before = status(app, token)
    clock.now += 60
    assert (before, status(app, token)) == (200, 401)


def test_an_app_s_own_rule_sees_what_is_inside(make_app: MakeApp, encryption: Config) -> None:
    seen = []
    guard = TokenGuard(validators=[lambda token: seen.append(token.claims["sub"])])
    app = make_app(guard, ENCRYPTION=encryption)
    assert (status(app, guard.issue_token("alice")), seen) == (200, ["alice"])


# Exactly one signed token inside


def test_a_token_is_not_nested_twice(app: Flask, inner: str, key: Jwk) -> None:
    assert reason(app, sealed(sealed(inner, key), key)) == "The token is not a compact JWS"


@pytest.mark.parametrize(
    "plaintext",
    [
        pytest.param('{"sub":"alice"}', id="claims alone"),
        pytest.param(f"{encoded({'alg': 'none'})}.{encoded({'sub': 'alice'})}.", id="unsigned"),
        pytest.param(encoded({"sub": "alice"}), id="one part"),
        pytest.param("a.b", id="two parts"),
        pytest.param("a.b.c.d", id="four parts"),
        pytest.param("", id="nothing"),
        pytest.param(" ", id="a blank"),
    ],
)
def test_what_is_inside_must_be_signed(app: Flask, key: Jwk, plaintext: str) -> None:
    assert status(app, sealed(plaintext, key)) == 401


@pytest.mark.parametrize("space", [" ", "\n", "\t", "\0"])
def test_what_is_inside_has_nothing_around_it(app: Flask, inner: str, key: Jwk, space: str) -> None:
    assert [status(app, sealed(text, key)) for text in (inner + space, space + inner)] == [401, 401]


def test_two_signed_tokens_inside_are_refused(app: Flask, inner: str, key: Jwk) -> None:
    assert status(app, sealed(f"{inner} {inner}", key)) == 401


# Decryption faults have one and the same answer


class Given(NamedTuple):
    """What a faulty token is made of."""

    key: Jwk
    inner: str
    parts: list[str]

    def with_part(self, position: int, change: Callable[[str], str]) -> str:
        """Change one part of the good token."""
        parts = list(self.parts)
        parts[position] = change(parts[position])
        return ".".join(parts)


def _flip(part: str) -> str:
    return ("B" if part[0] == "A" else "A") + part[1:]


HEADER = {"alg": "A256KW", "enc": "A256CBC-HS512"}


def _next(character: str) -> str:
    """Set an unused bit of a part's last character."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(character) + 1]


FAULTS: dict[str, Callable[[Given], str]] = {
    "another header": lambda given: given.with_part(0, lambda _: encoded({"alg": "A256KW"})),
    "a changed header": lambda given: given.with_part(0, _flip),
    "a changed encrypted key": lambda given: given.with_part(1, _flip),
    "a changed initialization vector": lambda given: given.with_part(2, _flip),
    "a changed ciphertext": lambda given: given.with_part(3, _flip),
    "a changed last block": lambda given: given.with_part(3, lambda part: part[:-24] + "A" * 24),
    "a changed tag": lambda given: given.with_part(4, _flip),
    "a shorter tag": lambda given: given.with_part(4, lambda part: part[:-4]),
    "no header": lambda given: given.with_part(0, lambda _: ""),
    "no encrypted key": lambda given: given.with_part(1, lambda _: ""),
    "no initialization vector": lambda given: given.with_part(2, lambda _: ""),
    "no ciphertext": lambda given: given.with_part(3, lambda _: ""),
    "no tag": lambda given: given.with_part(4, lambda _: ""),
    "a foreign character": lambda given: given.with_part(4, lambda part: "~" + part[1:]),
    "a second spelling": lambda given: given.with_part(4, lambda part: part[:-1] + _next(part[-1])),
    "another key": lambda given: sealed(given.inner, oct_jwk()),
    "an unknown kid": lambda given: sealed(given.inner, given.key, kid="unknown"),
    "a kid that is a number": lambda given: sealed(given.inner, given.key, kid=7),
    "cty JSON": lambda given: sealed(given.inner, given.key, cty="application/json"),
    "zip": lambda given: sealed(given.inner, given.key, zip="DEF"),
    "crit": lambda given: given.with_part(0, lambda _: encoded({**HEADER, "crit": ["exp"]})),
    "PBES2": lambda given: sealed(given.inner, given.key, alg="PBES2-HS256+A128KW"),
    "alg dir": lambda given: sealed(given.inner, given.key, alg="dir", enc="A256GCM"),
    "alg A256GCMKW": lambda given: sealed(given.inner, given.key, alg="A256GCMKW"),
    "alg none": lambda given: given.with_part(0, lambda _: encoded({**HEADER, "alg": "none"})),
    "enc A256GCM": lambda given: sealed(given.inner, given.key, enc="A256GCM"),
    "enc A128CBC-HS256": lambda given: sealed(given.inner, given.key, enc="A128CBC-HS256"),
    "enc A192GCM": lambda given: sealed(given.inner, given.key, enc="A192GCM"),
    "no enc": lambda given: given.with_part(0, lambda _: encoded({"alg": "A256KW"})),
    "no ASCII inside": lambda given: sealed(b"\xff" + given.inner.encode(), given.key),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_decryption_fault_has_the_same_answer(
    app: Flask, inner: str, key: Jwk, fault: str
) -> None:
    given = Given(key, inner, sealed(inner, key).split("."))
    assert answer(app, FAULTS[fault](given)) == (
        "401 UNAUTHORIZED",
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(BODY))),
            (
                "WWW-Authenticate",
                f'Bearer realm="{app.name}", error="invalid_token", error_description="{ANSWER}"',
            ),
        ],
        BODY,
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_a_decryption_fault_looks_the_same_if_optional(
    lenient_app: Flask, inner: str, key: Jwk, fault: str
) -> None:
    given = Given(key, inner, sealed(inner, key).split("."))
    assert reason(lenient_app, FAULTS[fault](given)) == ANSWER


def test_a_fault_is_logged_without_the_token(
    app: Flask, inner: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = sealed(inner, oct_jwk())
    with caplog.at_level("DEBUG"):
        status(app, token)
    assert ANSWER in caplog.text
    assert not any(part in caplog.text for part in (*token.split("."), *inner.split(".")))


@pytest.mark.parametrize("alg", ["RSA1_5", "RSA-OAEP"])
@pytest.mark.parametrize("names_key", [True, False])
def test_an_rsa_key_reads_nothing_but_oaep_with_sha_256(
    make_app: MakeApp, inner: str, rsa_key: rsa.RSAPrivateKey, alg: str, names_key: bool
) -> None:
    app = make_app(ENCRYPTION={"key": pem(rsa_key)})
    foreign = JWK.from_pem(public_pem(rsa_key).encode())
    kid = foreign.thumbprint() if names_key else None
    tokens = [
        sealed_object(inner, foreign, alg=name, enc="A256GCM", kid=kid).serialize(compact=True)
        for name in (alg, "RSA-OAEP-256")
    ]
    assert [status(app, token) for token in tokens] == [401, 200]
    assert answer(app, tokens[0])[2] == BODY


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    """A key pair."""
    return rsa.generate_private_key(65537, 2048)


def test_the_json_serialization_is_refused(app: Flask, inner: str, key: Jwk) -> None:
    writer = sealed_object(inner, JWK(**key))
    assert reason(app, writer.serialize()) == "The token is not encrypted"


def test_the_json_serialization_is_refused_if_optional(
    lenient_app: Flask, inner: str, key: Jwk
) -> None:
    writer = sealed_object(inner, JWK(**key))
    assert reason(lenient_app, writer.serialize()) == "The token is not a compact JWS"


def test_the_json_serialization_with_four_dots_in_it_is_refused(
    app: Flask, inner: str, key: Jwk
) -> None:
    writer = sealed_object(inner, JWK(**key), kid="")
    assert reason(app, json.dumps({**json.loads(writer.serialize()), "x": "...."})) == ANSWER


def test_a_token_that_is_too_long_is_not_decrypted(
    make_app: MakeApp, encryption: Config, secret: str, key: Jwk
) -> None:
    app = make_app(ENCRYPTION=encryption, MAX_TOKEN_SIZE=512)
    assert reason(app, sealed(signed(secret, x="y" * 200), key)) == "The token is too long"


# Keys, and their rotation


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
    assert [status(after, token) for token in tokens] == [200, 200]


def test_a_key_is_rotated_by_its_name(make_app: MakeApp, secret: str) -> None:
    keys = [
        {"value": secret},
        *({"value": oct_jwk(kid=name), "use": "enc"} for name in ("old", "new")),
    ]
    before, after = (make_app(KEYS=keys, ENCRYPTION={"kid": name}) for name in ("old", "new"))
    tokens = [guard_of(app).issue_token("alice") for app in (before, after)]
    assert [status(app, token) for app in (before, after) for token in tokens] == [200] * 4


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
    assert status(after, guard_of(before).issue_token("alice")) == 200


@pytest.mark.parametrize(("others", "expected"), [(3, 200), (4, 401)])
def test_a_token_without_a_kid_is_tried_with_four_keys_at_most(
    make_app: MakeApp, secret: str, inner: str, key: Jwk, others: int, expected: int
) -> None:
    keys = [{"value": secret}, *({"value": oct_jwk(), "use": "enc"} for _ in range(others))]
    app = make_app(KEYS=keys, ENCRYPTION={"key": key, "enc": "A256GCM"})
    token = sealed(inner, key, enc="A256GCM")
    assert status(app, token) == expected


def test_an_app_with_a_public_key_issues_what_another_reads(
    make_app: MakeApp, secret: str, rsa_key: rsa.RSAPrivateKey
) -> None:
    writer = make_app(KEY=secret, ENCRYPTION={"key": public_pem(rsa_key)})
    reader = make_app(KEY=secret, ENCRYPTION={"key": pem(rsa_key)})
    token = guard_of(writer).issue_token("alice")
    assert (status(reader, token), reason(writer, token)) == (200, ANSWER)


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
    assert [status(app, token) for app in (by_name, by_value)] == [200, 200]


def test_one_pair_may_serve_both_under_its_thumbprint(
    make_app: MakeApp, rsa_key: rsa.RSAPrivateKey
) -> None:
    kid = JWK.from_pem(public_pem(rsa_key).encode()).thumbprint()
    app = make_app(KEY=pem(rsa_key), ENCRYPTION={"kid": kid})
    assert status(app, guard_of(app).issue_token("alice")) == 200


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


# Settings


def faults(make_app: MakeApp, **settings: Any) -> str:
    """Fail to start, and read why."""
    with pytest.raises(ConfigurationError) as caught:
        make_app(**settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        pytest.param("A256KW", "must be an object", id="text"),
        pytest.param(["key"], "must be an object", id="a list"),
        pytest.param({"key": KEY, "zip": "DEF"}, "has an unknown member zip", id="zip"),
        pytest.param({}, "must have exactly one of key, key_file and kid", id="empty"),
        pytest.param({"enc": "A256GCM"}, "must have exactly one of", id="no key"),
        pytest.param({"key": KEY, "kid": "x"}, "must have exactly one of", id="two keys"),
        pytest.param({"key": 1}, ".key is a number where text is wanted", id="a number"),
        pytest.param({"key": ""}, ".key must be text that is not empty", id="an empty key"),
        pytest.param({"key": KEY, "enc": 1}, ".enc is a number", id="a number for enc"),
        pytest.param({"key": KEY, "required": "False"}, ".required must be true", id="text"),
        pytest.param({"key": KEY, "required": 0}, ".required must be true or false", id="0"),
        pytest.param({"kid": "zz"}, "names 0 keys; it must name one", id="an unknown kid"),
        pytest.param({"key": KEY[:31]}, "the key is oct of 248 bits", id="a short secret"),
        pytest.param({"key": KEY, "alg": "A128KW"}, "which A128KW does not", id="other alg"),
        pytest.param({"key": KEY, "alg": "RSA1_5"}, "is not supported", id="RSA1_5"),
        pytest.param({"key": KEY, "alg": "PBES2-HS256+A128KW"}, "is not sup", id="PBES2"),
        pytest.param({"key": KEY, "enc": "A192GCM"}, "is not supported", id="A192GCM"),
        pytest.param({"key": KEY, "alg": "dir", "enc": "A256CBC-HS512"}, "256 bits long", id="dir"),
        pytest.param({"key_file": "/none"}, "file cannot be read: No such", id="no file"),
        pytest.param({"key": oct_jwk(use="sig")}, "has the use 'sig'", id="use sig"),
        pytest.param({"key": oct_jwk(alg="HS256")}, "'HS256', which is not", id="alg HS256"),
        pytest.param({"key": oct_jwk(alg="dir"), "alg": "A256KW"}, "beside it", id="two algs"),
        pytest.param({"key": {"keys": [oct_jwk(), oct_jwk()]}}, "names 2 keys", id="a set"),
        pytest.param({"key": KEY, "password": "p"}, "has a password, and is not", id="a password"),
    ],
)
def test_a_faulty_setting_is_refused_at_start(make_app: MakeApp, value: Any, fault: str) -> None:
    message = faults(make_app, ENCRYPTION=value)
    assert message.startswith("TOKENGUARD_ENCRYPTION")
    assert fault in message


def test_a_key_has_one_password(make_app: MakeApp, rsa_key: rsa.RSAPrivateKey) -> None:
    setting = {"key": pem(rsa_key, "right"), "password": "right", "password_file": "/none"}
    assert "must have one of password and password_file" in faults(make_app, ENCRYPTION=setting)


def test_a_key_that_is_named_has_no_password_here(make_app: MakeApp) -> None:
    setting = {"kid": "one", "password": "right"}
    assert "password" in faults(make_app, KEY=oct_jwk(kid="one"), ENCRYPTION=setting)


def test_a_key_for_encryption_needs_the_setting(make_app: MakeApp, secret: str) -> None:
    keys = [{"value": secret}, {"value": oct_jwk(use="enc")}]
    assert faults(make_app, KEYS=keys) == (
        "TOKENGUARD_KEYS[1]: the key has the use 'enc'; see TOKENGUARD_ENCRYPTION"
    )


@pytest.mark.parametrize("alg", ["A256KW", "A256GCMKW", "dir"])
def test_a_key_with_an_alg_for_encryption_is_for_encryption(
    make_app: MakeApp, secret: str, alg: str
) -> None:
    keys = [{"value": secret}, {"value": oct_jwk(alg=alg)}]
    assert "TOKENGUARD_KEYS[1]: the key has the use 'enc'" in faults(make_app, KEYS=keys)


def test_a_fault_in_an_old_key_names_that_key(make_app: MakeApp, secret: str) -> None:
    keys = [{"value": secret}, {"value": oct_jwk(33, use="enc")}]
    message = faults(make_app, KEYS=keys, ENCRYPTION={"key": oct_jwk()})
    assert message.startswith("TOKENGUARD_KEYS[1]: the key is oct of 264 bits")


def test_a_key_named_for_encryption_must_not_be_for_signatures(make_app: MakeApp) -> None:
    key = oct_jwk(kid="one", use="sig")
    assert "has the use 'sig'" in faults(make_app, KEY=key, ENCRYPTION={"kid": "one"})


def test_two_keys_for_encryption_must_not_have_one_name(make_app: MakeApp, secret: str) -> None:
    keys = [{"value": secret}, {"value": oct_jwk(kid="one", use="enc")}]
    message = faults(make_app, KEYS=keys, ENCRYPTION={"key": oct_jwk(kid="one")})
    assert "has the kid 'one' twice" in message


def test_a_named_key_s_alg_is_not_said_twice(make_app: MakeApp, secret: str) -> None:
    keys = [{"value": secret}, {"value": oct_jwk(kid="one", alg="A256KW")}]
    message = faults(make_app, KEYS=keys, ENCRYPTION={"kid": "one", "alg": "dir"})
    assert "has the alg 'A256KW', and 'dir' beside it" in message


def test_a_key_for_encryption_alone_does_not_sign(make_app: MakeApp) -> None:
    app = make_app(KEYS=[{"value": oct_jwk(kid="one", use="enc")}], ENCRYPTION={"kid": "one"})
    with pytest.raises(ConfigurationError, match="No key can sign"):
        guard_of(app).issue_token("alice")


def test_the_setting_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    setting = {"key": oct_jwk(), "enc": "A256CBC-HS512", "required": False}
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY", json.dumps(secret))
    monkeypatch.setenv("FLASK_TOKENGUARD_ENCRYPTION", json.dumps(setting))
    app = Flask(__name__)
    app.config.from_prefixed_env()
    assert TokenGuard(app).issue_token("alice").count(".") == 4


def test_a_key_is_read_from_an_encrypted_file(
    make_app: MakeApp, rsa_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    (tmp_path / "enc.pem").write_text(pem(rsa_key, "right") + "\n")
    (tmp_path / "password").write_text("right\n")
    app = make_app(
        ENCRYPTION={
            "key_file": str(tmp_path / "enc.pem"),
            "password_file": str(tmp_path / "password"),
        }
    )
    assert status(app, guard_of(app).issue_token("alice")) == 200


def test_joserfc_is_named_where_it_is_not_installed(
    make_app: MakeApp, encryption: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "joserfc", None)
    message = faults(make_app, ENCRYPTION=encryption)
    assert "pip install 'flask-tokenguard[jwe]'" in message


def test_joserfc_that_is_not_installed_hides_no_other_fault(
    make_app: MakeApp, encryption: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "joserfc", None)
    message = faults(make_app, ENCRYPTION=encryption, LEEWAY=-1)
    assert "TOKENGUARD_LEEWAY" in message
    assert "flask-tokenguard[jwe]" in message


def test_joserfc_is_not_needed_without_encryption(
    make_app: MakeApp, inner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "joserfc", None)
    assert status(make_app(), inner) == 200


# Secrets stay secret


@pytest.mark.parametrize("size", [32, 33])
def test_a_secret_is_in_no_message_and_no_repr(make_app: MakeApp, size: int) -> None:
    key = oct_jwk(size)
    try:
        parts = make_app(ENCRYPTION={"key": key}).extensions["tokenguard"]
        said = f"{parts!r} {parts.settings!r} {parts.settings.encryption!r}"
    except ConfigurationError as error:
        said = f"{error!r} {error} {error.faults}"
    assert "ncryption" in said or "ENCRYPTION" in said
    assert key["k"] not in said


@pytest.mark.parametrize("password", ["right horse", "wrong horse"])
def test_a_password_is_in_no_message_and_no_repr(
    make_app: MakeApp, rsa_key: rsa.RSAPrivateKey, password: str
) -> None:
    setting = {"key": pem(rsa_key, "right horse"), "password": password}
    try:
        said = repr(make_app(ENCRYPTION=setting).extensions["tokenguard"].settings)
    except ConfigurationError as error:
        said = str(error)
    assert "horse" not in said
    assert "PRIVATE KEY" not in said
