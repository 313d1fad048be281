"""Everything that can go wrong, each error with its status and its RFC 6750 error code.

A `Rejected` is the request's fault and an `Unavailable` is ours; both are answers that Flask
can send. A `ConfigurationError` or an `IssueError` is the app's and never reaches a client.
"""

from collections.abc import Iterable

from werkzeug.exceptions import HTTPException

# Inside brackets of a pattern: the characters of a scope, and with the space those that a quoted
# string of a challenge holds without escapes (RFC 6749 appendix A, RFC 6750 section 3).
NQCHAR = r"\x21\x23-\x5B\x5D-\x7E"
NQSCHAR = rf"\x20{NQCHAR}"


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


class Refusal(TokenGuardError, HTTPException):
    """What `Rejected` and `Unavailable` share: a status, an error code and a public description.

    Attributes:
        code: The HTTP status, under Werkzeug's name for it.
        error: The error code of the JSON body.
        has_challenge: Whether the answer carries a `WWW-Authenticate` header.
    """

    error: str
    has_challenge = True

    def __init__(self, description: str | None = None) -> None:
        super().__init__(description or self.description)

    @property
    def reason(self) -> str:
        """The public description, which Werkzeug's types allow to be None."""
        return self.description or ""

    @property
    def data(self) -> dict[str, str]:
        """The JSON body. Under this name flask-restx takes it into an answer of its own."""
        return {"error": self.error, "error_description": self.reason}


class Rejected(Refusal):
    """The request's fault (RFC 6750 section 3.1); of itself a 401 like `InvalidToken`."""

    error = "invalid_token"
    description = "The request was refused"

    def __init__(self, description: str | None = None) -> None:
        super().__init__(description)
        if self.code is None:
            # On the class, Flask would take it for the status of every subclass's handler.
            self.code = 401


class TokenMissing(Rejected):
    """A token is demanded and none came; its challenge has no error code (RFC 6750 section 3.1)."""

    code = 401
    error = "token_missing"
    description = "A bearer token is required"


class InvalidRequest(Rejected):
    """The request carries two credentials, or a broken one."""

    code = 400
    error = "invalid_request"
    description = "The request's credentials are malformed"


class InvalidToken(Rejected):
    """The token is malformed, forged, expired, revoked or not meant for us.

    Attributes:
        claim: The name of the claim that was refused, or None.
    """

    code = 401
    error = "invalid_token"
    description = "The token is not valid"

    def __init__(self, description: str | None = None, *, claim: str | None = None) -> None:
        super().__init__(description)
        self.claim = claim


class InsufficientAuthentication(Rejected):
    """The token is good, and its subject must show anew who it is (RFC 9470 section 3).

    Attributes:
        max_age: How long ago that may have been, in seconds.
    """

    code = 401
    error = "insufficient_user_authentication"
    description = "More recent authentication is required"

    def __init__(self, description: str | None = None, *, max_age: int) -> None:
        super().__init__(description)
        self.max_age = max_age


class InsufficientScope(Rejected):
    """The token is good, and does not allow this.

    Attributes:
        scope: The scope that the view demands, for the challenge.
        missing: The names of the scopes or claims that the token lacks.
    """

    code = 403
    error = "insufficient_scope"
    description = "The token does not allow this request"

    def __init__(
        self,
        description: str | None = None,
        *,
        scope: Iterable[str] = (),
        missing: Iterable[str] = (),
    ) -> None:
        super().__init__(description)
        self.scope = tuple(scope)
        self.missing = tuple(missing)


class InvalidGrant(Rejected):
    """A request for new tokens is refused (RFC 6749 section 5.2), without a challenge.

    Attributes:
        error: `invalid_grant`, or another code of that section.
        code: 400, or 413 where the body is too large.
    """

    code = 400
    error = "invalid_grant"
    has_challenge = False
    description = "The refresh token is not valid"

    def __init__(
        self, description: str | None = None, *, error: str = "invalid_grant", code: int = 400
    ) -> None:
        super().__init__(description)
        self.error = error
        self.code = code


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
    """We cannot tell whether the token is good: a store or an issuer's keys are out of reach.

    Attributes:
        retry_after: Seconds, for the `Retry-After` header.
    """

    code = 503
    error = "temporarily_unavailable"
    has_challenge = False
    description = "Tokens can be neither issued nor checked at the moment"

    def __init__(self, description: str | None = None, *, retry_after: int = 5) -> None:
        super().__init__(description)
        self.retry_after = retry_after
