"""The own site: whether a request comes from it, and the token of ours that its cookies hold."""

from collections.abc import Iterator
from functools import partial

from flask import has_request_context

from ...config.locations import COOKIE, HEADER
from ...errors import CrossSiteRequest, InvalidToken, Rejected
from ...verify.claims import VerifiedToken
from ..authentication import current_authentication, current_request
from ..credentials.cookies import in_cookie, in_refresh_cookie
from ..parts import Parts

# Where a request keeps that it was checked with the refresh token of its cookie.
_CHECKED = "_tokenguard_own_site"


def note_own_site() -> None:
    """Keep that the current request was checked with a token of its cookies."""
    setattr(current_request(), _CHECKED, True)


def require_own_site(parts: Parts) -> None:
    """Refuse a request that would change our cookies, if another site may have sent it.

    A login or a logout by another site's form would be one, with or without a cookie.

    Raises:
        CrossSiteRequest: It may be from another site.
        Unavailable: It cannot be checked.
    """
    if not has_request_context() or hasattr(current_request(), _CHECKED):
        return
    authentication = current_authentication(parts)
    if isinstance(authentication.error, CrossSiteRequest):
        raise authentication.error
    # A cookie's request was checked with its token. No other site sends a header of its own, but
    # its form may hold a token.
    place = authentication.place
    if authentication.token is not None and place is not None and place.kind in (HEADER, COOKIE):
        return
    check, request = parts.get_cookies().check, current_request()
    if check.leaves_open(request):
        token = find_own_token(parts)
        if token is not None:
            check.require_csrf(request, token, *_beside(parts, token))


def _beside(parts: Parts, token: VerifiedToken) -> Iterator[VerifiedToken]:
    """Find the tokens of its subject beside one of another program, which has a claim in each.

    Its scripts send that of the access token with a logout, ended or not.
    """
    if token.is_former:
        for other in find_former_tokens(parts):
            if other.claims.get("sub") == token.claims["sub"]:
                yield other


def find_former_tokens(parts: Parts) -> Iterator[VerifiedToken]:
    """Find the tokens of another program in the request's cookies, good or not.

    Raises:
        Unavailable: An issuer's keys could not be had.
    """
    for text in parts.get_cookies().texts(current_request()):
        try:
            token = parts.verifier.authenticate(text)
        except InvalidToken:
            continue
        if token.is_former:
            yield token


def find_own_token(parts: Parts) -> VerifiedToken | None:
    """Find a good token of ours in the request's cookies; a browser keeps the refresh token longer.

    Raises:
        Unavailable: One cannot be checked.
    """
    cookies, request = parts.get_cookies(), current_request()
    access = (cookies.access, *cookies.others)
    for verify, read in (
        (_verify_refresh_token, partial(in_refresh_cookie, cookies.refresh)),
        *((_verify_access_token, partial(in_cookie, name)) for name in access),
    ):
        try:
            text = read(request)
            token = None if text is None else verify(parts, text)
        except Rejected:
            continue
        if token is not None and token.is_own:
            return token
    return None


def _verify_access_token(parts: Parts, text: str) -> VerifiedToken:
    return parts.verifier.verify(text)


def _verify_refresh_token(parts: Parts, text: str) -> VerifiedToken | None:
    """Verify a refresh token; None where its session is over, and without a store."""
    if parts.sessions is None:
        return None
    presented = parts.sessions.verify(text)
    return presented.token if parts.sessions.is_alive(presented) else None
