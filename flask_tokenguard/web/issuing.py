"""Issuing in an app, with its default claims and its signal."""

from typing import Unpack

from ..issue.issuer import Issued
from ..issue.options import IssueOptions, with_defaults
from .challenge import announce, finishes_refusals, forbid_storing
from .parts import Parts, parts_of
from .subjects import check_ours


@finishes_refusals("issue a token")
def issue(parts: Parts, subject: str, options: IssueOptions) -> Issued:
    """Issue an access token, and set `no-store` on the response to a request under way.

    Args:
        parts: Those of the app.
        subject: The `sub` of the token.
        options: A dict of its own, which may be changed; each call with keywords would copy it.

    Raises:
        ConfigurationError: The app has no key to sign with.
        IssueError: An argument makes a token that must not be.
        TypeError: There is no such option.
        Unavailable: There is a store, and it cannot be reached.
    """
    check_new_subject(subject)
    defaults = parts.callbacks.default_claims_for(subject)
    if defaults:
        options["claims"] = with_defaults(options.get("claims"), defaults)
    issued = parts.issuer.issue(subject, options)
    announce(parts, issued.claims)
    forbid_storing()
    return issued


def check_new_subject(subject: str) -> None:
    """Refuse the bare `sub` of this request's foreign token; as ours it may be another's.

    Raises:
        TypeError: It is.
    """
    check_ours("sub", subject, 'name both: f"{g.claims.issuer}#{g.claims.subject}"')


def issue_token(subject: str, **options: Unpack[IssueOptions]) -> str:
    """Issue an access token for a subject, inside an app context.

    The response to a request under way gets `Cache-Control: no-store` (RFC 6749 section 5.1).

    Args:
        subject: The `sub`: a text, not empty, never reused for another user. Name one of
            another issuer with it: `f"{g.claims.issuer}#{g.claims.subject}"`.
        options: `scope`, text or several; `claims`, the app's own; `audience` and `lifetime` (a
            timedelta, or seconds) in place of the configured ones; `not_before`, how long from now
            until it is valid (likewise; 0 for readers that demand an `nbf`); `client_id`, where
            None leaves the configured one out; `header`, more members of it; `auth_time`, when the
            subject showed who it is (an aware datetime, or seconds).

    Raises:
        ConfigurationError: The app has no key to sign with.
        IssueError: The subject is not a text, a claim is reserved or not JSON, or the like.
        TypeError: There is no such option, or the subject is that of the request's foreign token.
        Unavailable: There is a store, and it cannot be reached.
    """
    return issue(parts_of(), subject, options).token
