"""From a subject to a signed string (RFC 7519 section 7.1, RFC 9068 section 2)."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypedDict, cast

from . import ids
from .errors import ConfigurationError, IssueError
from .jose import base64url, strict_json
from .jose.jwe import EncryptionKey
from .jose.jwk import Key
from .validators import LAST_NUMERIC_DATE, Clock

RESERVED_CLAIMS = frozenset("iss sub aud exp iat nbf jti scope client_id sid cnf auth_time".split())
RESERVED_HEADERS = frozenset("alg typ kid cty crit b64 jwk jku x5u x5c x5t x5t#S256 zip".split())
_REMEMBERED_SCOPES = 256
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


class IssueOptions(TypedDict, total=False):
    """What may be said of one token.

    Attributes:
        scope: Space-separated text, or the scopes one by one (RFC 6749 section 3.3).
        claims: The app's own claims; JSON, none of them reserved.
        audience: In place of the configured one.
        lifetime: In place of the configured one; an int is seconds.
        header: More header members; none of those that select or carry keys.
        auth_time: When the subject last showed who it is, such as by a password; seconds since the
            epoch, or an aware datetime (RFC 9068 section 2.2.1).
    """

    scope: str | Iterable[str] | None
    claims: Mapping[str, Any] | None
    audience: str | Iterable[str] | None
    lifetime: timedelta | int | None
    header: Mapping[str, Any] | None
    auth_time: datetime | int | None


class TokenIssuer:
    """Issues one kind of token of one app.

    Attributes:
        issuer: Written as `iss`, unless None.
    """

    def __init__(  # noqa: PLR0913 - each is one thing that every token says
        self,
        signing_key: Callable[[], Key | None],
        *,
        encryption_key: EncryptionKey | None = None,
        lifetime: timedelta,
        longest_lifetime: timedelta | None = None,
        typ: str = "at+jwt",
        issuer: str | None = None,
        audience: str | None = None,
        client_id: str | None = None,
        max_size: int = 8192,
        clock: Clock = time.time,
        next_instant: Callable[[str], int] | None = None,
    ) -> None:
        """Take the signing key and what every token says.

        Args:
            signing_key: Gives the key that signs now, or None where there are only public keys.
            encryption_key: Encrypts what was signed, unless None.
            lifetime: How long a token lives unless told otherwise.
            longest_lifetime: What no token may outlive, unless None.
            typ: The header's media type.
            issuer: Written as `iss`, unless None.
            audience: Written as `aud`, unless None.
            client_id: Written as `client_id`, unless None.
            max_size: The longest token that our own verifier takes, in characters.
            clock: Seconds since the epoch, UTC.
            next_instant: Gives, for a subject, the milliseconds that a new `jti` begins with; by
                default those of the clock.
        """
        self._signing_key = signing_key
        self._encryption_key = encryption_key
        self._lifetime = _seconds(lifetime)
        self._longest_lifetime = None if longest_lifetime is None else _seconds(longest_lifetime)
        self._typ = typ
        self.issuer = issuer
        common = {"iss": issuer, "client_id": client_id, "aud": audience}
        self._common = {name: value for name, value in common.items() if value is not None}
        self._max_size = max_size
        self._clock = clock
        self._next_instant = next_instant
        self._plain_header: tuple[Key, bytes] | None = None

    def issue(
        self, subject: str, options: IssueOptions, registered: Mapping[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Sign a token.

        Args:
            subject: Whom it speaks of; a text, not empty.
            options: What this token says.
            registered: Reserved claims that come before ours.

        Returns:
            The token, and the claims in it.

        Raises:
            ConfigurationError: There is no private key to sign with.
            IssueError: An argument makes a token that must not be.
            TypeError: There is no such option.
        """
        key = self._signing_key()
        if key is None:
            raise ConfigurationError(
                "No key can sign; give TOKENGUARD_KEY a secret or a private key"
            )
        payload = self._claims(subject, options, registered)
        encoded_header = self._encode_header(key, options.get("header"))
        signing_input = encoded_header + b"." + base64url.encode(_dump(payload, "claims"))
        token = signing_input + b"." + base64url.encode(key.sign(signing_input))
        if self._encryption_key is not None:
            # A token inside must be called one (RFC 7519 section 5.2).
            token = self._encryption_key.encrypt(token, {"cty": "JWT"}).encode()
        if len(token) > self._max_size:
            raise IssueError(
                f"the token would be {len(token)} characters long; TOKENGUARD_MAX_TOKEN_SIZE is"
                f" {self._max_size}"
            )
        return token.decode(), payload

    def _claims(
        self, subject: str, options: IssueOptions, registered: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        check_subject(subject)
        moment = self._clock()
        now = int(moment)
        payload = {
            **self._common,
            "sub": subject,
            "iat": now,
            "exp": self.expiry(now, options.get("lifetime")),
        }
        for name, value in options.items():
            if name in _CLAIMS:
                claim, write = _CLAIMS[name]
                if value is not None and (written := write(value)) is not None:
                    payload[claim] = written
            elif name not in _OTHER_OPTIONS:
                raise TypeError(f"there is no option {name}")
        if registered:
            payload |= {name: value for name, value in registered.items() if value is not None}
        if "jti" not in payload:
            next_instant = self._next_instant
            instant = int(moment * 1000) if next_instant is None else next_instant(subject)
            payload["jti"] = ids.new_jti(instant)
        own = options.get("claims")
        if own:
            _add_own(payload, own, RESERVED_CLAIMS, "claim")
        return payload

    def expiry(self, now: int, lifetime: timedelta | int | None = None) -> int:
        """Tell the `exp` of a token that is issued now.

        Args:
            now: Seconds since the epoch.
            lifetime: In place of the configured one.

        Raises:
            IssueError: The token would live for too long, or not at all.
        """
        seconds = self._lifetime if lifetime is None else _seconds(lifetime)
        longest = self._longest_lifetime
        if longest is not None and seconds > longest:
            raise IssueError(
                f"the lifetime is longer than {longest} seconds, for which a"
                " key ring keeps its keys (TOKENGUARD_ACCESS_TOKEN_LIFETIME), or a store what it"
                " knows"
            )
        if now + seconds > LAST_NUMERIC_DATE:
            raise IssueError("the lifetime reaches beyond the year 9999")
        return now + seconds

    def _encode_header(self, key: Key, extra: Mapping[str, Any] | None) -> bytes:
        remembered = self._plain_header
        if not extra and remembered is not None and remembered[0] is key:
            return remembered[1]
        header = {"alg": key.alg, "typ": self._typ}
        if key.kid is not None:
            header["kid"] = key.kid
        if extra:
            _add_own(header, extra, RESERVED_HEADERS, "header")
        encoded = base64url.encode(_dump(header, "header"))
        if not extra:
            self._plain_header = key, encoded
        return encoded


def plain(options: IssueOptions) -> IssueOptions:
    """Write options as a token holds them, and leave out what says nothing.

    Raises:
        IssueError: One of them makes a token that must not be.
        TypeError: There is no such option.
    """
    written: dict[str, Any] = {}
    said: Mapping[str, Any] = options
    for name, value in said.items():
        if name not in _CLAIMS and name not in _OTHER_OPTIONS:
            raise TypeError(f"there is no option {name}")
        if value is not None and name in _CLAIMS:
            value = _CLAIMS[name][1](value)  # noqa: PLW2901 - as a token holds it
        if value is not None:
            written[name] = value
    return cast(IssueOptions, written)


def check_subject(subject: str) -> None:
    """Refuse a subject that is not a text, or empty.

    Raises:
        IssueError: It is.
    """
    if not isinstance(subject, str) or not subject:
        raise IssueError("the subject must be a str that is not empty; str(user.id), say")


def _auth_time(moment: datetime | int) -> int:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return int(moment.timestamp())
    if isinstance(moment, int | float) and 0 <= moment <= LAST_NUMERIC_DATE:
        return int(moment)
    raise IssueError("auth_time must be an aware datetime, or seconds since the epoch")


def _add_own(
    said: dict[str, Any], members: Mapping[str, Any], reserved: frozenset[str], what: str
) -> None:
    # Asking of a dict whether it is a Mapping takes longer than all else here.
    if not isinstance(members, dict) and not isinstance(members, Mapping):
        raise IssueError(f"the {what} members are not a mapping")
    for name, value in members.items():
        if not isinstance(name, str):
            raise IssueError(f"the {what} name {name!r} is not a str")
        if name in reserved:
            raise IssueError(f"the {what} {name} is reserved; see the arguments of issue_token")
        said[name] = value


def _dump(members: Mapping[str, Any], what: str) -> bytes:
    try:
        return strict_json.dump_object(members)
    except (TypeError, ValueError) as error:
        raise IssueError(f"the {what} cannot be written as JSON: {error}") from error


def _seconds(lifetime: timedelta | int) -> int:
    if isinstance(lifetime, timedelta):
        lifetime = int(lifetime.total_seconds())
    if isinstance(lifetime, bool) or not isinstance(lifetime, int) or lifetime <= 0:
        raise IssueError("the lifetime must be a timedelta or int of at least one second")
    return lifetime


def scope_text(scope: str | Iterable[str]) -> str | None:
    """Write scopes as a token holds them; None for none (RFC 6749 section 3.3).

    Raises:
        IssueError: One of them is not a scope.
    """
    return _scope_of_text(scope) if isinstance(scope, str) else _scope_of(_listed(scope, "scope"))


@lru_cache(_REMEMBERED_SCOPES)
def _scope_of_text(text: str) -> str | None:
    return _scope_of(list(filter(None, text.split(" "))))


def _scope_of(names: Iterable[str]) -> str | None:
    for name in names:
        if not isinstance(name, str) or not _SCOPE_TOKEN.fullmatch(name):
            raise IssueError(f"{name!r} is not a scope (RFC 6749 section 3.3)")
    return " ".join(names) or None


def _listed(values: Iterable[str], what: str) -> list[str]:
    try:
        return list(values)
    except TypeError:
        raise IssueError(f"the {what} must be a str, or several") from None


def _audience(audience: str | Iterable[str]) -> str | list[str]:
    if isinstance(audience, str) and audience:
        return audience
    values = [] if isinstance(audience, str) else _listed(audience, "audience")
    if not values or not all(isinstance(value, str) and value for value in values):
        raise IssueError("the audience must be a str, or several, none of them empty")
    return values


# How options are written, and which claims they are.
_CLAIMS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "scope": ("scope", scope_text),
    "audience": ("aud", _audience),
    "auth_time": ("auth_time", _auth_time),
}
_OTHER_OPTIONS = IssueOptions.__annotations__.keys() - _CLAIMS.keys()
