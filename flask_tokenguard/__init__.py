"""Bearer tokens for Flask, safe by default."""

from typing import TYPE_CHECKING

from .errors import (
    ConfigurationError,
    CrossSiteRequest,
    InsufficientAuthentication,
    InsufficientScope,
    InvalidGrant,
    InvalidRequest,
    InvalidToken,
    IssueError,
    KeysUnusable,
    Reason,
    RefreshReused,
    Refusal,
    Rejected,
    TokenGuardError,
    TokenMissing,
    Unavailable,
)
from .extension import TokenGuard
from .on_demand import names_on_demand
from .signals import refresh_reused, token_accepted, token_issued, token_rejected
from .verify.claims import Claims, VerifiedToken
from .web.authentication import Authentication, current_token, g
from .web.guards.decorators import public, require_token, token_required
from .web.users import current_user

if TYPE_CHECKING:
    from .issue.options import IssueOptions
    from .sessions.listed import Session
    from .sessions.pairs import TokenResponse
    from .web.browser import csrf_token, set_token_cookies, unset_token_cookies
    from .web.guards.refreshes import refresh_required
    from .web.inspection import TokenReport
    from .web.issuing import issue_token
    from .web.numbers import KeysNumbers, Numbers
    from .web.pages.logins import next_path
    from .web.refreshing import refresh_token_pair
    from .web.sessions import (
        end_all_sessions,
        end_session,
        issue_token_pair,
        revoke_token,
        sessions_of,
    )
else:
    __getattr__, __dir__ = names_on_demand(
        __name__,
        {
            ".issue.options": "IssueOptions",
            ".sessions.listed": "Session",
            ".sessions.pairs": "TokenResponse",
            ".web.browser": "csrf_token, set_token_cookies, unset_token_cookies",
            ".web.guards.refreshes": "refresh_required",
            ".web.inspection": "TokenReport",
            ".web.issuing": "issue_token",
            ".web.numbers": "KeysNumbers, Numbers",
            ".web.pages.logins": "next_path",
            ".web.refreshing": "refresh_token_pair",
            ".web.sessions": "end_all_sessions, end_session, issue_token_pair, revoke_token,"
            " sessions_of",
        },
    )

__all__ = [
    "Authentication",
    "Claims",
    "ConfigurationError",
    "CrossSiteRequest",
    "InsufficientAuthentication",
    "InsufficientScope",
    "InvalidGrant",
    "InvalidRequest",
    "InvalidToken",
    "IssueError",
    "IssueOptions",
    "KeysNumbers",
    "KeysUnusable",
    "Numbers",
    "Reason",
    "RefreshReused",
    "Refusal",
    "Rejected",
    "Session",
    "TokenGuard",
    "TokenGuardError",
    "TokenMissing",
    "TokenReport",
    "TokenResponse",
    "Unavailable",
    "VerifiedToken",
    "csrf_token",
    "current_token",
    "current_user",
    "end_all_sessions",
    "end_session",
    "g",
    "issue_token",
    "issue_token_pair",
    "next_path",
    "public",
    "refresh_required",
    "refresh_reused",
    "refresh_token_pair",
    "require_token",
    "revoke_token",
    "sessions_of",
    "set_token_cookies",
    "token_accepted",
    "token_issued",
    "token_rejected",
    "token_required",
    "unset_token_cookies",
]
