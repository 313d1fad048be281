"""From a subject to a signed string (RFC 7519 section 7.1, RFC 9068 section 2)."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from ..clock import Clock
from ..errors import ConfigurationError, IssueError
from ..jose import base64url, strict_json
from ..jose.jwe import EncryptionKey
from ..jose.jwk import Key
from ..verify.claims import LAST_NUMERIC_DATE
from . import ids
from .options import IssueOptions, whole_seconds, write_claims

RESERVED_CLAIMS = frozenset("iss sub aud exp iat nbf jti scope client_id sid cnf auth_time".split())
RESERVED_HEADERS = frozenset("alg typ kid cty crit b64 jwk jku x5u x5c x5t x5t#S256 zip".split())
# A token inside must be called one (RFC 7519 section 5.2).
_NESTED = {"cty": "JWT"}
_JTI_SIZE = len(b',"jti":""}') + ids.TEXT_SIZE


class Draft(NamedTuple):
    """A token that lacks its signature and its last claims, the `jti` among them.

    Attributes:
        key: Signs it.
        header: Encoded.
        claims: Those that are known.
        late: The name of the last of them, which may change until it is signed, or None.
        body: The claims in JSON, not closed yet.
    """

    key: Key
    header: bytes
    claims: dict[str, Any]
    late: str | None
    body: bytes


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
        typ: str | None = "at+jwt",
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
            typ: Written as the header's media type, unless None.
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
        self._lifetime = whole_seconds(lifetime)
        self._longest_lifetime = (
            None if longest_lifetime is None else whole_seconds(longest_lifetime)
        )
        self._typ = typ
        self.issuer = issuer
        common = {"iss": issuer, "client_id": client_id, "aud": audience}
        self._common = {name: value for name, value in common.items() if value is not None}
        self._max_size = max_size
        self._clock = clock
        self._next_instant = next_instant
        self._encrypted_size = None if encryption_key is None else encryption_key.measure(_NESTED)
        self._plain_header: tuple[Key, bytes] | None = None

    def issue(
        self, subject: str, options: IssueOptions, registered: Mapping[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Sign a token.

        Args:
            subject: The `sub`; a text, not empty.
            options: What the app wants of this token.
            registered: Reserved claims that come before ours.

        Returns:
            The token, and the claims in it.

        Raises:
            ConfigurationError, IssueError, TypeError: As `draft` does.
            Unavailable: There is a store, and it cannot be reached.
        """
        draft = self.draft(subject, options, registered)
        next_instant = self._next_instant
        instant = int(self._clock() * 1000) if next_instant is None else next_instant(subject)
        return self.sign(draft, ids.new_jti(instant))

    def draft(
        self,
        subject: str,
        options: IssueOptions,
        registered: Mapping[str, Any] | None = None,
        *,
        late: str | None = None,
        room: int = 0,
    ) -> Draft:
        """Do all of issuing that can fail, before anything is spent or begun for the token.

        Args:
            subject: The `sub`; a text, not empty.
            options: What the app wants of this token.
            registered: Reserved claims that come before ours.
            late: The name of a claim of which `sign` is given the value.
            room: How many octets longer it may be then.

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
        claims = self._claims(subject, options, registered)
        if late in claims:
            claims[late] = claims.pop(late)
        header = self._encode_header(key, options.get("header"))
        body = _dump(claims, "claims")[:-1]
        self._check_size(key, header, len(body) + room + _JTI_SIZE)
        return Draft(key, header, claims, late, body)

    def sign(
        self, draft: Draft, jti: str, late: str | int | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Add what was not known before, and sign; nothing is left that can fail.

        The late claim and the `jti` are the last, so that the JSON of all others stays as it is: it
        is not encoded again, and not searched for a place to put them.

        Args:
            draft: What `draft` gave, for one token.
            jti: As `ids` writes it, so that JSON has it as it is.
            late: The value of the late claim; None leaves it out.

        Returns:
            The token, and the claims in it.
        """
        claims, body = draft.claims, draft.body
        if draft.late is not None and claims.get(draft.late) != late:
            body = _with_last(body, claims, draft.late, late)
        claims["jti"] = jti
        payload = b'%b,"jti":"%b"}' % (body, jti.encode())
        signing_input = draft.header + b"." + base64url.encode(payload)
        token = signing_input + b"." + base64url.encode(draft.key.sign(signing_input))
        if self._encryption_key is not None:
            token = self._encryption_key.encrypt(token, _NESTED).encode()
        return token.decode(), claims

    def _claims(
        self, subject: str, options: IssueOptions, registered: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        check_subject(subject)
        now = int(self._clock())
        payload = {**self._common, "sub": subject, "iat": now}
        write_claims(payload, options)
        if registered:
            payload |= registered
        if "exp" not in payload:
            payload["exp"] = self.expiry(now, options.get("lifetime"))
        own = options.get("claims")
        if own:
            _add_own(payload, own, RESERVED_CLAIMS, "claim")
        return payload

    def _check_size(self, key: Key, header: bytes, payload_size: int) -> None:
        size = len(header) + base64url.encoded_size(payload_size) + key.signature_size + 2
        if self._encrypted_size is not None:
            size = self._encrypted_size(size)
        if size > self._max_size:
            raise IssueError(
                f"the token would be {size} characters long; TOKENGUARD_MAX_TOKEN_SIZE is"
                f" {self._max_size}"
            )

    def expiry(self, now: int, lifetime: timedelta | int | None = None) -> int:
        """Tell the `exp` of a token that is issued now.

        Args:
            now: Seconds since the epoch.
            lifetime: In place of the configured one.

        Raises:
            IssueError: The token would live for too long, or not at all.
        """
        seconds = self._lifetime if lifetime is None else whole_seconds(lifetime)
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
        header = {"alg": key.alg}
        if self._typ is not None:
            header["typ"] = self._typ
        if key.kid is not None:
            header["kid"] = key.kid
        if extra:
            _add_own(header, extra, RESERVED_HEADERS, "header")
        encoded = base64url.encode(_dump(header, "header"))
        if not extra:
            self._plain_header = key, encoded
        return encoded


def check_subject(subject: str) -> None:
    """Refuse a subject that is not a text, or empty.

    Raises:
        IssueError: It is.
    """
    if not isinstance(subject, str) or not subject:
        raise IssueError("the subject must be a str that is not empty; str(user.id), say")


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


def _with_last(body: bytes, claims: dict[str, Any], name: str, value: str | int | None) -> bytes:
    """Exchange the last of the claims, and return their JSON."""
    if name in claims:
        body = body.removesuffix(_last({name: claims.pop(name)}))
    if value is None:
        return body
    claims[name] = value
    return body + _last({name: value})


def _last(claim: Mapping[str, Any]) -> bytes:
    return b"," + _dump(claim, "claims")[1:-1]


def _dump(members: Mapping[str, Any], what: str) -> bytes:
    try:
        return strict_json.dump_object(members)
    except (TypeError, ValueError) as error:
        raise IssueError(f"the {what} cannot be written as JSON: {error}") from error
