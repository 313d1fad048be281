"""Errors: each with its status and its RFC 6750 error code.

A `Rejected` is the request's fault and an `Unavailable` is ours; both are answers that Flask
can send. A `ConfigurationError` or an `IssueError` is the app's and never reaches a client.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, TypedDict, Unpack

from werkzeug.exceptions import HTTPException

# Inside brackets of a pattern: the characters of a scope, and with the space those that a quoted
# string of a challenge holds without escapes (RFC 6749 appendix A, RFC 6750 section 3).
NQCHAR = r"\x21\x23-\x5B\x5D-\x7E"
NQSCHAR = rf"\x20{NQCHAR}"


class Reason(StrEnum):
    """The codes of refusals, a closed set for logs, metrics and handlers; see `docs/errors.md`."""

    # The request
    TOKEN_MISSING = "token_missing"  # noqa: S105 - a code, no token
    TWO_CREDENTIALS = "two_credentials"
    MALFORMED_REQUEST = "malformed_request"
    BODY_TOO_LARGE = "body_too_large"
    CROSS_SITE = "cross_site"
    # The token's form, encryption and signature
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    NOT_ENCRYPTED = "not_encrypted"
    NOT_DECRYPTABLE = "not_decryptable"
    UNKNOWN_KEY = "unknown_key"
    WRONG_ALGORITHM = "wrong_algorithm"
    BAD_SIGNATURE = "bad_signature"
    # What it states
    WRONG_TYPE = "wrong_type"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    MISSING_CLAIM = "missing_claim"
    MALFORMED_CLAIM = "malformed_claim"
    WRONG_CLAIM = "wrong_claim"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    LIVES_TOO_LONG = "lives_too_long"
    # What is known of it
    REVOKED = "revoked"
    SESSION_ENDED = "session_ended"
    SUBJECT_ENDED = "subject_ended"
    OLDER_THAN_STORE = "older_than_store"
    USER_GONE = "user_gone"
    APP_RULE = "app_rule"
    # What a view demands
    LOGIN_TOO_OLD = "login_too_old"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    INSUFFICIENT_ROLE = "insufficient_role"
    INSUFFICIENT_CLAIMS = "insufficient_claims"
    ISSUER_NOT_ALLOWED = "issuer_not_allowed"
    CHECK_FAILED = "check_failed"
    # A refresh
    UNSUPPORTED_GRANT = "unsupported_grant"
    WRONG_METHOD = "wrong_method"
    SCOPE_NOT_GRANTED = "scope_not_granted"
    REFRESH_REUSED = "refresh_reused"
    # An outage
    STORE_UNAVAILABLE = "store_unavailable"
    KEYS_UNAVAILABLE = "keys_unavailable"
    NO_USABLE_KEY = "no_usable_key"
    ISSUER_MISCONFIGURED = "issuer_misconfigured"
    UNAVAILABLE = "unavailable"


class TokenGuardError(Exception):
    """The root of every error raised by this package."""


class ConfigurationError(TokenGuardError):
    """A fault of the deployment, raised when the app starts with every fault that was found.

    Attributes:
        faults: One sentence for each fault; never a secret.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class IssueError(TokenGuardError, ValueError):
    """The app asked for a token that must not be issued."""


class Evidence(TypedDict, total=False):
    """What each refusal takes beside its description; see `Refusal`."""

    reason: Reason
    detail: str


class Refusal(TokenGuardError, HTTPException):
    """What `Rejected` and `Unavailable` share: a status, an error code and a public description.

    Attributes:
        code: The HTTP status, under Werkzeug's name for it.
        error: The error code of the JSON body.
        description: The sentence beside it, which the client reads.
        reason: The code for logs and metrics.
        detail: What came and what is accepted, quoted, for the log; never for the client.
        claims: The token's `Claims` if its signature was good, else None.
        issuer: The trusted issuer by whose keys and rules the token was judged, or None.
        kid: The `kid` of the key that the token names, if that key is known, else None.
        has_challenge: Whether the answer carries a `WWW-Authenticate` header.
    """

    error: str
    description: str  # pyright: ignore[reportIncompatibleVariableOverride]  # set below, always
    reason = Reason.APP_RULE
    detail = ""
    has_challenge = True
    claims: Mapping[str, Any] | None = None
    issuer: str | None = None
    kid: str | None = None
    # Set by `web`, which knows the request under way.
    complete: ClassVar[Callable[["Refusal"], Any]]

    def __init__(self, description: str | None = None, **evidence: Unpack[Evidence]) -> None:
        # Werkzeug's types allow a subclass to have None.
        super().__init__(description or self.description or "")
        self.reason = evidence.get("reason", self.reason)
        self.detail = evidence.get("detail", "")

    def get_response(self, environ: Any = None, scope: Any = None) -> Any:
        """Return the finished answer, as the app's `error_response` made it."""
        return Refusal.complete(self) or super().get_response(environ, scope)

    @property
    def body(self) -> dict[str, str]:
        """Our JSON body. As `data`, flask-restx would put it over that of an app's handler."""
        return {"error": self.error, "error_description": self.description}


class Rejected(Refusal):
    """The request's fault (RFC 6750 section 3.1); of itself a 401 like `InvalidToken`."""

    error = "invalid_token"
    description = "The request was refused"

    def __init__(self, description: str | None = None, **evidence: Unpack[Evidence]) -> None:
        super().__init__(description, **evidence)
        if self.code is None:
            # On the class, Flask would take it for the status of every subclass's handler.
            self.code = 401


class TokenMissing(Rejected):
    """A token is demanded and none came; its challenge has no error code (RFC 6750 section 3.1)."""

    code = 401
    error = "token_missing"
    reason = Reason.TOKEN_MISSING
    description = "A bearer token is required"


class InvalidRequest(Rejected):
    """The request carries two credentials, or a broken one."""

    code = 400
    error = "invalid_request"
    reason = Reason.MALFORMED_REQUEST
    description = "The request's credentials are malformed"


class CrossSiteRequest(Rejected):
    """Another site may have sent the request, with the user's cookies or to change them (CSRF)."""

    code = 403
    error = "cross_site"
    reason = Reason.CROSS_SITE
    has_challenge = False
    description = "The request may come from another site"


class InvalidToken(Rejected):
    """The token is malformed, forged, expired, revoked or not meant for us.

    Attributes:
        claim: The name of the claim that was refused, or None.
    """

    code = 401
    error = "invalid_token"
    description = "The token is not valid"

    def __init__(
        self,
        description: str | None = None,
        *,
        claim: str | None = None,
        **evidence: Unpack[Evidence],
    ) -> None:
        super().__init__(description, **evidence)
        self.claim = claim


class InsufficientAuthentication(Rejected):
    """The token is good, and its subject must show anew who it is (RFC 9470 section 3).

    Attributes:
        max_age: How long ago that may have been, in seconds.
    """

    code = 401
    error = "insufficient_user_authentication"
    reason = Reason.LOGIN_TOO_OLD
    description = "More recent authentication is required"

    def __init__(
        self, description: str | None = None, *, max_age: int, **evidence: Unpack[Evidence]
    ) -> None:
        super().__init__(description, **evidence)
        self.max_age = max_age


class InsufficientScope(Rejected):
    """The token is good, and does not allow this.

    Attributes:
        scope: The scope that the view demands, for the challenge.
        missing: The names of the scopes or claims that the token lacks.
    """

    code = 403
    error = "insufficient_scope"
    reason = Reason.INSUFFICIENT_SCOPE
    description = "The token does not allow this request"

    def __init__(
        self,
        description: str | None = None,
        *,
        scope: Iterable[str] = (),
        missing: Iterable[str] = (),
        **evidence: Unpack[Evidence],
    ) -> None:
        super().__init__(description, **evidence)
        self.scope = tuple(scope)
        self.missing = tuple(missing)


class InvalidGrant(Rejected):
    """A request for new tokens is refused (RFC 6749 section 5.2), without a challenge.

    Attributes:
        error: `invalid_grant`, or another code of that section.
        code: 400, or 413 where the body is too large, or 405 for another method than POST.
    """

    code = 400
    error = "invalid_grant"
    has_challenge = False
    description = "The refresh token is not valid"

    def __init__(
        self,
        description: str | None = None,
        *,
        error: str = "invalid_grant",
        code: int = 400,
        **evidence: Unpack[Evidence],
    ) -> None:
        super().__init__(description, **evidence)
        self.error = error
        self.code = code

    @classmethod
    def of(cls, refusal: Rejected, *, error: str = "invalid_grant") -> "InvalidGrant":
        """Make the answer to a request for tokens of what is wrong with it."""
        grant = cls(refusal.description, error=error, reason=refusal.reason, detail=refusal.detail)
        grant.claims, grant.issuer, grant.kid = refusal.claims, refusal.issuer, refusal.kid
        return grant


class RefreshReused(InvalidGrant):
    """A refresh token came a second time: a thief has it, or its owner; the session has ended.

    Attributes:
        subject: Whose session it was, one of ours.
        sid: The session's name.
        successor_age: How old the refresh token was that had taken its place, in whole seconds by
            the store's clock: exact if that was never used, else the least that it can be. None
            where the store knows of no successor, as after a failover that lost it.
        successor_used: Whether that was used; None where the store knows of none.
    """

    reason = Reason.REFRESH_REUSED
    description = "The refresh token was used before; the session has ended"

    def __init__(
        self,
        *,
        subject: str,
        sid: str,
        successor_age: int | None = None,
        successor_used: bool | None = None,
    ) -> None:
        super().__init__()
        self.subject = subject
        self.sid = sid
        self.successor_age = successor_age
        self.successor_used = successor_used


class Unavailable(Refusal):
    """It is not known whether the token is good: a store or an issuer's keys are out of reach.

    Attributes:
        retry_after: Seconds, for the `Retry-After` header.
    """

    code = 503
    error = "temporarily_unavailable"
    reason = Reason.UNAVAILABLE
    has_challenge = False
    description = "Tokens can be neither issued nor checked at the moment"

    def __init__(
        self,
        description: str | None = None,
        *,
        retry_after: int = 5,
        **evidence: Unpack[Evidence],
    ) -> None:
        super().__init__(description, **evidence)
        self.retry_after = retry_after


class KeysUnusable(Unavailable):
    """The key set of the token's issuer was fetched, and none of its keys can be used."""

    reason = Reason.NO_USABLE_KEY
    description = "None of the keys of the token's issuer can be used"
