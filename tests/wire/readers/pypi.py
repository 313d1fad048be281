"""Readers that PyPI brings: how each verifies a token of ours, as its documentation has it.

A function returns the claims, or raises. A library that fetches key sets itself gets our address.
"""

import asyncio
import importlib
import json
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import jwt
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jwt as jwcrypto_jwt

from .published import Published

Read: TypeAlias = Callable[[Published], Mapping[str, Any]]


def _import(name: str) -> Any:
    """Import what has no types, and warns of what it imports in its turn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


authlib_jose = _import("authlib.jose")
authlib_rfc9068 = _import("authlib.oauth2.rfc9068")
guardpost = _import("guardpost.jwts")
jose_jwt = _import("jose.jwt")
jwskate = _import("jwskate")
key_fetcher = _import("pyjwt_key_fetcher")
key_fetcher_http = _import("pyjwt_key_fetcher.http_client")
python_jwt = _import("python_jwt")

_KTY = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP", "ML-DSA-44": "AKP"}


class Reader(NamedTuple):
    """A library.

    Attributes:
        name: In the page's words.
        distribution: At PyPI.
        from_set, from_pem: How it reads a token; None where it has no such way.
        mind: What its users must know, in the page's words.
        needs: The options of `publishing` for it.
    """

    name: str
    distribution: str
    from_set: Read
    from_pem: Read | None = None
    mind: str = "-"
    needs: Mapping[str, Any] = {}

    def ways(self) -> dict[str, Read]:
        """Return how it reads a token, by from what."""
        ways = {"key set": self.from_set, "PEM": self.from_pem}
        return {source: read for source, read in ways.items() if read is not None}


def _pyjwt(ours: Published, key: Any) -> Mapping[str, Any]:
    rules: Any = {"audience": ours.audience, "issuer": ours.issuer}
    return dict(jwt.decode(ours.token, key, algorithms=[ours.alg], **rules))


def _pyjwt_from_set(ours: Published) -> Mapping[str, Any]:
    return _pyjwt(ours, jwt.PyJWKClient(ours.jwks_url).get_signing_key_from_jwt(ours.token))


def _joserfc_key_set(ours: Published) -> Any:
    members: Any = ours.jwks
    return joserfc_jwk.KeySet.import_key_set(members)


def _joserfc_key(ours: Published) -> Any:
    kty: Any = _KTY[ours.alg]
    return joserfc_jwk.import_key(ours.pem, kty)


def joserfc_with_algorithms(ours: Published) -> Mapping[str, Any]:
    """Read with joserfc, the algorithm named."""
    return dict(
        joserfc_jwt.decode(ours.token, _joserfc_key_set(ours), algorithms=[ours.alg]).claims
    )


def _jwcrypto(ours: Published, key: Any) -> Mapping[str, Any]:
    token = jwcrypto_jwt.JWT(jwt=ours.token, key=key, check_claims={"aud": ours.audience})
    claims: dict[str, Any] = json.loads(token.claims)
    return claims


def _jwcrypto_key(ours: Published) -> Any:
    return jwcrypto_jwk.JWK.from_pem(ours.pem.encode())


def _python_jose(ours: Published, key: Any) -> Mapping[str, Any]:
    claims: dict[str, Any] = jose_jwt.decode(ours.token, key, [ours.alg], audience=ours.audience)
    return claims


def python_jose_from_set(ours: Published) -> Mapping[str, Any]:
    """Read with python-jose."""
    return _python_jose(ours, ours.jwks)


def _authlib(ours: Published, key: Any) -> Mapping[str, Any]:
    claims = authlib_jose.JsonWebToken([ours.alg]).decode(ours.token, key)
    claims.validate()
    return dict(claims)


def _authlib_rfc9068(ours: Published) -> Mapping[str, Any]:
    class Validator(authlib_rfc9068.JWTBearerTokenValidator):  # type: ignore[misc, name-defined] # untyped
        def get_jwks(self) -> Any:
            return ours.jwks

    validator = Validator(issuer=ours.issuer, resource_server=ours.audience)
    token = validator.authenticate_token(ours.token)
    validator.validate_token(token, ["notes:read"], None)
    return dict(token)


def _jwskate(ours: Published, key: Any) -> Mapping[str, Any]:
    token = jwskate.SignedJwt(ours.token)
    token.validate(key, algs=[ours.alg], issuer=ours.issuer, audience=ours.audience)
    return dict(token.claims)


def guardpost_from_set(ours: Published) -> Mapping[str, Any]:
    """Read with guardpost."""
    validator = guardpost.AsymmetricJWTValidator(
        valid_issuers=[ours.issuer],
        valid_audiences=[ours.audience],
        algorithms=[ours.alg],
        keys_url=ours.jwks_url,
    )
    claims: dict[str, Any] = asyncio.run(validator.validate_jwt(ours.token))
    return claims


def _pyjwt_key_fetcher(ours: Published) -> Mapping[str, Any]:
    async def fetch() -> Mapping[str, Any]:
        client = key_fetcher_http.DefaultHTTPClient()
        async with client.session:
            fetcher = key_fetcher.AsyncKeyFetcher([ours.issuer], client)
            return dict(await fetcher.get_key(ours.token))

    return dict(jwt.decode(ours.token, **asyncio.run(fetch()), audience=ours.audience))


def _python_jwt(ours: Published, key: Any) -> Mapping[str, Any]:
    _, claims = python_jwt.verify_jwt(ours.token, key, [ours.alg])
    return dict(claims)


def python_jwt_from_set(ours: Published) -> Mapping[str, Any]:
    """Read with python-jwt, which takes a key of jwcrypto's."""
    keys = jwcrypto_jwk.JWKSet.from_json(json.dumps(ours.jwks))
    return _python_jwt(ours, keys.get_key(jwt.get_unverified_header(ours.token)["kid"]))


READERS = (
    Reader(
        "PyJWT",
        "pyjwt",
        _pyjwt_from_set,
        lambda ours: _pyjwt(ours, ours.pem),
        "a key for `Ed25519` in a key set is passed over",
    ),
    Reader(
        "joserfc",
        "joserfc",
        lambda ours: dict(joserfc_jwt.decode(ours.token, _joserfc_key_set(ours)).claims),
        lambda ours: dict(joserfc_jwt.decode(ours.token, _joserfc_key(ours)).claims),
        "EdDSA and `Ed25519` only where `algorithms` names them",
    ),
    Reader(
        "jwcrypto",
        "jwcrypto",
        lambda ours: _jwcrypto(ours, jwcrypto_jwk.JWKSet.from_json(json.dumps(ours.jwks))),
        lambda ours: _jwcrypto(ours, _jwcrypto_key(ours)),
    ),
    Reader(
        "python-jose",
        "python-jose",
        python_jose_from_set,
        lambda ours: _python_jose(ours, ours.pem),
        "tries a key set in its order, and stops at a key for EdDSA",
    ),
    Reader(
        "Authlib",
        "authlib",
        lambda ours: _authlib(ours, authlib_jose.JsonWebKey.import_key_set(ours.jwks)),
        lambda ours: _authlib(ours, ours.pem),
        "this is `authlib.jose`, which gives way to joserfc",
    ),
    Reader(
        "Authlib's validator of RFC 9068",
        "authlib",
        _authlib_rfc9068,
        None,
        "wants `iss`, `aud` and `client_id`: set `TOKENGUARD_ISSUER` and `TOKENGUARD_AUDIENCE`",
    ),
    Reader(
        "jwskate",
        "jwskate",
        lambda ours: _jwskate(ours, jwskate.JwkSet(ours.jwks)),
        lambda ours: _jwskate(ours, jwskate.Jwk.from_pem(ours.pem)),
    ),
    Reader(
        "guardpost",
        "guardpost",
        guardpost_from_set,
        None,
        "reads nothing while a key for EdDSA is in the key set, also an old one",
    ),
    Reader(
        "pyjwt-key-fetcher",
        "pyjwt-key-fetcher",
        _pyjwt_key_fetcher,
        None,
        "wants metadata at the issuer's address, or `static_issuer_config` with our `jwks_uri`",
    ),
    Reader(
        "python-jwt",
        "python-jwt",
        python_jwt_from_set,
        lambda ours: _python_jwt(ours, _jwcrypto_key(ours)),
        'wants `typ` JWT and an `nbf`: `TOKENGUARD_TYPES = ["JWT"]`, `issue_token(not_before=0)`',
        {"typ": "JWT", "not_before": 0},
    ),
)
