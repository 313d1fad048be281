"""What we publish: the public keys, for those who verify our tokens (RFC 7517 section 5).

Keys that do not sign yet are in it, so that everybody has them before they do.
"""

import hashlib
import json
from collections.abc import Iterable

from flask import Response, abort, request

from ..jose.jwk import Key

# How long readers may keep the set, in seconds; a ring's next key waits at least as long.
MAX_AGE = 300
NO_KEYS = b'{"keys": []}'


def jwks(keys: Iterable[Key]) -> bytes:
    """Write the JWKS of the public parts; a secret has none."""
    public = [jwk for jwk in (key.public_jwk() for key in keys) if jwk is not None]
    return json.dumps({"keys": public}).encode()


def answer_jwks(keys: Iterable[Key]) -> Response:
    """Answer with the key set, or that it has not changed (RFC 9110 section 13.1.2).

    A ring of secrets has nothing to publish, which is a 404.
    """
    body = jwks(keys)
    if body == NO_KEYS:
        abort(404)
    response = Response(body, mimetype="application/jwk-set+json")
    response.set_etag(hashlib.sha256(body).hexdigest())
    response.cache_control.public = True
    response.cache_control.max_age = MAX_AGE
    response.make_conditional(request)
    return response
