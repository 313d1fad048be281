"""The issuer: a subject -> a signed string (RFC 7519 section 7.1, RFC 9068 section 2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ..clock import Clock, wall_clock
from ..errors import ConfigurationError, IssueError
from ..jose import base64url, strict_json
from ..jose.compact import LAST_NUMERIC_DATE, LONGEST_TOKEN
from ..jose.jwk import Key
from ..keys.own import OwnKeys
from . import ids
from .members import RESERVED_CLAIMS, RESERVED_HEADERS, add_own, encode
from .options import IssueOptions, begin, registered_claims, whole_seconds

if TYPE_CHECKING:
    from ..jose.jwe import EncryptionKey
    from .former import FormerProgram

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


class Frame(NamedTuple):
    """What surrounds the payload of a token.

    Attributes:
        key: The key that signs it.
        header: The encoded header, with the dot after it.
        size: How many characters the token has besides its payload.
    """

    key: Key
    header: bytes
    size: int


@dataclass(slots=True, eq=False, repr=False)
class Draft:
    """A token that lacks its last claims and its signature.

    Attributes:
        frame: Its header and the key that signs it.
        claims: The claims so far.
        body: The claims in JSON, without the closing brace.
        size: How many characters the token has at most.
    """

    frame: Frame
    claims: dict[str, Any]
    body: bytes
    size: int


class TokenIssuer:
    """Issues one kind of token of one app.

    Attributes:
        issuer: Written as `iss`, unless None.
        client_id: Written as `client_id` unless a token has its own; None for none.
        has_csrf: Whether every token has the claim `csrf`.
    """

    def __init__(  # noqa: PLR0913 - each is one part of every token
        self,
        keys: OwnKeys,
        *,
        encryption_key: "EncryptionKey | None" = None,
        lifetime: timedelta,
        longest: LongestLifetime | None = None,
        typ: str | None = "at+jwt",
        issuer: str | None = None,
        audience: str | None = None,
        client_id: str | None = None,
        max_size: int = LONGEST_TOKEN,
        clock: Clock = wall_clock,
        next_instant: Callable[[str], int] | None = None,
        has_csrf: bool = False,
        former: "FormerProgram | None" = None,
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
            has_csrf: Whether every token has the claim `csrf`, as one that may be in a cookie.
            former: Another program that reads the tokens too, unless there is none.
        """
        self._keys = keys
        self._encryption_key = encryption_key
        self._lifetime = int(lifetime.total_seconds())
        self._longest = longest
        self._typ = typ
        self.issuer = issuer
        self.client_id = client_id
        self.has_csrf = has_csrf
        common = {"iss": issuer, "client_id": client_id, "aud": audience}
        self._common = {name: value for name, value in common.items() if value is not None}
        self._max_size = max_size
        self._clock = clock
        self._next_instant = next_instant
        self._former = former
        self._reserved = RESERVED_CLAIMS | (frozenset() if former is None else former.reserved)
        self._encrypted_size = None if encryption_key is None else encryption_key.measure(_NESTED)
        self._plain_frame: Frame | None = None

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
        moment = self._clock()
        now = int(moment)
        claims = {"sub": subject, "iat": now, **registered_claims(options)}
        claims["exp"] = self.expiry(now, options.get("lifetime"))
        if self.has_csrf:
            claims["csrf"] = ids.new_csrf()
        not_before = options.get("not_before")
        if not_before is not None:
            claims["nbf"] = begin(now, not_before, claims["exp"])
        draft = self.draft(claims, own=options.get("claims"), header=options.get("header"))
        next_instant = self._next_instant
        instant = int(moment * 1000) if next_instant is None else next_instant(subject)
        return self.sign(draft, ids.new_jti(instant))

    def draft(
        self,
        registered: Mapping[str, Any],
        *,
        own: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        room: int = 0,
        is_parsed: bool = False,
    ) -> Draft:
        """Do all of issuing that can fail, before anything is spent or begun for the token.

        Args:
            registered: Claims beside those of every token, which they replace; a `client_id` of
                None leaves that one out.
            own: The app's own claims.
            header: More header members.
            room: How many octets of JSON the last claims take at most, beside the `jti`.
            is_parsed: Whether every claim was read from a token.

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
        if "client_id" in claims and claims["client_id"] is None:
            del claims["client_id"]
        if self._former is not None and self._clock() < self._former.until:
            self._former.add_to(claims)
        if own:
            add_own(claims, own, self._reserved, "claim")
        frame = self._plain_frame
        if header or frame is None or frame.key is not key:
            frame = self._make_frame(key, header)
        encoded = strict_json.dump_parsed(claims) if is_parsed else encode(claims, "claims")
        body = encoded[:-1]
        size = frame.size + base64url.encoded_size(len(body) + room + _JTI_SIZE)
        if self._encrypted_size is not None:
            size = self._encrypted_size(size)
        if size > self._max_size:
            raise IssueError(
                f"the token would be {size} characters long; TOKENGUARD_MAX_TOKEN_SIZE is"
                f" {self._max_size}"
            )
        return Draft(frame, claims, body, size)

    def least_size(self, key: Key | None = None) -> int:
        """Return the length of the shortest token of this kind, in characters.

        Args:
            key: The key that is to sign; by default the one that does.

        Returns:
            The length, encrypted if tokens are; 0 where no key signs.
        """
        key = key or self._keys.signing
        if key is None:
            return 0
        now = int(self._clock())
        claims: dict[str, Any] = {"sub": "-", "iat": now, "exp": now}
        if self.issuer is not None:
            claims["iss"] = self.issuer
        if self.has_csrf:
            claims["csrf"] = ids.new_csrf()
        octets = len(encode(claims, "claims")) - len("}") + _JTI_SIZE
        # Summed as `draft` does, which every refresh runs twice and has no call to spare.
        size = self._make_frame(key, None).size + base64url.encoded_size(octets)
        return size if self._encrypted_size is None else self._encrypted_size(size)

    def check_size(self, key: Key | None = None) -> None:
        """Refuse a key by which no token is as short as our own verifier takes.

        Args:
            key: As `least_size` has it.

        Raises:
            ConfigurationError: There is none.
        """
        key = key or self._keys.signing
        # A signature of less than an eighth leaves room for all that a token needs.
        if key is None or key.signature_size * 8 < self._max_size:
            return
        least = self.least_size(key)
        if least > self._max_size:
            is_nested = self._encryption_key is not None
            raise ConfigurationError(
                f"TOKENGUARD_MAX_TOKEN_SIZE is {self._max_size}, and the shortest token by"
                f" {key.alg}{' in TOKENGUARD_ENCRYPTION' if is_nested else ''} is {least}"
                " characters long; take an algorithm with shorter signatures (`flask tokenguard"
                " keygen --alg ES256 --out FILE`), or raise the setting, and the limit of each"
                " server on the way"
            )

    def sign(self, draft: Draft, jti: bytes, last: Mapping[str, Any] | None = None) -> Issued:
        """Add the last claims, and sign; nothing is left that can fail.

        They follow the others, whose JSON is not encoded again.

        Args:
            draft: A draft, for one token.
            jti: An id of `ids`; in base64url, JSON has it as it is.
            last: Further claims, texts and ints, for which the draft has room.
        """
        frame, claims, body = draft.frame, draft.claims, draft.body
        if last:
            claims.update(last)
            body += b"," + strict_json.dump_parsed(last)[1:-1]
        encoded_jti = base64url.encode(jti)
        claims["jti"] = encoded_jti.decode()
        payload = b'%b,"jti":"%b"}' % (body, encoded_jti)
        signing_input = frame.header + base64url.encode(payload)
        token = signing_input + b"." + base64url.encode(frame.key.sign(signing_input))
        if self._encryption_key is not None:
            token = self._encryption_key.encrypt(token, _NESTED).encode()
        return Issued(token.decode(), claims)

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

    def _make_frame(self, key: Key, extra: Mapping[str, Any] | None) -> Frame:
        """Make a frame with these members of the header; without any, it is kept for the key."""
        header = {"alg": key.alg}
        if self._typ is not None:
            header["typ"] = self._typ
        if key.kid is not None:
            header["kid"] = key.kid
        if extra:
            add_own(header, extra, RESERVED_HEADERS, "header")
        start = base64url.encode(encode(header, "header")) + b"."
        size = len(start) + len(".") + base64url.encoded_size(key.signature_size)
        frame = Frame(key, start, size)
        if not extra:
            self._plain_frame = frame
        return frame


def check_subject(subject: str) -> None:
    """Refuse a subject that is not a text, or empty.

    Raises:
        IssueError: It is.
    """
    if not isinstance(subject, str) or not subject:
        raise IssueError("the subject must be a str that is not empty; str(user.id), say")
