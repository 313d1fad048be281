"""A request -> its `Authentication`; a refusal -> the answer.

Start at `hook.install`, then `authentication.authenticate`. `credentials/` finds the token,
`guards/` has what views demand. The names below are what `TokenGuard` calls for an app.
"""

from typing import TYPE_CHECKING

from ..on_demand import names_on_demand

if TYPE_CHECKING:
    from .browser import set_cookies, unset_cookies
    from .inspection import inspect_token
    from .issuing import issue
    from .numbers import numbers_of
    from .refreshing import refresh_given_or_current
    from .routes import token_endpoints
    from .sessions import end, end_all, list_sessions, revoke, start_session
else:
    __getattr__, __dir__ = names_on_demand(
        __name__,
        {
            ".browser": "set_cookies, unset_cookies",
            ".inspection": "inspect_token",
            ".issuing": "issue",
            ".numbers": "numbers_of",
            ".refreshing": "refresh_given_or_current",
            ".routes": "token_endpoints",
            ".sessions": "end, end_all, list_sessions, revoke, start_session",
        },
    )

__all__ = [
    "end",
    "end_all",
    "inspect_token",
    "issue",
    "list_sessions",
    "numbers_of",
    "refresh_given_or_current",
    "revoke",
    "set_cookies",
    "start_session",
    "token_endpoints",
    "unset_cookies",
]
