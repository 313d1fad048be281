"""The least that a strict verifier can cost: every check of ours for one app with one key, flat.

Nothing can be configured, no token is refused with a reason, and a lone surrogate in an escape
or nesting sends a token to nobody. It is measured against, never used.
"""

import hmac
import json
import re
import time
from binascii import a2b_base64
from collections.abc import Callable
from hashlib import sha256
from math import isfinite
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from flask import Flask, abort, g
from flask.globals import request_ctx

from .note import ENDPOINT, serve_note

if TYPE_CHECKING:
    from .signing_keys import SigningKey

Claims: TypeAlias = dict[str, Any]
Verify: TypeAlias = Callable[[str], Claims]

_BEARER = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/-]+=*)", re.ASCII)
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_STANDARD = bytes(
    b"+/"[_ALPHABET.index(byte) - 62] if byte in b"-_" else byte if byte in _ALPHABET else ord("!")
    for byte in range(256)
)
_PADDING = (b"", b"", b"==", b"=")
_LAST = (_ALPHABET, b"", _ALPHABET[::16], _ALPHABET[::4])
_LAST_DATE = 253_402_300_799
_MOST_REMEMBERED = 1024


def base64url(segment: bytes) -> bytes:
    """Decode the one canonical spelling."""
    rest = len(segment) & 3
    if rest and segment[-1] not in _LAST[rest]:
        raise ValueError
    return a2b_base64(segment.translate(_TO_STANDARD) + _PADDING[rest], strict_mode=True)


def _without_duplicates(members: list[tuple[str, Any]]) -> Claims:
    parsed = dict(members)
    if len(parsed) != len(members):
        raise ValueError
    return parsed


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError
    return number


def _refuse(_: str) -> NoReturn:
    raise ValueError


_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_float=_finite, parse_constant=_refuse
).scan_once  # type: ignore[attr-defined,unused-ignore] # typeshed leaves it out


def json_object(octets: bytes) -> Claims:
    """Parse one strict JSON object."""
    if octets.count(b"{") + octets.count(b"[") > 32:
        raise ValueError
    text = octets.decode().strip(" \t\n\r")
    parsed, end = _scan(text, 0)
    if end != len(text) or type(parsed) is not dict or "\\u" in text:
        raise ValueError
    return parsed


def check_claims(claims: Claims, now: float) -> None:
    """Check the rules for a token without issuer and audience."""
    get: Callable[[str], Any] = claims.get
    subject, name, expires, issued = get("sub"), get("jti"), get("exp"), get("iat")
    if type(subject) is not str or not subject or type(name) is not str or not name:
        raise ValueError
    if type(expires) not in (int, float) or not now < expires <= _LAST_DATE:
        raise ValueError
    if type(issued) not in (int, float) or not 0 <= issued <= now:
        raise ValueError
    if "iss" in claims or "aud" in claims or "cnf" in claims:
        raise ValueError
    if "nbf" in claims and not (type(claims["nbf"]) in (int, float) and 0 <= claims["nbf"] <= now):
        raise ValueError


def split(token: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Split into the header, the payload, the signature, and what was signed."""
    if len(token) > 8160:
        raise ValueError
    signed, _, signature = token.encode("ascii").rpartition(b".")
    header, _, payload = signed.partition(b".")
    return header, payload, signature, signed


def verifier(key: "SigningKey") -> Verify:
    """Make the function that verifies a token which nobody has seen."""
    is_signed = signature_check(key)
    good_headers: set[bytes] = set()

    def verify(token: str) -> Claims:
        header, payload, signature, signed = split(token)
        if header not in good_headers:
            members = json_object(base64url(header))
            if members["alg"] != key.alg or members["typ"] != "at+jwt" or "crit" in members:
                raise ValueError
            good_headers.add(header)
        octets = base64url(payload)
        if not is_signed(signed, base64url(signature)):
            raise ValueError
        claims = json_object(octets)
        check_claims(claims, time.time())
        return claims

    return verify


def remembering(verify: Verify) -> Verify:
    """Remember what was verified, by the SHA-256 of the token; on a hit look at the time alone."""
    seen: dict[bytes, Claims] = {}

    def verify_again(token: str) -> Claims:
        name = sha256(token.encode()).digest()
        claims = seen.get(name)
        if claims is None:
            claims = verify(token)
            if len(seen) >= _MOST_REMEMBERED:
                del seen[next(iter(seen))]
            seen[name] = claims
        elif claims["exp"] <= time.time():
            raise ValueError
        return claims.copy()

    return verify_again


def make_app(key: "SigningKey") -> Flask:
    """Make an app with the least hook: find the token, verify it, show its claims."""
    app = Flask(__name__)
    verify = remembering(verifier(key))
    context = cast(Any, request_ctx)._get_current_object  # noqa: SLF001 - documented
    shown = cast(Any, g)._get_current_object  # noqa: SLF001 - documented
    guarded = frozenset({ENDPOINT})

    def authenticate() -> None:
        request = context().request
        match = _BEARER.fullmatch(request.environ.get("HTTP_AUTHORIZATION", ""))
        claims = None
        if match is not None:
            try:
                claims = verify(match[1])
            except (ValueError, KeyError, StopIteration):
                abort(401)
        shown().claims = claims
        if claims is None and request.url_rule is not None and request.endpoint in guarded:
            abort(401)

    app.before_request(authenticate)
    return serve_note(app, lambda view: view)


Signed: TypeAlias = Callable[[bytes, bytes], bool]


def signature_check(key: "SigningKey") -> Signed:
    """Make the function that returns whether a key made a signature of a message."""
    secret_or_private = key.secret_or_private
    if isinstance(secret_or_private, str):
        return _hmac_check(secret_or_private.encode())
    public = secret_or_private.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return _rsa_check(public)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return _ecdsa_check(public)
    return _plain_check(public)


def _hmac_check(secret: bytes) -> Signed:
    # A context that has taken in its key is quicker to copy than the standard library's one call.
    prepared, equal = HMAC(secret, SHA256()), hmac.compare_digest

    def check(message: bytes, signature: bytes) -> bool:
        context = prepared.copy()
        context.update(message)
        return equal(context.finalize(), signature)

    return check


def _rsa_check(public: rsa.RSAPublicKey) -> Signed:
    verify, padding, sha256 = public.verify, PKCS1v15(), SHA256()

    def check(message: bytes, signature: bytes) -> bool:
        try:
            verify(signature, message, padding, sha256)
        except InvalidSignature:
            return False
        return True

    return check


def _ecdsa_check(public: ec.EllipticCurvePublicKey) -> Signed:
    verify, ecdsa, integer = public.verify, ec.ECDSA(SHA256()), int.from_bytes

    def check(message: bytes, signature: bytes) -> bool:
        if len(signature) != 64:
            return False
        pair = encode_dss_signature(integer(signature[:32]), integer(signature[32:]))
        try:
            verify(pair, message, ecdsa)
        except InvalidSignature:
            return False
        return True

    return check


def _plain_check(public: ed25519.Ed25519PublicKey | mldsa.MLDSA44PublicKey) -> Signed:
    verify = public.verify

    def check(message: bytes, signature: bytes) -> bool:
        try:
            verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return check
