"""Options: what an app may ask for one token, and the claims that they stand for."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypedDict

from ..arguments.hints import OPTIONS, unknown_argument
from ..errors import NQCHAR, InvalidToken, IssueError
from ..jose.compact import numeric_date

_REMEMBERED_SCOPES = 256
_SCOPE_TOKEN = f"[{NQCHAR}]+"


class IssueOptions(TypedDict, total=False):
    """What may be asked for one token.

    Attributes:
        scope: Space-separated text, or the scopes one by one (RFC 6749 section 3.3).
        claims: The app's own claims; JSON, none of them reserved.
        audience: In place of the configured one.
        lifetime: In place of the configured one; an int is seconds.
        not_before: How long after its issue it begins to be valid, written as `nbf`; an int is
            seconds, 0 means at once. Left out, it has no `nbf` (RFC 7519 section 4.1.5).
        client_id: The client that it is for, in place of the configured one; None leaves the claim
            out (RFC 9068 section 2.2).
        header: More header members; none of those that select or carry keys.
        auth_time: When the subject last authenticated, such as by a password; seconds since the
            epoch, or an aware datetime (RFC 9068 section 2.2.1).
    """

    scope: str | Iterable[str] | None
    claims: Mapping[str, Any] | None
    audience: str | Iterable[str] | None
    lifetime: timedelta | int | None
    not_before: timedelta | int | None
    client_id: str | None
    header: Mapping[str, Any] | None
    auth_time: datetime | int | None


def registered_claims(options: IssueOptions) -> dict[str, Any]:
    """Return the registered claims that options stand for, as a token holds them.

    A `client_id` of None stays, since it leaves the configured one out.

    Raises:
        IssueError: One of them makes a token that must not be.
        TypeError: There is no such option.
    """
    claims: dict[str, Any] = {}
    for name, value in options.items():
        if name in _CLAIMS:
            claim, encode = _CLAIMS[name]
            encoded = None if value is None else encode(value)
            if encoded is not None or claim == "client_id":
                claims[claim] = encoded
        elif name not in IssueOptions.__annotations__:
            raise unknown_argument(
                name,
                IssueOptions.__annotations__,
                OPTIONS,
                otherwise=f'a claim of the app is written claims={{"{name}": ...}}',
            )
    return claims


def with_defaults(own: Mapping[str, Any] | None, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Join the claims of a call with those of every token, which give way.

    Raises:
        IssueError: One of both is no mapping.
    """
    check_mapping("what default_claims returns", defaults)
    if own is None:
        return dict(defaults)
    check_mapping("claims", own)
    return {**defaults, **own}


def check_mapping(what: str, members: object) -> None:
    """Refuse what is no mapping of names to values.

    Raises:
        IssueError: It is not.
    """
    # Asking of a dict whether it is a Mapping takes longer than all else here.
    if not isinstance(members, dict) and not isinstance(members, Mapping):
        raise IssueError(
            f'{what} must be a mapping, such as {{"name": "value"}}; it is of type'
            f" {type(members).__name__}"
        )


def whole_seconds(lifetime: timedelta | int) -> int:
    """Return a lifetime in seconds.

    Raises:
        IssueError: It is not a whole second long.
    """
    if isinstance(lifetime, timedelta):
        lifetime = int(lifetime.total_seconds())
    if isinstance(lifetime, bool) or not isinstance(lifetime, int) or lifetime <= 0:
        came = "less" if type(lifetime) is int else f"of type {type(lifetime).__name__}"
        raise IssueError(
            "the lifetime must be a timedelta or a number of seconds, such as lifetime=900, of at"
            f" least one; it is {came}"
        )
    return lifetime


def begin(now: int, not_before: timedelta | int, *ends: int) -> int:
    """Return the `nbf` of a token that is issued now.

    Args:
        now: Seconds since the epoch.
        not_before: How long after that.
        ends: Each `exp` that the token may have.

    Raises:
        IssueError: The delay is negative or no duration, or the token would never be valid.
    """
    if isinstance(not_before, timedelta):
        not_before = math.ceil(not_before.total_seconds())
    if isinstance(not_before, bool) or not isinstance(not_before, int) or not_before < 0:
        raise IssueError("not_before must be a timedelta or int of seconds from now, 0 or more")
    if now + not_before >= min(ends):
        raise IssueError(
            f"the token would expire before it is valid: not_before is {not_before} seconds, and it"
            f" lives for {min(ends) - now}"
        )
    return now + not_before


def scope_text(scope: str | Iterable[str]) -> str | None:
    """Join scopes as a token holds them; None for none (RFC 6749 section 3.3).

    Raises:
        IssueError: One of them is not a scope.
    """
    return _scope_of_text(scope) if isinstance(scope, str) else _scope_of(_listed(scope, "scope"))


@lru_cache(_REMEMBERED_SCOPES)
def _scope_of_text(text: str) -> str | None:
    return _scope_of(list(filter(None, text.split(" "))))


def _scope_of(names: Iterable[str]) -> str | None:
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(_SCOPE_TOKEN, name):
            hint = '; write scope="a b" or ["a", "b"]' if " " in str(name) else ""
            raise IssueError(f"{name!r} is not a scope (RFC 6749 section 3.3){hint}")
    return " ".join(names) or None


def _listed(values: Iterable[str], what: str) -> list[str]:
    if isinstance(values, bytes | Mapping) or not isinstance(values, Iterable):
        raise IssueError(
            f"the {what} must be a str, or several; it is of type {type(values).__name__}"
        )
    return list(values)


def _audience(audience: str | Iterable[str]) -> str | list[str]:
    if isinstance(audience, str) and audience:
        return audience
    values = [] if isinstance(audience, str) else _listed(audience, "audience")
    if not values or not all(isinstance(value, str) and value for value in values):
        raise IssueError("the audience must be a str, or several, none of them empty")
    return values


def _client_id(client_id: str) -> str:
    if not isinstance(client_id, str) or not client_id:
        raise IssueError("the client_id must be a str that is not empty, or None")
    return client_id


def _auth_time(moment: datetime | int) -> int:
    seconds: object = moment
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        seconds = moment.timestamp()
    try:
        return int(numeric_date({"auth_time": seconds}, "auth_time"))
    except InvalidToken:
        raise IssueError(
            "auth_time must be an aware datetime from 1970 on, or seconds since the epoch"
        ) from None


# By option: the claim, and what encodes it.
_CLAIMS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "scope": ("scope", scope_text),
    "audience": ("aud", _audience),
    "client_id": ("client_id", _client_id),
    "auth_time": ("auth_time", _auth_time),
}
