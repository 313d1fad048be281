"""Bearer tokens for Flask, safe by default."""

from .claims import Authentication, Claims, VerifiedToken
from .current import current_token, current_user
from .decorators import public, require_token, token_required
from .errors import (
    ConfigurationError,
    InsufficientAuthentication,
    InsufficientScope,
    InvalidGrant,
    InvalidRequest,
    InvalidToken,
    IssueError,
    RefreshReused,
    Rejected,
    TokenGuardError,
    TokenMissing,
    Unavailable,
)
from .extension import TokenGuard
from .issuing import issue_token
from .pairs import TokenResponse
from .refresh import Session
from .sessions import (
    end_all_sessions,
    end_session,
    issue_token_pair,
    refresh_token_pair,
    revoke_token,
    sessions_of,
)
from .signals import refresh_reused, token_accepted, token_issued, token_rejected

__all__ = [
    "Authentication",
    "Claims",
    "ConfigurationError",
    "InsufficientAuthentication",
    "InsufficientScope",
    "InvalidGrant",
    "InvalidRequest",
    "InvalidToken",
    "IssueError",
    "RefreshReused",
    "Rejected",
    "Session",
    "TokenGuard",
    "TokenGuardError",
    "TokenMissing",
    "TokenResponse",
    "Unavailable",
    "VerifiedToken",
    "current_token",
    "current_user",
    "end_all_sessions",
    "end_session",
    "issue_token",
    "issue_token_pair",
    "public",
    "refresh_reused",
    "refresh_token_pair",
    "require_token",
    "revoke_token",
    "sessions_of",
    "token_accepted",
    "token_issued",
    "token_rejected",
    "token_required",
]
