"""Refresh and revocation as ready routes (RFC 6749 section 6, RFC 7009).

Whoever holds a token may use it here: the clients are public ones (RFC 6749 section 2.1), and no
other authentication of theirs is asked for.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import NoReturn, cast

from flask import Blueprint, Flask, Response
from flask.sansio.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from ..errors import InvalidGrant, InvalidToken
from . import bodies
from .authentication import answering, current_request
from .decorators import public
from .issuing import set_no_store
from .parts import current_parts, parts_of
from .sessions import no_store, refresh_token_pair, required_parameter, revoke_token

_TOO_LARGE = "The body is too large"


def token_endpoints(origin: Callable[[], str] | None = None) -> Blueprint:
    """Make a blueprint with `POST /token` and `POST /revoke`.

    Args:
        origin: Tells of a request from where it comes; called during a refresh.
    """
    blueprint = Blueprint("tokenguard", __name__)
    blueprint.record_once(_check_store)
    blueprint.after_request(set_no_store)
    token = partial(_token, origin or (lambda: ""))
    blueprint.add_url_rule("/token", "token", public(token), methods=["POST"])
    blueprint.add_url_rule("/revoke", "revoke", public(_revoke), methods=["POST"])
    return blueprint


def _check_store(state: BlueprintSetupState) -> None:
    """Fail when the app starts, not when a client comes."""
    if parts_of(cast(Flask, state.app)).sessions is None:
        raise no_store()


def _token(origin: Callable[[], str]) -> ResponseReturnValue:
    with _bounded_body():
        if required_parameter("grant_type") != "refresh_token":
            _refuse("Only refresh_token is supported here", error="unsupported_grant_type")
        return dict(refresh_token_pair(origin=origin()))


def _revoke() -> ResponseReturnValue:
    """Revoke; that a token is not one of ours is no fault (RFC 7009 section 2.2)."""
    with _bounded_body(), suppress(InvalidToken):
        revoke_token(required_parameter("token"))
    return Response(status=200)


@contextmanager
def _bounded_body() -> Iterator[None]:
    """Refuse a body that is too large for us or for the app, or that ends early."""
    request = current_request()
    try:
        has_parameters = bodies.has_form(request) or bodies.has_json(request)
        if has_parameters and bodies.read(request, current_parts().max_body_size) is None:
            _refuse(_TOO_LARGE, code=413)
        yield
    except RequestEntityTooLarge:
        _refuse(_TOO_LARGE, code=413)
    except ClientDisconnected:
        _refuse("The body ends early")


def _refuse(reason: str, *, error: str = "invalid_request", code: int = 400) -> NoReturn:
    with answering(current_parts()):
        raise InvalidGrant(reason, error=error, code=code) from None
