"""From a subject to a signed string (RFC 7519 section 7.1, RFC 9068 section 2)."""

import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypedDict, Unpack

from .errors import ConfigurationError, IssueError
from .jose import base64url, strict_json
from .jose.jwe import EncryptionKey
from .jose.jwk import Key
from .validators import LAST_NUMERIC_DATE, Clock

RESERVED_CLAIMS = frozenset("iss sub aud exp iat nbf jti scope client_id sid cnf auth_time".split())
RESERVED_HEADERS = frozenset("alg typ kid cty crit b64 jwk jku x5u x5c x5t x5t#S256 zip".split())
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


class IssueOptions(TypedDict, total=False):
    """What may be said of one token.

    Attributes:
        scope: Space-separated text, or the scopes one by one (RFC 6749 section 3.3).
        claims: The app's own claims; JSON, none of them reserved.
        audience: In place of the configured one.
        lifetime: In place of the configured one; an int is seconds.
        header: More header members; none of those that select or carry keys.
    """

    scope: str | Iterable[str] | None
    claims: Mapping[str, Any] | None
    audience: str | Iterable[str] | None
    lifetime: timedelta | int | None
    header: Mapping[str, Any] | None


class TokenIssuer:
    """Issues the access tokens of one app."""

    def __init__(
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
        """
        self._signing_key = signing_key
        self._encryption_key = encryption_key
        self._lifetime = lifetime
        self._longest_lifetime = longest_lifetime
        self._typ = typ
        self._common = {"iss": issuer, "client_id": client_id}
        self._audience = audience
        self._max_size = max_size
        self._clock = clock
        self._plain_header: tuple[Key, bytes] | None = None

    def issue(self, subject: str, **options: Unpack[IssueOptions]) -> tuple[str, dict[str, Any]]:
        """Sign a token.

        Args:
            subject: Whom it speaks of; a text, not empty.
            options: As in `IssueOptions`.

        Returns:
            The token, and the claims in it.

        Raises:
            ConfigurationError: There is no private key to sign with.
            IssueError: An argument makes a token that must not be.
        """
        key = self._signing_key()
        if key is None:
            raise ConfigurationError("No key can sign: TOKENGUARD_KEY holds public keys only")
        payload = self._claims(subject, options)
        encoded_header = self._encode_header(key, options.get("header"))
        signing_input = b"%b.%b" % (encoded_header, base64url.encode(_dump(payload, "claims")))
        token = b"%b.%b" % (signing_input, base64url.encode(key.sign(signing_input)))
        if self._encryption_key is not None:
            # A token inside must be called one (RFC 7519 section 5.2).
            token = self._encryption_key.encrypt(token, {"cty": "JWT"}).encode()
        if len(token) > self._max_size:
            raise IssueError(
                f"the token would be {len(token)} characters long; TOKENGUARD_MAX_TOKEN_SIZE is"
                f" {self._max_size}"
            )
        return token.decode(), payload

    def _claims(self, subject: str, options: IssueOptions) -> dict[str, Any]:
        if not isinstance(subject, str) or not subject:
            raise IssueError("the subject must be a str that is not empty; str(user.id), say")
        now = int(self._clock())
        lifetime = _seconds(_said(options.get("lifetime"), self._lifetime))
        longest = self._longest_lifetime
        if longest is not None and lifetime > longest.total_seconds():
            raise IssueError(
                "the lifetime is longer than TOKENGUARD_ACCESS_TOKEN_LIFETIME, for which the key"
                " ring keeps its keys"
            )
        expires = now + lifetime
        if expires > LAST_NUMERIC_DATE:
            raise IssueError("the lifetime reaches beyond the year 9999")
        standard = {
            **self._common,
            "sub": subject,
            "aud": _audience(_said(options.get("audience"), self._audience)),
            "iat": now,
            "exp": expires,
            "jti": secrets.token_urlsafe(16),
            "scope": _scope(options.get("scope")),
        }
        payload = {name: value for name, value in standard.items() if value is not None}
        return payload | _own(options.get("claims") or {}, RESERVED_CLAIMS, "claim")

    def _encode_header(self, key: Key, extra: Mapping[str, Any] | None) -> bytes:
        remembered = self._plain_header
        if not extra and remembered is not None and remembered[0] is key:
            return remembered[1]
        header = {"alg": key.alg, "typ": self._typ}
        if key.kid is not None:
            header["kid"] = key.kid
        encoded = base64url.encode(
            _dump(header | _own(extra or {}, RESERVED_HEADERS, "header"), "header")
        )
        if not extra:
            self._plain_header = key, encoded
        return encoded


def _said(option: Any, default: Any) -> Any:
    return default if option is None else option


def _own(members: Mapping[str, Any], reserved: frozenset[str], what: str) -> dict[str, Any]:
    if not isinstance(members, Mapping):
        raise IssueError(f"the {what} members are not a mapping")
    for name in members:
        if not isinstance(name, str):
            raise IssueError(f"the {what} name {name!r} is not a str")
        if name in reserved:
            raise IssueError(f"the {what} {name} is reserved; see the arguments of issue_token")
    return dict(members)


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


def _scope(scope: str | Iterable[str] | None) -> str | None:
    if isinstance(scope, str):
        scope = filter(None, scope.split(" "))
    names = _listed(scope, "scope")
    for name in names:
        if not isinstance(name, str) or not _SCOPE_TOKEN.fullmatch(name):
            raise IssueError(f"{name!r} is not a scope (RFC 6749 section 3.3)")
    return " ".join(names) or None


def _listed(values: Iterable[str] | None, what: str) -> list[str]:
    try:
        return list(values or ())
    except TypeError:
        raise IssueError(f"the {what} must be a str, or several") from None


def _audience(audience: str | Iterable[str] | None) -> str | list[str] | None:
    if audience is None or (isinstance(audience, str) and audience):
        return audience
    values = [] if isinstance(audience, str) else _listed(audience, "audience")
    if not values or not all(isinstance(value, str) and value for value in values):
        raise IssueError("the audience must be a str, or several, none of them empty")
    return values
