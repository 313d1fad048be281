"""Readers: how a token is read from each kind of place but cookies (RFC 6750 section 2)."""

import logging
import re
from collections.abc import Callable
from functools import partial
from weakref import WeakSet

from flask import Flask, Request

from ...config.locations import AUTHORIZATION, BEARER
from ...errors import InvalidRequest, Reason
from . import bodies

_B64TOKEN = r"[A-Za-z0-9._~+/-]+=*"
_JWT = r"eyJ[A-Za-z0-9._-]+"
# The closing quote may be missing, so that a hostile header is read once and no more.
_QUOTED = r'"(?:\\.|[^"\\])*"?'
_WITHHELD = "no Authorization header: mod_wsgi passes it on only with WSGIPassAuthorization On"
# Where a request keeps that its query holds what may be a token.
_IN_QUERY = "_tokenguard_in_query"
_warned: WeakSet[Flask] = WeakSet()
_logger = logging.getLogger("flask_tokenguard")
# Names that are shown in the log: what else stands there may be a password or a token.
_SCHEMES = {
    name.lower(): name
    for name in (
        *("ApiKey", "AWS4-HMAC-SHA256", "Basic", "Bearer", "Digest", "DPoP", "GNAP", "HOBA", "JWT"),
        *(
            "Mutual",
            "Negotiate",
            "NTLM",
            "OAuth",
            "PrivateToken",
            "SCRAM-SHA-1",
            "SCRAM-SHA-256",
            "Token",
        ),
    )
}


class Credentials:
    """A header that holds a scheme and a token (RFC 9110 section 11.4).

    Attributes:
        name: That of the header.
        scheme: The one that is wanted.
        read: Returns the unverified token of a request, or None.
    """

    __slots__ = ("_variable", "malformed", "name", "read", "scheme")

    def __init__(self, name: str, scheme: str) -> None:
        self.name = name
        self.scheme = scheme
        self.malformed = f"The {name} header is malformed"
        self._variable = variable_of(name)
        self.read = self._make_reader()

    def _make_reader(self) -> Callable[[Request], str | None]:
        # What a closure has is found faster than what `self` has.
        variable, malformed, prefix = self._variable, self.malformed, f"{self.scheme} "
        lowered, length = prefix.lower(), len(prefix)
        no_space = self._contrast(f"{self.scheme} without a space behind it")
        scheme = re.escape(self.scheme)
        is_scheme = rf"(?i:{scheme})(?![!#$%&'*+.^_`|~0-9A-Za-z-])"
        # Servers join several headers with a comma (RFC 9110 section 5.3). A parameter has the `=`.
        is_second = rf"(?i),[ \t]*{scheme}[ \t]+(?![ \t=])"

        def read(request: Request) -> str | None:
            """Read the token, the scheme in any case (RFC 6750 section 2.1)."""
            value: str | None = request.environ.get(variable)
            if value is None:
                return None
            if value.startswith(prefix) or value[:length].lower() == lowered:
                # uWSGI and Werkzeug keep the white space at the end (RFC 9110 section 5.5).
                return value[length:].lstrip(" ").rstrip(" \t")
            if re.match(is_scheme, value):
                raise InvalidRequest(malformed, detail=no_space)
            if "," in value and re.search(is_second, re.sub(_QUOTED, "", value)):
                raise InvalidRequest(
                    "The request carries two credentials", reason=Reason.TWO_CREDENTIALS
                )
            return None

        return read

    def describe_others(self, request: Request) -> str:
        """Describe, for the log, a header that holds something else than the scheme.

        Nothing of it is quoted but the name of a scheme that is known; empty where there is none.
        """
        value = request.environ.get(self._variable, "").strip(" \t")
        if not value:
            return ""
        header = f"the {self.name} header"
        first, _, rest = value.partition(" ")
        if not rest:
            what = "a token alone" if re.fullmatch(_JWT, first) else "one word alone"
            return f"{header} holds {what}; write {self.scheme} and a space before the token"
        scheme = _SCHEMES.get(first.lower())
        what = "a scheme that is not known" if scheme is None else f"the scheme {scheme}"
        return f"{header} has {what}; {self.scheme} is wanted"

    def fault_of(self, token: str | None) -> InvalidRequest | None:
        """Return the fault of a header that brought no `b64token` (RFC 6750 section 2.1), or None.

        Call it for refused tokens alone: every accepted token is a `b64token`.
        """
        if re.fullmatch(_B64TOKEN, token or ""):
            return None
        what = "other characters than those of a token, such as quotes or a space"
        if not token:
            what = f"nothing behind {self.scheme}"
        elif token.lower().startswith(f"{self.scheme} ".lower()):
            what = f"{self.scheme} twice"
        return InvalidRequest(self.malformed, detail=self._contrast(what))

    def _contrast(self, what: str) -> str:
        """Write what a header has beside what is wanted; nothing of it is quoted."""
        return f"the {self.name} header has {what}; write {self.scheme}, a space and the token"


def variable_of(name: str) -> str:
    """Return the name of a header in the environ."""
    return f"HTTP_{name.upper().replace('-', '_')}"


def in_authorization(request: Request) -> str | None:
    """Read an `Authorization` header that holds a token alone: with a scheme it holds none.

    Raises:
        InvalidRequest: The header came twice.
    """
    token = in_field(request, variable="HTTP_AUTHORIZATION")
    return None if token is None or " " in token or "\t" in token else token


def warn_if_withheld(request: Request, app: Flask) -> None:
    """Log, once an app and process, what makes mod_wsgi withhold the header.

    Its environ is the same where the client sent none, so the line names a condition.
    """
    environ = request.environ
    if "mod_wsgi.version" in environ and "HTTP_AUTHORIZATION" not in environ and app not in _warned:
        _warned.add(app)
        _logger.warning(_WITHHELD)


def in_form(request: Request, *, parameter: str, bound: int) -> str | None:
    """Read a form body that is not multipart, of a method that has one (RFC 6750 section 2.2)."""
    if not bodies.has_form(request) or bodies.read(request, bound) is None:
        return None
    return bodies.texts(request.form.getlist, parameter).get(parameter)


def in_query(request: Request, *, parameter: str) -> str | None:
    """Read the query (RFC 6750 section 2.3), which logs and histories keep."""
    if parameter in request.args:
        note_in_query(request)
    token = bodies.texts(request.args.getlist, parameter).get(parameter)
    # What is no body's parameter is a token, and a bad one, also where it is empty.
    return "" if token is None and parameter in request.args else token


def note_in_query(request: Request) -> None:
    """Keep that the query holds what may be a token, and is for no other page."""
    setattr(request, _IN_QUERY, True)


def has_token_in_query(request: Request) -> bool:
    """Return whether a reader found what may be a token in the query."""
    return hasattr(request, _IN_QUERY)


def in_json(request: Request, *, parameter: str, bound: int) -> str | None:
    """Read a member of a JSON object, for which there is no RFC."""
    body = bodies.read(request, bound) if bodies.has_json(request) else None
    if body is None:
        return None
    return bodies.texts(partial(body.find_members, request=request), parameter).get(parameter)


def in_field(request: Request, *, variable: str) -> str | None:
    """Read a header that holds a token alone; an empty one holds none.

    Args:
        request: The request.
        variable: The name of the header in the environ.

    Raises:
        InvalidRequest: The header came twice.
    """
    value: str = request.environ.get(variable, "").strip(" \t")
    if "," in value:
        raise InvalidRequest("The request carries two tokens", reason=Reason.TWO_CREDENTIALS)
    return value or None


# Made here, so that no app makes it anew.
IN_BEARER_HEADER = Credentials(AUTHORIZATION, BEARER)
