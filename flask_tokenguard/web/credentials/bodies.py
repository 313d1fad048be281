"""Bodies: a form or a JSON object, never read beyond a bound, and parsed once.

A larger body is left for the view as it came. A stream whose length nobody states is read up to
the bound first; the view then reads it from its beginning all the same.
"""

import io
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Protocol
from urllib.parse import parse_qsl

from flask import Request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from ...errors import InvalidRequest, Reason
from ...jose import strict_json

_FORM = "application/x-www-form-urlencoded"
_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Where a request keeps its body once it was read.
_BODY = "_tokenguard_body"
_UNREAD = object()


def has_form(request: Request) -> bool:
    """Return whether the body is a form that is not multipart, of a method that has one."""
    return request.method in _METHODS and request.mimetype == _FORM


def has_any_form(request: Request) -> bool:
    """Return whether the body is a form, also a multipart one, of a method that has one."""
    return request.method in _METHODS and request.mimetype in (_FORM, "multipart/form-data")


def has_json(request: Request) -> bool:
    """Return whether the body is JSON, of a method that has one."""
    return request.method in _METHODS and request.is_json


@dataclass(slots=True, eq=False, repr=False)
class Body:
    """A body that was read: its octets, and its JSON object once that is asked for."""

    _octets: bytes
    _members: dict[str, Any] | None = None
    _is_strict: bool = False

    def find_members(self, name: str, request: Request) -> list[Any]:
        """Return the values of a member of the JSON object: one, or none.

        `request.get_json` of the view returns what was parsed here.

        Raises:
            InvalidRequest: The member is there, and another reader may see another value.
        """
        # An escape or another encoding may hide a name; else a body without it is not parsed.
        if not any(part in self._octets for part in (name.encode(), b"\\", b"\0")):
            return []
        if self._members is None:
            self._members = self._parse(request)
        if name not in self._members:
            return []
        if not self._is_strict:
            raise InvalidRequest("The JSON body is malformed")
        return [self._members[name]]

    def parse_form(self) -> Mapping[str, list[str]]:
        """Return the values of each parameter of a form, read as Werkzeug reads `request.form`.

        That takes four times as long, and the views of the token endpoints read no more of it.
        """
        values: defaultdict[str, list[str]] = defaultdict(list)
        with suppress(UnicodeDecodeError):
            for name, value in parse_qsl(self._octets.decode(), keep_blank_values=True):
                values[name].append(value)
        return values

    def _parse(self, request: Request) -> dict[str, Any]:
        if self._octets.lstrip()[:1] == b"[":
            return {}
        try:
            members = strict_json.parse_object(self._octets)
        except ValueError:
            return _parse_loosely(self._octets)
        self._is_strict = True
        _hand_over(members, request)
        return members


def read(request: Request, bound: int) -> Body | None:
    """Read the body of a form or of JSON, once for all callers.

    Args:
        request: The current request.
        bound: In octets; the same for all callers.

    Returns:
        None where the body is larger, or as large and of a length that was not stated.

    Raises:
        RequestEntityTooLarge: It is larger than the app allows (`MAX_CONTENT_LENGTH`).
        ClientDisconnected: It cannot be read to its end.
    """
    body: Body | None = getattr(request, _BODY, _UNREAD)  # type: ignore[arg-type] # a mark
    if body is _UNREAD:
        octets = request.get_data() if _is_within(request, bound) else None
        # The app may have read all of it before us.
        body = None if octets is None or len(octets) > bound else Body(octets)
        setattr(request, _BODY, body)
    return body


def parameters(request: Request, *names: str, bound: int) -> dict[str, str]:
    """Read those of these parameters that a form or a JSON object holds; none in other bodies.

    Raises:
        InvalidRequest: One occurs twice, or is not text.
        RequestEntityTooLarge: The body is larger than the bound, or than the app allows.
        ClientDisconnected: It cannot be read to its end.
    """
    is_form = has_form(request)
    if not is_form and not has_json(request):
        return {}
    body = read(request, bound)
    if body is None:
        raise RequestEntityTooLarge
    if not is_form:
        return texts(partial(body.find_members, request=request), *names)
    # A form that the app has read is parsed, and its octets are gone.
    is_parsed = "form" in vars(request)
    return texts(request.form.getlist if is_parsed else body.parse_form().__getitem__, *names)


def texts(values_of: Callable[[str], Sequence[object]], *names: str) -> dict[str, str]:
    """Return those of these parameters that are there; an empty one is not (RFC 6749 section 3.2).

    Args:
        values_of: Returns the values of a parameter.
        names: Theirs.

    Raises:
        InvalidRequest: One occurs twice, or is not text.
    """
    found: dict[str, str] = {}
    for name in names:
        values = values_of(name)
        if len(values) > 1:
            raise InvalidRequest(
                f"The request carries two parameters {name}", reason=Reason.TWO_CREDENTIALS
            )
        for value in values:
            if not isinstance(value, str):
                raise InvalidRequest(f"The {name} is not text")
            if value:
                found[name] = value
    return found


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Resumed(io.RawIOBase):
    """A stream whose first octets were read already, from its beginning."""

    def __init__(self, head: bytes, rest: _Readable) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        octets = self._head.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(octets)] = octets
        return len(octets)


def _is_within(request: Request, bound: int) -> bool:
    length = request.content_length
    if length is not None and length > bound:
        return False
    # Without this mark Werkzeug reads as much as Content-Length states, and nothing without it.
    return "wsgi.input_terminated" not in request.environ or _ends_within(request, bound)


def _ends_within(request: Request, bound: int) -> bool:
    """Read a stream that the server ends, up to the bound, and put back what was read."""
    # Who has opened the stream already goes on reading that one.
    is_open = "stream" in vars(request)
    source: IO[bytes] = request.stream if is_open else request.environ["wsgi.input"]
    allowed = request.max_content_length
    most = bound if allowed is None else min(bound, allowed + 1)
    head = _take(source, most)
    if allowed is not None and len(head) > allowed:
        # Werkzeug would cut it off there and hand on the rest as if it were whole.
        raise RequestEntityTooLarge
    is_whole = len(head) < most or len(head) == request.content_length
    stream: Any = io.BytesIO(head) if is_whole else _Resumed(head, source)
    if is_open:
        vars(request)["stream"] = stream
    else:
        request.environ["wsgi.input"] = stream
    return is_whole


def _take(source: _Readable, most: int) -> bytes:
    taken = bytearray()
    while len(taken) < most:
        try:
            octets = source.read(most - len(taken))
        except HTTPException:
            raise
        except Exception:  # noqa: BLE001 - each server has its own, such as for a broken chunk
            raise ClientDisconnected from None
        if not octets:
            break
        taken += octets
    return bytes(taken)


def _parse_loosely(octets: bytes) -> dict[str, Any]:
    """Parse what a view might still accept: only a body that brings a token has to be strict."""
    try:
        parsed = json.loads(octets)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _hand_over(members: dict[str, Any], request: Request) -> None:
    """Let `request.get_json` return the members, unless the app parses JSON in a way of its own."""
    provider = request.json_module
    if getattr(provider.loads, "__func__", None) is DefaultJSONProvider.loads:
        request.json_module = _Parsed(members)
        try:
            request.get_json(silent=True)
        finally:
            request.json_module = provider


class _Parsed:
    """Stands in for a JSON module, for one look at a body that is parsed already."""

    __slots__ = ("_members",)

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members

    def loads(self, _octets: bytes, **_options: Any) -> dict[str, Any]:
        return self._members
