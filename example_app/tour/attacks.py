"""Attacks: what somebody without the right token tries, each in a request or a few.

An attacker reads and changes tokens by hand, as anyone can without a key.
"""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask

from flask_tokenguard import issue_token, issue_token_pair

from .elsewhere import guard_like
from .exchange import members_of
from .narrator import Expected, Narrator

INVALID_TOKEN = Expected(401, {"error": "invalid_token"})
REFUSED_GRANT = Expected(400, holds="invalid_grant")
NEW_PAIR = Expected(200, holds="refresh_token")


class Victim(NamedTuple):
    """The user whose token is attacked.

    Attributes:
        app: The app that issued it.
        subject: The user's id.
        cookie: The `Cookie` header that the user's browser sends.
    """

    app: Flask
    subject: str
    cookie: str

    def token(self, **options: Any) -> str:
        """Issue a token of the victim's."""
        with self.app.app_context():
            return issue_token(self.subject, scope="notes:read", **options)


class Attack(NamedTuple):
    """One way to try.

    Attributes:
        name: Its name in a form.
        title: Its name on a button.
        why: Why it fails, in a sentence.
        play: Plays it.
    """

    name: str
    title: str
    why: str
    play: Callable[[Narrator, Victim], None]


def _expired(narrator: Narrator, victim: Victim) -> None:
    yesterday = guard_like(victim.app, clock=lambda: time.time() - 86_400)
    token = yesterday.issue_token(victim.subject, scope="notes:read")
    narrator.ask("A token of yesterday, found in a log.", "GET /me", INVALID_TOKEN, token=token)


def _promoted(narrator: Narrator, victim: Victim) -> None:
    header, _, signature = victim.token().split(".")
    payload = _segment(members_of(victim.token()) | {"role": "admin"})
    narrator.ask(
        "The claims are changed: now the role is admin.",
        "GET /admin/users",
        INVALID_TOKEN,
        token=f"{header}.{payload}.{signature}",
    )


def _unsigned(narrator: Narrator, victim: Victim) -> None:
    token = victim.token()
    header = _segment(members_of(token, 0) | {"alg": "none"})
    narrator.ask(
        "The signature is taken off, and the header states that there is none.",
        "GET /me",
        INVALID_TOKEN,
        token=f"{header}.{token.split('.')[1]}.",
    )


def _forged(narrator: Narrator, victim: Victim) -> None:
    token, key = victim.token(), ec.generate_private_key(ec.SECP256R1())
    forged = jwt.encode(members_of(token), key, algorithm="ES256", headers=members_of(token, 0))
    narrator.ask(
        "The same header and claims, signed with a key of the attacker's own.",
        "GET /me",
        INVALID_TOKEN,
        token=forged,
    )


def _confused(narrator: Narrator, victim: Victim) -> None:
    path = victim.app.config.get("TOKENGUARD_JWKS_PATH", "/.well-known/jwks.json")
    published = narrator.ask(
        "The attacker fetches the public keys, as anyone may.", f"GET {path}", Expected(200)
    )
    token = victim.token()
    kid = members_of(token, 0)["kid"]
    (jwk,) = (key for key in published.json()["keys"] if key["kid"] == kid)
    secret = jwt.PyJWK(jwk).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_segment(members_of(token, 0) | {'alg': 'HS256'})}.{token.split('.')[1]}"
    signature = hmac.digest(secret, signed.encode(), "sha256")
    narrator.ask(
        "The public key is used as the secret of an HMAC, and the header states HS256.",
        "GET /me",
        INVALID_TOKEN,
        token=f"{signed}.{_encoded(signature)}",
    )


def _for_others(narrator: Narrator, victim: Victim) -> None:
    narrator.ask(
        "A good token of the same issuer, which was made for its shop.",
        "GET /me",
        INVALID_TOKEN,
        token=victim.token(audience="shop"),
    )


def _spent(narrator: Narrator, victim: Victim) -> None:
    with victim.app.app_context():
        pair: dict[str, Any] = {**issue_token_pair(victim.subject, origin="Try to break in")}
    spent = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    for sentence in ("The app refreshes its session.", "It refreshes again."):
        form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        pair = narrator.ask(sentence, "POST /oauth/token", NEW_PAIR, form=form).json()
    narrator.ask(
        "An attacker sends the first refresh token.", "POST /oauth/token", REFUSED_GRANT, form=spent
    )


def _from_elsewhere(narrator: Narrator, victim: Victim) -> None:
    narrator.ask(
        "A form on evil.example posts to this app, and the browser sends the user's cookies.",
        "POST /notes",
        Expected(403, holds="cross_site"),
        headers={
            "Origin": "https://evil.example",
            "Sec-Fetch-Site": "cross-site",
            "Cookie": victim.cookie,
        },
        body={"text": "Bought by mistake"},
    )


ATTACKS = (
    Attack(
        "expired",
        "A token that has expired",
        "Each token has an end in its claim exp, and from that second on it opens nothing.",
        _expired,
    ),
    Attack(
        "promoted",
        "Claims that were changed",
        "The signature covers every octet of the claims, so it no longer fits.",
        _promoted,
    ),
    Attack(
        "forged",
        "A forged signature",
        "The kid names a key of ours, and a signature by any other key does not fit it.",
        _forged,
    ),
    Attack(
        "unsigned",
        "No signature at all",
        "A key is bound to one algorithm, and none is not an algorithm here.",
        _unsigned,
    ),
    Attack(
        "confused",
        "Algorithm confusion",
        "The key decides on the algorithm, not the header: a public key never serves as a secret.",
        _confused,
    ),
    Attack(
        "audience",
        "A token for another audience",
        "Its claim aud names the app that it was made for, and that is another one.",
        _for_others,
    ),
    Attack(
        "spent",
        "A spent refresh token",
        "A refresh token is good once: when it comes again, somebody has a copy and the session"
        " ends.",
        _spent,
    ),
    Attack(
        "elsewhere",
        "A request from another origin",
        "The browser names where a request comes from, and a page cannot change that.",
        _from_elsewhere,
    ),
)


def _segment(members: dict[str, Any]) -> str:
    return _encoded(json.dumps(members).encode())


def _encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
