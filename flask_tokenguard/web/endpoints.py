"""Refresh and revocation as ready routes (RFC 6749 section 6, RFC 7009).

Whoever holds a token may use it here: the clients are public ones (RFC 6749 section 2.1), and no
other authentication of theirs is asked for.
"""

from collections.abc import Callable
from functools import partial
from typing import cast

from flask import Blueprint, Flask, Response
from flask.sansio.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from ..errors import InvalidGrant, InvalidToken, Reason
from ..quoting import quote_name
from .authentication import current_request
from .challenge import finishes_refusals, report, set_no_store
from .locations import Parameters
from .marks import mark
from .parts import Parts, current_parts, parts_of
from .sessions import refresh, revoke_text


def token_endpoints(origin: Callable[[], str] | None = None) -> Blueprint:
    """Make a blueprint with `POST /token` and `POST /revoke`.

    Args:
        origin: Tells of a request from where it comes; called during a refresh.
    """
    blueprint = Blueprint("tokenguard", __name__)
    blueprint.record_once(_check_store)
    blueprint.after_request(set_no_store)
    token = partial(_token, origin)
    mark(token, None)
    blueprint.add_url_rule("/token", "token", token, methods=["POST"])
    blueprint.add_url_rule("/revoke", "revoke", _revoke, methods=["POST"])
    return blueprint


def _check_store(state: BlueprintSetupState) -> None:
    """Fail when the app starts, not when a client comes."""
    parts_of(cast(Flask, state.app)).get_sessions()


def _token(origin: Callable[[], str] | None) -> ResponseReturnValue:
    parts = current_parts()
    parameters = _refresh_parameters(parts)
    return dict(refresh(parts, parameters, origin="" if origin is None else origin()))


def _revoke() -> ResponseReturnValue:
    """Revoke; that a token is not one of ours is no fault (RFC 7009 section 2.2)."""
    _revoke_parameter(current_parts())
    return Response(status=200)


@finishes_refusals
def _refresh_parameters(parts: Parts) -> Parameters:
    parameters = _read_parameters(parts)
    grant_type = parameters.get("grant_type")
    if grant_type != "refresh_token":
        raise InvalidGrant(
            "Only refresh_token is supported here",
            error="unsupported_grant_type",
            reason=Reason.UNSUPPORTED_GRANT,
            detail=f"grant_type {quote_name(grant_type)} came",
        )
    return parameters


@finishes_refusals
def _revoke_parameter(parts: Parts) -> None:
    token = _read_parameters(parts).get("token")
    try:
        revoke_text(parts, token)
    except InvalidToken as error:
        report(error, parts, refused=False)


def _read_parameters(parts: Parts) -> Parameters:
    """Read a body, unless it is too large for us or for the app, or ends early."""
    try:
        parameters = Parameters(current_request(), bound=parts.max_body_size)
    except RequestEntityTooLarge:
        parameters = None
    except ClientDisconnected:
        raise InvalidGrant(
            "The body ends early", error="invalid_request", reason=Reason.MALFORMED_REQUEST
        ) from None
    if parameters is None or parameters.is_too_large:
        raise InvalidGrant(
            "The body is too large",
            error="invalid_request",
            code=413,
            reason=Reason.BODY_TOO_LARGE,
        )
    return parameters


# Both views are ours, so that no wrapper need keep the mark off them.
mark(_revoke, None)
