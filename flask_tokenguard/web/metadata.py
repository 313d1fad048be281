"""Published metadata: the public keys, for those who verify our tokens (RFC 7517 section 5).

Keys that do not sign yet are in it, so that everybody has them before they do.
"""

import hashlib
import json
from collections.abc import Iterable

from flask import Response, abort, request

from ..keys.own import OwnKeys

# How long readers may keep the set, in seconds; a ring's next key waits at least as long.
MAX_AGE = 300


def public_jwks(keys: OwnKeys) -> list[dict[str, str]]:
    """List the public parts, the key that signs first; a secret has none.

    Some readers take the first key of a set, whatever a token names.
    """
    signing = keys.signing
    public = [key.public_jwk() for key in sorted(keys, key=lambda key: key is not signing)]
    return [jwk for jwk in public if jwk is not None]


def key_set(jwks: Iterable[dict[str, str]]) -> bytes:
    """Write a JWKS."""
    return json.dumps({"keys": list(jwks)}).encode()


def answer_jwks(keys: OwnKeys) -> Response:
    """Answer with the key set, or that it has not changed (RFC 9110 section 13.1.2).

    A ring of secrets has nothing to publish, which is a 404.
    """
    jwks = public_jwks(keys)
    if not jwks:
        abort(404)
    body = key_set(jwks)
    response = Response(body, mimetype="application/jwk-set+json")
    response.set_etag(hashlib.sha256(body).hexdigest())
    response.cache_control.public = True
    response.cache_control.max_age = MAX_AGE
    response.make_conditional(request)
    return response
