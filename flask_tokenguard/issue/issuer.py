"""The issuer: a subject -> a signed string (RFC 7519 section 7.1, RFC 9068 section 2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from ..arguments.hints import OPTIONS, advise
from ..clock import Clock, wall_clock
from ..errors import ConfigurationError, IssueError
from ..jose import base64url, strict_json
from ..jose.compact import LONGEST_TOKEN
from ..jose.jwe import EncryptionKey
from ..jose.jwk import Key
from ..keys.own import OwnKeys
from ..verify.claims import LAST_NUMERIC_DATE
from . import ids
from .options import IssueOptions, check_mapping, registered_claims, whole_seconds

RESERVED_CLAIMS = frozenset("iss sub aud exp iat nbf jti scope client_id sid cnf auth_time".split())
RESERVED_HEADERS = frozenset("alg typ kid cty crit b64 jwk jku x5u x5c x5t x5t#S256 zip".split())
# A token inside must be called one (RFC 7519 section 5.2).
_NESTED = {"cty": "JWT"}
_JTI_SIZE = len(b',"jti":""}') + ids.TEXT_SIZE


class Issued(NamedTuple):
    """A signed token, and the claims in it."""

    token: str
    claims: dict[str, Any]


class LongestLifetime(NamedTuple):
    """What no token may outlive.

    Attributes:
        seconds: From `iat` to `exp`.
        cause: Why, with the setting that decides it.
    """

    seconds: int
    cause: str


@dataclass(slots=True, eq=False)
class Draft:
    """A token that lacks its last claims and its signature.

    Attributes:
        key: The key that signs it.
        header: The encoded header.
        claims: The claims so far.
        body: The claims in JSON, without the closing brace.
    """

    key: Key
    header: bytes
    claims: dict[str, Any]
    body: bytes


class TokenIssuer:
    """Issues one kind of token of one app.

    Attributes:
        issuer: Written as `iss`, unless None.
    """

    def __init__(  # noqa: PLR0913 - each is one part of every token
        self,
        keys: OwnKeys,
        *,
        encryption_key: EncryptionKey | None = None,
        lifetime: timedelta,
        longest: LongestLifetime | None = None,
        typ: str | None = "at+jwt",
        issuer: str | None = None,
        audience: str | None = None,
        client_id: str | None = None,
        max_size: int = LONGEST_TOKEN,
        clock: Clock = wall_clock,
        next_instant: Callable[[str], int] | None = None,
    ) -> None:
        """Set up an issuer by its keys and the claims of every token.

        Args:
            keys: One of them signs, or none where there are only public keys.
            encryption_key: Encrypts what was signed, unless None.
            lifetime: How long a token lives unless its options differ.
            longest: What no token may outlive, unless None.
            typ: Written as the header's media type, unless None.
            issuer: Written as `iss`, unless None.
            audience: Written as `aud`, unless None.
            client_id: Written as `client_id`, unless None.
            max_size: The longest token that our own verifier takes, in characters.
            clock: Seconds since the epoch, UTC.
            next_instant: Returns the milliseconds with which a new `jti` of a subject begins; by
                default those of the clock.
        """
        self._keys = keys
        self._encryption_key = encryption_key
        self._lifetime = int(lifetime.total_seconds())
        self._longest = longest
        self._typ = typ
        self.issuer = issuer
        common = {"iss": issuer, "client_id": client_id, "aud": audience}
        self._common = {name: value for name, value in common.items() if value is not None}
        self._max_size = max_size
        self._clock = clock
        self._next_instant = next_instant
        self._encrypted_size = None if encryption_key is None else encryption_key.measure(_NESTED)
        self._plain_header: tuple[Key, bytes] | None = None

    def issue(self, subject: str, options: IssueOptions) -> Issued:
        """Sign a token.

        Args:
            subject: The `sub`; a text, not empty.
            options: What the app wants of this token.

        Raises:
            ConfigurationError: As `draft` does.
            IssueError: An argument makes a token that must not be.
            TypeError: There is no such option.
            Unavailable: There is a store, and it cannot be reached.
        """
        check_subject(subject)
        now = int(self._clock())
        claims = {"sub": subject, "iat": now, **registered_claims(options)}
        claims["exp"] = self.expiry(now, options.get("lifetime"))
        draft = self.draft(claims, own=options.get("claims"), header=options.get("header"))
        next_instant = self._next_instant
        instant = int(self._clock() * 1000) if next_instant is None else next_instant(subject)
        return self.sign(draft, ids.new_jti(instant))

    def draft(
        self,
        registered: Mapping[str, Any],
        *,
        own: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        room: int = 0,
    ) -> Draft:
        """Do all of issuing that can fail, before anything is spent or begun for the token.

        Args:
            registered: Claims beside those of every token, which they replace.
            own: The app's own claims.
            header: More header members.
            room: How many octets of JSON the last claims take at most, beside the `jti`.

        Raises:
            ConfigurationError: There is no private key to sign with.
            IssueError: The token would be too long, is not JSON, or has a reserved name.
        """
        key = self._keys.signing
        if key is None:
            raise ConfigurationError(
                "No key can sign; give TOKENGUARD_KEY a secret or a private key"
            )
        claims = {**self._common, **registered}
        if own:
            _add_own(claims, own, RESERVED_CLAIMS, "claim")
        encoded_header = self._encode_header(key, header)
        body = _encode(claims, "claims")[:-1]
        payload_size = base64url.encoded_size(len(body) + room + _JTI_SIZE)
        signature_size = base64url.encoded_size(key.signature_size)
        self._check_size(len(encoded_header) + payload_size + signature_size + 2)
        return Draft(key, encoded_header, claims, body)

    def sign(self, draft: Draft, jti: str, last: Mapping[str, Any] | None = None) -> Issued:
        """Add the last claims, and sign; nothing is left that can fail.

        They follow the others, whose JSON is not encoded again.

        Args:
            draft: A draft, for one token.
            jti: As `ids` writes it, so that JSON has it as it is.
            last: Further claims, for which the draft has room.
        """
        claims, body = draft.claims, draft.body
        if last:
            claims.update(last)
            body += b"," + strict_json.dump_object(last)[1:-1]
        claims["jti"] = jti
        payload = b'%b,"jti":"%b"}' % (body, jti.encode())
        signing_input = draft.header + b"." + base64url.encode(payload)
        token = signing_input + b"." + base64url.encode(draft.key.sign(signing_input))
        if self._encryption_key is not None:
            token = self._encryption_key.encrypt(token, _NESTED).encode()
        return Issued(token.decode(), claims)

    def _check_size(self, size: int) -> None:
        if self._encrypted_size is not None:
            size = self._encrypted_size(size)
        if size > self._max_size:
            raise IssueError(
                f"the token would be {size} characters long; TOKENGUARD_MAX_TOKEN_SIZE is"
                f" {self._max_size}"
            )

    def expiry(self, now: int, lifetime: timedelta | int | None = None) -> int:
        """Return the `exp` of a token that is issued now.

        Args:
            now: Seconds since the epoch.
            lifetime: In place of the configured one.

        Raises:
            IssueError: The token would live for too long, or not at all.
        """
        seconds = self._lifetime if lifetime is None else whole_seconds(lifetime)
        longest = self._longest
        if longest is not None and seconds > longest.seconds:
            raise IssueError(
                f"the lifetime of {seconds} seconds is longer than {longest.seconds}:"
                f" {longest.cause}"
            )
        if now + seconds > LAST_NUMERIC_DATE:
            raise IssueError("the lifetime reaches beyond the year 9999")
        return now + seconds

    def _encode_header(self, key: Key, extra: Mapping[str, Any] | None) -> bytes:
        cached = self._plain_header
        if not extra and cached is not None and cached[0] is key:
            return cached[1]
        header = {"alg": key.alg}
        if self._typ is not None:
            header["typ"] = self._typ
        if key.kid is not None:
            header["kid"] = key.kid
        if extra:
            _add_own(header, extra, RESERVED_HEADERS, "header")
        encoded = base64url.encode(_encode(header, "header"))
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
    target: dict[str, Any], members: Mapping[str, Any], reserved: frozenset[str], what: str
) -> None:
    check_mapping("claims" if what == "claim" else what, members)
    for name, value in members.items():
        if not isinstance(name, str):
            raise IssueError(f"the {what} name {name!r} is not a str")
        if name in reserved:
            raise IssueError(f"the {what} {name} is reserved; {_advice(name)}")
        target[name] = value


def _advice(name: str) -> str:
    if name in IssueOptions.__annotations__:
        return f"write {name}="
    otherwise = "see the arguments of issue_token"
    return advise(name, (), OPTIONS, shape="{}=", otherwise=otherwise)


def _encode(members: Mapping[str, Any], what: str) -> bytes:
    try:
        return strict_json.dump_object(members)
    except (TypeError, ValueError) as error:
        place = f"{what}{strict_json.find_fault(members)}"
        raise IssueError(f"{place} cannot be written as JSON: {error}") from error
