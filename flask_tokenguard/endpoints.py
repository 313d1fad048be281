"""Refresh and revocation as ready routes (RFC 6749 section 6, RFC 7009).

Whoever holds a token may use it here: the clients are public ones (RFC 6749 section 2.1), and no
other authentication of theirs is asked for.
"""

from contextlib import suppress

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue

from .app_parts import parts_of
from .current import answering
from .decorators import public
from .errors import InvalidGrant, InvalidToken
from .sessions import refresh_token_pair, required_parameter, revoke_token


def token_endpoints() -> Blueprint:
    """Make a blueprint with `POST /token` and `POST /revoke`."""
    blueprint = Blueprint("tokenguard", __name__)
    blueprint.add_url_rule("/token", "token", public(_token), methods=["POST"])
    blueprint.add_url_rule("/revoke", "revoke", public(_revoke), methods=["POST"])
    return blueprint


def _token() -> ResponseReturnValue:
    if required_parameter("grant_type") != "refresh_token":
        with answering(parts_of(current_app)):
            raise InvalidGrant(
                "Only refresh_token is supported here", error="unsupported_grant_type"
            )
    return dict(refresh_token_pair())


def _revoke() -> ResponseReturnValue:
    """Revoke; that a token is not one of ours is no fault (RFC 7009 section 2.2)."""
    with suppress(InvalidToken):
        revoke_token(required_parameter("token"))
    return Response(status=200)
