"""Logins: send a person who is refused to the login page, and back to the page that was asked for.

`next` comes from anybody. A browser takes `//host`, a backslash for a slash, and a tab for nothing,
so that only a path in printable ASCII leads back into the app.
"""

import logging
import re
from typing import Any
from urllib.parse import quote, unquote

from flask import Request, Response, request
from werkzeug.routing import BuildError

from ...config.cookies import PRIVATE
from ...config.locations import QUERY
from ...errors import Refusal
from ..credentials.readers import has_token_in_query
from ..parts import Parts, resolver

_NEXT = "next"
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
# Reserved characters that stand in a path or a query as they are (RFC 3986 section 3.3).
_IN_PATH = "/!$&'()*+,;=:@"
_IN_QUERY = f"{_IN_PATH}?%"
# A login page has to fit beside it into what servers take for a URL.
_MOST_CHARACTERS = 2000
_READ = frozenset({"GET", "HEAD"})
_logger = logging.getLogger("flask_tokenguard")
_current_request = resolver(request)


def next_path(default: str = "/") -> str:
    """Return where a login leads back: `next` of the request, if it is a path of this app.

    Args:
        default: What is returned in its place.
    """
    request = _current_request()
    path = request.values.get(_NEXT, "")
    return path if _leads_back(path, request) else default


def redirect_to_login(error: Refusal, view: str, parts: Parts) -> Response | None:
    """Answer a person's request for a page, which lacks a good token, by the way to the login.

    Args:
        error: Why the request is refused.
        view: TOKENGUARD_LOGIN_VIEW.
        parts: Those of its app.

    Returns:
        None where it is no such request.
    """
    request = _current_request()
    if error.code != 401 or request.endpoint == view or not _is_page(request):
        return None
    try:
        address = parts.app.url_for(view, **_way_back(request, parts))
    except BuildError:
        _logger.error(  # noqa: TRY400 - the setting is at fault
            "TOKENGUARD_LOGIN_VIEW %r is no endpoint of the app, or its rule has variables; write"
            " it as `flask routes` lists it, not as a path",
            view,
        )
        return None
    return Response(status=303, headers={"Location": address, "Cache-Control": PRIVATE})


def _is_page(request: Request) -> bool:
    """Check whether a person asks for a page; a client with a bearer token does not."""
    environ = request.environ
    if environ.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer ":
        return False
    mode = environ.get("HTTP_SEC_FETCH_MODE")
    if mode is not None:
        return bool(mode == "navigate")
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]


def _way_back(request: Request, parts: Parts) -> dict[str, Any]:
    """Return what the login page gets of the page; nothing of a form that was sent."""
    # A view that wants its token elsewhere has not looked at where it may be too.
    may_hold_token = any(place.kind == QUERY for place in parts.locations) and request.args
    if request.method not in _READ or may_hold_token or has_token_in_query(request):
        return {}
    path = quote(f"{request.root_path}{request.path}", safe=_IN_PATH)
    query = quote(request.query_string, safe=_IN_QUERY)
    path = f"{path}?{query}" if query else path
    return {_NEXT: path} if _leads_back(path, request) else {}


def _leads_back(path: str, request: Request) -> bool:
    """Check whether a browser that follows a path stays in the app."""
    if len(path) > _MOST_CHARACTERS or not _PATH.fullmatch(path):
        return False
    place = re.split("[?#]", path, maxsplit=1)[0]
    root = quote(request.root_path, safe=_IN_PATH)
    is_below = place == root or place.startswith(f"{root}/")
    # A server in front may decode a slash before it looks for dots.
    return is_below and {".", ".."}.isdisjoint(re.split(r"[/\\]", unquote(place)))
