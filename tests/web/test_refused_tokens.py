"""Tokens of other issuers that stay refused, whatever profile their entry has.

Each is made of a token that the profile accepts: by one change, or of another kind in its place.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flask_tokenguard.config.profiles import PROFILES
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey

from ..config.test_profiles import ACCESS_TOKENS, id_token
from ..interop.api import Api
from ..jose.test_jwk import public_jwk
from ..jose.tokens import encoded, signed

ISSUER = "https://id.example/"
AUDIENCES = ["api", "api://api", "c"]


class Maker:
    """Makes tokens of a profile's issuer, and of those who would be it.

    Attributes:
        name: The profile.
        key: The key that its API trusts.
        stranger: A key of somebody else.
        header, claims: Those of a token that is accepted.
        audience: The claim that names us.
    """

    def __init__(self, name: str, keys: Mapping[str, PrivateKey]) -> None:
        typ, claims = ACCESS_TOKENS[name]
        now = int(time.time())
        self.name = name
        self.key = Key(keys["RS256"], kid="1")
        self.stranger = keys["ES256"]
        self._private = keys["RS256"]
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "1"} | ({"typ": typ} if typ else {})
        self.claims = {**claims, "iss": ISSUER, "iat": now, "exp": now + 300}
        self.audience = PROFILES[name].audience_claim

    def token(self, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """Sign a token with these changes; None leaves a member out."""
        return signed(self.key, self.claims_with(claims), self.header_with(header))

    def header_with(self, changes: Mapping[str, Any] | None) -> dict[str, Any]:
        return _changed(self.header, changes or {})

    def claims_with(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        return _changed(self.claims, changes)

    def for_whom(self, audience: Any) -> str:
        """Sign a token for another audience, wherever the profile has it."""
        return self.token(**{self.audience: audience})

    def kind(self, typ: Any, **claims: Any) -> str:
        """Sign a token of another kind, which has the header's typ, for us."""
        return self.token({"typ": typ}, **claims)

    def id_token(self, flow: str, **claims: Any) -> str:
        """Sign the ID token of a flow, for the client."""
        typ, given = id_token(self.name, flow)
        now = int(time.time())
        times = {"iss": ISSUER, "iat": now, "exp": now + 300}
        return signed(self.key, {**given, **times, **claims}, self.header_with({"typ": typ}))

    def hmac(self, secret: bytes, alg: str = "HS256") -> str:
        """Sign with a secret that everybody knows."""
        signing_input = f"{encoded({**self.header, 'alg': alg})}.{encoded(self.claims)}"
        digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
        return f"{signing_input}.{encoded(hmac.digest(secret, signing_input.encode(), digest))}"

    def unsigned(self, alg: Any, signature: bytes = b"") -> str:
        """Write a token with a header of its own, and any signature."""
        header = self.header_with({"alg": alg})
        return f"{encoded(header)}.{encoded(self.claims)}.{encoded(signature)}"

    def forged(self, **header: Any) -> str:
        """Sign with a key of one's own, which the header offers."""
        return signed(Key(self.stranger), self.claims, {**self.header, "alg": "ES256", **header})

    def by(self, alg: str) -> str:
        """Sign with the right key and another algorithm of its kind."""
        return signed(Key(self._private, alg=alg), self.claims, {**self.header, "alg": alg})

    def pem(self, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
        return self._private.public_key().public_bytes(Encoding.PEM, form)

    def parts(self) -> list[str]:
        return self.token().split(".")


def _changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**members, **changes}.items() if value is not None}


Make = Callable[[Maker], str]
LOGOUT: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
# ID tokens of the client that is our audience: Google's are accepted, on purpose.
OF_OUR_CLIENT: dict[str, Make] = {
    "ID token of id_token": lambda m: m.id_token("id_token"),
    "ID token of id_token token": lambda m: m.id_token("id_token token"),
    "ID token of code id_token": lambda m: m.id_token("code id_token"),
    "ID token of code id_token token": lambda m: m.id_token("code id_token token"),
}
KINDS: dict[str, Make] = {
    "another client's ID token of code": lambda m: m.id_token("code", aud="other"),
    "another client's ID token of id_token": lambda m: m.id_token("id_token", aud="other"),
    "another client's ID token of code token": lambda m: m.id_token("code token", aud="other"),
    "another client's ID token of all": lambda m: m.id_token("code id_token token", aud="other"),
    "a refresh token by its typ": lambda m: m.kind("rt+jwt"),
    "a refresh token for its issuer": lambda m: m.id_token("code", typ="Refresh", aud=ISSUER),
    "an offline token for its issuer": lambda m: m.id_token("code", typ="Offline", aud=ISSUER),
    "a logout token by its typ": lambda m: m.kind("logout+jwt", events={}),
    "a logout token of another client": lambda m: m.id_token("code", aud="other", events={}),
    "a logout token of our own client": lambda m: m.id_token("code", events=LOGOUT, sid="1"),
    "a DPoP proof": lambda m: m.kind("dpop+jwt"),
    "a security event": lambda m: m.kind("secevent+jwt"),
    "an answer of introspection": lambda m: m.kind("token-introspection+jwt"),
    "a request object": lambda m: m.kind("oauth-authz-req+jwt"),
    "a client's assertion": lambda m: m.kind("client-authentication+jwt"),
    "a key binding": lambda m: m.kind("kb+jwt"),
    "a session's cookie": lambda m: m.kind("better-auth.session-cache+jwt"),
    "a typ that begins alike": lambda m: m.kind("at+jwt+x"),
    "a typ that is no text": lambda m: m.kind(["at+jwt", "JWT"]),
    "a typ that is empty": lambda m: m.kind(""),
    "a token bound to a key": lambda m: m.token(cnf={"jkt": "x"}),
    "a token bound to a certificate": lambda m: m.token(cnf={"x5t#S256": "x"}),
}
ISSUERS: dict[str, Make] = {
    "without an issuer": lambda m: m.token(iss=None),
    "an unknown issuer": lambda m: m.token(iss="https://evil.example/"),
    "an issuer without its slash": lambda m: m.token(iss=ISSUER.rstrip("/")),
    "an issuer in capitals": lambda m: m.token(iss=ISSUER.upper()),
    "an issuer with more behind": lambda m: m.token(iss=f"{ISSUER}.evil.example/"),
    "several issuers": lambda m: m.token(iss=[ISSUER]),
    "an issuer that is an object": lambda m: m.token(iss={"iss": ISSUER}),
}
AUDIENCE: dict[str, Make] = {
    "another audience": lambda m: m.for_whom("files"),
    "no audience": lambda m: m.for_whom(None),
    "an empty list of audiences": lambda m: m.for_whom([]),
    "an audience in capitals": lambda m: m.for_whom("API"),
    "an audience among others in a text": lambda m: m.for_whom("api c"),
    "an audience in a list of lists": lambda m: m.for_whom([["api"]]),
    "an audience that is an object": lambda m: m.for_whom({"api": True}),
}
TIMES: dict[str, Make] = {
    "without an expiry": lambda m: m.token(exp=None),
    "expired": lambda m: m.token(exp=1),
    "an expiry that is a text": lambda m: m.token(exp=str(2**32)),
    "an expiry beyond all time": lambda m: m.token(exp=1e300),
    "not valid yet": lambda m: m.token(nbf=2**33),
    "issued in the future": lambda m: m.token(iat=2**33),
    "never valid": lambda m: m.token(nbf=m.claims["exp"]),
}
ALGORITHMS: dict[str, Make] = {
    "alg none": lambda m: m.unsigned("none"),
    "alg None": lambda m: m.unsigned("None"),
    "alg nOnE with a signature": lambda m: m.unsigned("nOnE", b"x" * 256),
    "without alg": lambda m: m.unsigned(None),
    "an alg that is empty": lambda m: m.unsigned(""),
    "an alg that is a list": lambda m: m.unsigned(["RS256"]),
    "an alg in small letters": lambda m: m.token({"alg": "rs256"}),
    "another alg of the same key": lambda m: m.by("PS256"),
    "another hash": lambda m: m.by("RS512"),
    "a signature of zeros": lambda m: m.unsigned("ES256", bytes(64)),
    "EdDSA of a key that is none": lambda m: m.unsigned("EdDSA", bytes(64)),
    "HMAC with the public key in PEM": lambda m: m.hmac(m.pem()),
    "HMAC with it in PKCS#1": lambda m: m.hmac(m.pem(PublicFormat.PKCS1), "HS384"),
    "HMAC with it without its last line break": lambda m: m.hmac(m.pem().strip(), "HS512"),
    "HMAC with an empty secret": lambda m: m.hmac(b""),
}
KEYS: dict[str, Make] = {
    "a key in the header": lambda m: m.forged(jwk=public_jwk(m.stranger)),
    "an address of keys": lambda m: m.forged(jku="https://evil.example/jwks"),
    "an address of certificates": lambda m: m.forged(x5u="https://evil.example/x5u"),
    "certificates in the header": lambda m: m.forged(x5c=["MIIB"]),
    "a key that is unknown": lambda m: m.token({"kid": "2"}),
    "a kid that is a path": lambda m: m.forged(kid="../../../../dev/null"),
    "a kid that is a number": lambda m: m.token({"kid": 1}),
    "another key by the same name": lambda m: signed(Key(m.stranger), m.claims, m.header),
    "a critical member that is unknown": lambda m: m.token({"crit": ["exp"], "exp": 1}),
    "a payload that is not encoded": lambda m: m.token({"crit": ["b64"], "b64": False}),
}
FORM: dict[str, Make] = {
    "without a signature": lambda m: ".".join([*m.parts()[:2], ""]),
    "half a signature": lambda m: m.token()[:-100],
    "a signature twice": lambda m: ".".join([*m.parts(), m.parts()[2]]),
    "two parts": lambda m: ".".join(m.parts()[:2]),
    "five parts": lambda m: ".".join([*m.parts(), "", ""]),
    "another payload": lambda m: ".".join(
        [m.parts()[0], encoded(m.claims_with({"sub": "mallory"})), m.parts()[2]]
    ),
    "padding": lambda m: ".".join([*m.parts()[:2], m.parts()[2] + "=="]),
    "a payload that is a list": lambda m: signed(m.key, b"[]", m.header),
    "a member twice": lambda m: signed(
        m.key, f'{json.dumps(m.claims)[:-1]}, "iss": "{ISSUER}"}}'.encode(), m.header
    ),
}
REFUSED = {**KINDS, **ISSUERS, **AUDIENCE, **TIMES, **ALGORITHMS, **KEYS, **FORM}


@pytest.fixture(scope="module")
def apis(private_keys: dict[str, PrivateKey]) -> dict[str, Api]:
    """An API for each profile, which trusts one RSA key."""
    keys = {"keys": [public_jwk(private_keys["RS256"], kid="1", alg="RS256")]}
    return {name: Api(ISSUER, profile=name, audience=AUDIENCES, keys=keys) for name in PROFILES}


@pytest.fixture(scope="module")
def makers(private_keys: dict[str, PrivateKey]) -> dict[str, Maker]:
    return {name: Maker(name, private_keys) for name in PROFILES}


def accepting(apis: dict[str, Api], makers: dict[str, Maker], make: Make) -> set[str]:
    """Name the profiles that accept a token; the others refuse it as bad."""
    statuses = {name: api.get(make(makers[name])).status_code for name, api in apis.items()}
    assert set(statuses.values()) <= {200, 401}
    return {name for name, status in statuses.items() if status == 200}


def test_the_token_that_they_are_made_of_is_accepted(
    apis: dict[str, Api], makers: dict[str, Maker]
) -> None:
    assert accepting(apis, makers, lambda m: m.token()) == PROFILES.keys()


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_a_token_stays_refused_by_every_profile(
    apis: dict[str, Api], makers: dict[str, Maker], make: Make
) -> None:
    assert accepting(apis, makers, make) == set()


@pytest.mark.parametrize("make", OF_OUR_CLIENT.values(), ids=OF_OUR_CLIENT)
def test_our_own_clients_id_token_is_google_s_alone(
    apis: dict[str, Api], makers: dict[str, Maker], make: Make
) -> None:
    assert accepting(apis, makers, make) == {"google"}
