"""Routes of tokens: refresh and revocation, ready to be registered.

They are those of RFC 6749 section 6 and RFC 7009. A client that holds a token may use it here:
clients are public ones (RFC 6749 section 2.1), and no other authentication of theirs is asked for.
With cookies, the tokens come and go in these alone.
"""

from collections.abc import Callable
from functools import partial
from http import HTTPMethod, HTTPStatus
from typing import NoReturn, cast

from flask import Blueprint, Flask, Response, after_this_request, jsonify
from flask.sansio.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from ..errors import InvalidGrant, InvalidToken, Reason
from ..sessions.pairs import TokenResponse
from .authentication import current_request
from .browser import check_plan, delete_cookies, set_cookies
from .challenge import finishes_refusals, report, set_no_store
from .guards.marks import mark
from .pages.own_site import require_own_site
from .parts import Parts, parts_of
from .refreshing import answer_token_request, find_presented, read_parameters, rotate
from .sessions import end_session_of, revoke_text

_OTHER_METHODS = [method.value for method in HTTPMethod if method != HTTPMethod.POST]
# What an answer holds of a pair that is in cookies; the type is that of a header.
_PUBLIC = ("expires_in", "scope")


def token_endpoints(origin: Callable[[], str] | None = None, *, cookies: bool = False) -> Blueprint:
    """Make a blueprint with `POST /token` and `POST /revoke`; other methods are refused in JSON.

    Args:
        origin: Names from where a request comes; called during a refresh.
        cookies: Whether the tokens are in cookies, and in no answer.
    """
    blueprint = Blueprint("tokenguard", __name__)
    blueprint.record_once(_check_cookies if cookies else _check_store)
    blueprint.after_request(set_no_store)
    token = partial(_token_in_cookies if cookies else answer_token_request, origin)
    mark(token, None)
    for name, view in (("token", token), ("revoke", _revoke_cookies if cookies else _revoke)):
        blueprint.add_url_rule(
            f"/{name}", name, view, methods=["POST"], provide_automatic_options=False
        )
        # A blueprint's handlers never see a 405 of routing.
        blueprint.add_url_rule(f"/{name}", "other_methods", _other_methods, methods=_OTHER_METHODS)
    return blueprint


def _check_store(state: BlueprintSetupState) -> None:
    """Fail when the app starts, not when a client comes."""
    parts_of(cast(Flask, state.app)).get_sessions()


def _check_cookies(state: BlueprintSetupState) -> None:
    """Fail when the app starts, as `_check_store` does."""
    _check_store(state)
    parts_of(cast(Flask, state.app)).get_cookies()


def _revoke() -> ResponseReturnValue:
    """Revoke; that a token is not one of ours is no fault (RFC 7009 section 2.2)."""
    _revoke_parameter(parts_of())
    return Response(status=200)


def _token_in_cookies(origin: Callable[[], str] | None) -> ResponseReturnValue:
    parts = parts_of()
    pair = _refresh_by_cookie(parts, origin)
    members = {name: value for name, value in pair.items() if name in _PUBLIC}
    return set_cookies(parts, jsonify(members), pair, persistent=None)


def _revoke_cookies() -> ResponseReturnValue:
    parts = parts_of()
    _end_session_of_cookies(parts)
    return delete_cookies(parts.get_cookies(), Response(status=200))


def _other_methods() -> ResponseReturnValue:
    after_this_request(_name_methods)
    if current_request().method == HTTPMethod.OPTIONS:
        return Response()
    return _refuse_method(parts_of())


@finishes_refusals("answer a method")
def _refuse_method(_: Parts) -> NoReturn:
    raise InvalidGrant(
        "The method must be POST",
        error="invalid_request",
        code=HTTPStatus.METHOD_NOT_ALLOWED,
        reason=Reason.WRONG_METHOD,
    )


def _name_methods(response: Response) -> Response:
    response.allow.update(["OPTIONS", "POST"])
    return response


@finishes_refusals("revoke a token")
def _revoke_parameter(parts: Parts) -> None:
    token = read_parameters(parts, "token")["token"]
    try:
        revoke_text(parts, token)
    except InvalidToken as error:
        report(error, parts, refused=False)


@finishes_refusals("refresh a session")
def _refresh_by_cookie(parts: Parts, origin: Callable[[], str] | None) -> TokenResponse:
    require_own_site(parts)
    locations = tuple(place for place in parts.refresh_locations if not place.is_shared)
    presented = find_presented(parts, locations)
    presented = presented._replace(check=partial(check_plan, parts.get_cookies()))
    return rotate(presented, origin="" if origin is None else origin())


@finishes_refusals("end a session")
def _end_session_of_cookies(parts: Parts) -> None:
    """End the session of the request's cookies; that none is good is no fault, as for `_revoke`."""
    require_own_site(parts)
    for text in parts.get_cookies().texts(current_request()):
        try:
            end_session_of(parts, text)
        except InvalidToken as error:
            report(error, parts, refused=False)


# These views are ours, so that no wrapper need keep the mark off them.
mark(_revoke, None)
mark(_revoke_cookies, None)
mark(_other_methods, None)
