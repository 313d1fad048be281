"""What we answer a request that is refused (RFC 6750 section 3, RFC 9110 section 11.6.1).

The answer says which rule failed; never a key, a foreign exception's text or the token.
"""

import json
import re

from flask import Response

from ..errors import (
    NQSCHAR,
    InsufficientAuthentication,
    InsufficientScope,
    Refusal,
    TokenMissing,
    Unavailable,
)

_NOT_QUOTABLE = re.compile(f"[^{NQSCHAR}]")


def quotable(text: str) -> str:
    """Replace what a quoted string of a challenge must not hold."""
    return _NOT_QUOTABLE.sub("?", text)


def challenge(error: Refusal, realm: str) -> str:
    """Write the value of the one `WWW-Authenticate` header."""
    parameters = {"realm": realm}
    if not isinstance(error, TokenMissing):
        parameters["error"] = error.error
        parameters["error_description"] = quotable(error.reason)
    if isinstance(error, InsufficientScope) and error.scope:
        parameters["scope"] = quotable(" ".join(error.scope))
    if isinstance(error, InsufficientAuthentication):
        parameters["max_age"] = str(error.max_age)
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items())


def build_response(error: Refusal, realm: str) -> Response:
    """Build the finished answer: status, challenge and a JSON body."""
    response = Response(json.dumps(error.data), error.code, mimetype="application/json")
    if error.has_challenge:
        response.headers["WWW-Authenticate"] = challenge(error, realm)
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    return response
