"""Nested tokens: decryption faults have one and the same answer."""

import json
from collections.abc import Callable
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from jwcrypto.jwk import JWK

from ...conftest import MakeApp
from ...jose.tokens import encoded
from ...support import Config, status_of
from .support import (
    ANSWER,
    Jwk,
    answer,
    oct_jwk,
    pem,
    public_pem,
    reason,
    sealed,
    sealed_object,
    signed,
)

BODY = json.dumps({"error": "invalid_token", "error_description": ANSWER}).encode()


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
        status_of(app, token)
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
    assert [status_of(app, token) for token in tokens] == [401, 200]
    assert answer(app, tokens[0])[2] == BODY


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
