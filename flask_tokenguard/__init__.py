"""Bearer tokens for Flask, safe by default."""

from .claims import Authentication, Claims, VerifiedToken
from .current import current_token, current_user
from .decorators import public, token_required
from .errors import (
    ConfigurationError,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    IssueError,
    Rejected,
    TokenGuardError,
    TokenMissing,
    Unavailable,
)
from .extension import TokenGuard
from .issuing import issue_token
from .signals import token_accepted, token_issued, token_rejected

__all__ = [
    "Authentication",
    "Claims",
    "ConfigurationError",
    "InsufficientScope",
    "InvalidRequest",
    "InvalidToken",
    "IssueError",
    "Rejected",
    "TokenGuard",
    "TokenGuardError",
    "TokenMissing",
    "Unavailable",
    "VerifiedToken",
    "current_token",
    "current_user",
    "issue_token",
    "public",
    "token_accepted",
    "token_issued",
    "token_rejected",
    "token_required",
]
