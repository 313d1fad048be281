"""Browsers: what login and logout routes call that keep our tokens in cookies."""

from collections.abc import Mapping
from typing import NamedTuple

from flask import after_this_request, has_request_context
from werkzeug.wrappers import Response

from ..config.locations import COOKIE
from ..config.settings import REFRESH_TYPE
from ..errors import InvalidToken, IssueError, Refusal
from ..jose.compact import numeric_date
from ..sessions.pairs import Plan, TokenResponse
from ..verify.claims import VerifiedToken
from .authentication import current_authentication, current_request
from .challenge import finishes_refusals, report
from .credentials.cookies import (
    MOST_OCTETS,
    PERSISTENT,
    AnyResponse,
    TokenCookies,
    in_refresh_cookie,
    keep_private,
)
from .pages.own_site import find_own_token, require_own_site
from .parts import Parts, parts_of
from .sessions import revoke_text

# Where a request keeps the claim of the pair that it was given.
_NEW_CSRF = "_tokenguard_csrf"


def set_token_cookies(
    response: AnyResponse, pair: TokenResponse, *, persistent: bool | None = None
) -> AnyResponse:
    """Put a pair into cookies of an answer: the tokens, and what scripts read for `X-CSRF-Token`.

    Args:
        response: The answer of a login or a refresh, which must not hold the tokens beside.
        pair: As `issue_token_pair` or `refresh_token_pair` returned it. An access token alone goes
            as `{"access_token": ...}`.
        persistent: Whether they outlive the browser, for as long as the session lives unused; by
            default as the request's refresh cookie does.

    Returns:
        The answer.

    Raises:
        ConfigurationError: TOKENGUARD_TOKEN_LOCATIONS does not name `cookie`.
        CrossSiteRequest: 403, another site may have sent the request. The pair's session ends.
        IssueError: A token is too long for a cookie, or none of ours. The pair's session ends.
        TypeError: The pair is none, such as the text of a token.
        Unavailable: 503, it cannot be checked.
    """
    return set_cookies(parts_of(), response, pair, persistent=persistent)


def unset_token_cookies(response: AnyResponse) -> AnyResponse:
    """Delete the cookies of our tokens; their session goes on, see `end_session`.

    Args:
        response: The answer of a logout.

    Returns:
        The answer.

    Raises:
        ConfigurationError: TOKENGUARD_TOKEN_LOCATIONS does not name `cookie`.
        CrossSiteRequest: 403, another site may have sent the request.
        Unavailable: 503, it cannot be checked.
    """
    return unset_cookies(parts_of(), response)


def csrf_token() -> str:
    """Return what a form of this page sends as `csrf_token`, for browsers that name no origin.

    It is the claim `csrf` of the token in the cookie, or of the pair that the answer sets; empty
    where there is none, and outside a request.
    """
    if not has_request_context():  # As in the template of a mail.
        return ""
    new: str | None = getattr(current_request(), _NEW_CSRF, None)
    if new is not None:
        return new
    parts = parts_of()
    authentication = current_authentication(parts)
    place, token = authentication.place, authentication.token
    if parts.cookies is None or (place is not None and place.kind != COOKIE):
        return ""
    claim = _csrf_of(token or find_own_token(parts))
    if claim:
        # The refresh token may have given it, and the request be anonymous.
        after_this_request(keep_private)
    return claim


@finishes_refusals("set cookies")
def set_cookies(
    parts: Parts, response: AnyResponse, pair: TokenResponse, *, persistent: bool | None
) -> AnyResponse:
    """Put a pair into cookies, as `set_token_cookies` does."""
    cookies = parts.get_cookies()
    if not isinstance(pair, Mapping):
        raise TypeError(
            "set_token_cookies takes what issue_token_pair returns; write an access token alone as"
            f' {{"access_token": token}}; it is of type {type(pair).__name__}'
        )
    try:
        require_own_site(parts)
        contents = _read_pair(parts, cookies, pair)
    except (Refusal, IssueError):
        _end_undelivered(parts, pair)
        raise
    if persistent is None:
        persistent = has_request_context() and cookies.is_persistent(current_request())
    _write(cookies, response, contents, persistent=persistent)
    return response


@finishes_refusals("delete cookies")
def unset_cookies(parts: Parts, response: AnyResponse) -> AnyResponse:
    """Delete the cookies, as `unset_token_cookies` does."""
    cookies = parts.get_cookies()
    require_own_site(parts)
    return delete_cookies(cookies, response)


def delete_cookies(cookies: TokenCookies, response: AnyResponse) -> AnyResponse:
    """Delete the cookies; nothing is checked."""
    cookies.delete(response, cookies.access, *cookies.refresh, *cookies.csrf, *cookies.others)
    if has_request_context():
        setattr(current_request(), _NEW_CSRF, "")
    keep_private(response)
    return response


class _Contents(NamedTuple):
    """What the cookies of a pair hold.

    Attributes:
        access, refresh, csrf: Their values; empty for a cookie that is deleted, and None for one
            that stays.
        lifetime: For how many seconds they are of use.
    """

    access: str
    refresh: str | None
    csrf: str
    lifetime: int


def _read_pair(parts: Parts, cookies: TokenCookies, pair: TokenResponse) -> _Contents:
    """Read from a pair what its cookies hold.

    Raises:
        IssueError: One of its tokens is too long for a cookie, or none that belongs there.
    """
    access, refresh = pair.get("access_token", ""), pair.get("refresh_token")
    token = last = _authenticate(parts, access, "access_token")
    # Without a refresh token in it, the one that its session has goes on; else it is of another.
    kept = None if "sid" in token.claims else ""
    if refresh is not None:
        last = _authenticate(parts, refresh, "refresh_token")
    elif kept is None:
        last = _find_refresh_token(parts, cookies, token.claims["sid"]) or token
    _check_sizes(cookies, len(access), len(refresh or ""))
    end = max(int(numeric_date(one.claims, "exp")) for one in (token, last))
    lifetime = end - int(parts.clock())
    return _Contents(access, kept if refresh is None else refresh, _csrf_of(token), lifetime)


def check_plan(cookies: TokenCookies, plan: Plan) -> None:
    """Refuse a pair that does not fit into cookies, before a refresh token is spent for it.

    Raises:
        IssueError: It does not.
    """
    _check_sizes(cookies, plan.access.size, plan.refresh.size)


def _check_sizes(cookies: TokenCookies, access: int, refresh: int) -> None:
    for name, size in ((cookies.access, access), (cookies.refresh[0], len(PERSISTENT) + refresh)):
        if len(name) + size > MOST_OCTETS:
            raise IssueError(
                f"the cookie {name} would have {len(name) + size} octets with its name, and"
                f" browsers drop one of more than {MOST_OCTETS}; put less into the claims"
            )


def _authenticate(parts: Parts, text: str, member: str) -> VerifiedToken:
    """Authenticate a token that is about to be sent; its rules are checked when it comes back."""
    try:
        token = parts.verifier.authenticate(text)
        numeric_date(token.claims, "exp")
    except InvalidToken as error:
        raise IssueError(f"the {member} cannot be set as a cookie: {error.description}") from None
    is_refresh = token.is_own and token.typ == REFRESH_TYPE
    if is_refresh != (member == "refresh_token"):
        raise IssueError(f"the {member} cannot be set as a cookie: it is of type {token.typ}")
    return token


def _find_refresh_token(parts: Parts, cookies: TokenCookies, sid: object) -> VerifiedToken | None:
    """Find the refresh token of a session in the request's cookies, where it stays."""
    if not has_request_context():
        return None
    try:
        text = in_refresh_cookie(cookies.refresh, current_request())
        token = None if text is None else _authenticate(parts, text, "refresh_token")
    except (Refusal, IssueError):
        return None
    return token if token is not None and token.claims.get("sid") == sid else None


def _csrf_of(token: VerifiedToken | None) -> str:
    return "" if token is None or not token.is_own else str(token.claims.get("csrf", ""))


def _end_undelivered(parts: Parts, pair: TokenResponse) -> None:
    """End the session of a pair that no client gets."""
    if parts.sessions is None:
        return
    try:
        revoke_text(parts, pair.get("refresh_token") or pair.get("access_token", ""))
    except Refusal as error:
        report(error, parts, refused=False, act="end a session")


def _write(
    cookies: TokenCookies, response: Response, contents: _Contents, *, persistent: bool
) -> None:
    max_age = contents.lifetime if persistent else None
    cookies.write(response, cookies.access, contents.access, max_age=max_age, is_read=False)
    if contents.refresh:
        value = f"{PERSISTENT}{contents.refresh}" if persistent else contents.refresh
        cookies.write(response, cookies.refresh[0], value, max_age=max_age, is_read=False)
    elif contents.refresh is not None:
        cookies.delete(response, cookies.refresh[0])
    if contents.csrf:
        for name in cookies.csrf:
            cookies.write(response, name, contents.csrf, max_age=max_age, is_read=True)
    else:
        cookies.delete(response, *cookies.csrf)
    if has_request_context():
        request = current_request()
        # The next request would carry two tokens, of which one may be of somebody else.
        others = () if contents.refresh is None else cookies.refresh[1:]
        came = [name for name in (*cookies.others, *others) if name in request.cookies]
        cookies.delete(response, *came)
        setattr(request, _NEW_CSRF, contents.csrf)
    keep_private(response)
