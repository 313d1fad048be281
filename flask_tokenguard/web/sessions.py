"""Sessions and revocation in an app: what login and logout routes call.

Each function of the public ones has its body below, which takes the app's parts first: the methods
of `TokenGuard` and the endpoints call it too.
"""

from typing import TYPE_CHECKING, Unpack

from flask import has_request_context

from ..config.locations import COOKIE
from ..config.settings import REFRESH_TYPE
from ..errors import Refusal
from ..issue.options import IssueOptions
from ..verify.claims import Claims, VerifiedToken
from .authentication import current_authentication
from .challenge import announce, finishes_refusals, forbid_storing
from .issuing import check_new_subject
from .pages.own_site import find_former_tokens, find_own_token, require_own_site
from .parts import Parts, parts_of
from .subjects import check_ours, read_subject

if TYPE_CHECKING:
    from ..sessions.listed import Session
    from ..sessions.pairs import TokenResponse

_OR_ISSUER = ", or name its issuer with issuer="


def issue_token_pair(
    subject: str, *, origin: str = "", **options: Unpack[IssueOptions]
) -> "TokenResponse":
    """Begin a session for a subject that has just logged in.

    Args:
        subject: The `sub` of both; see `issue_token`, also for a subject of another issuer.
        origin: From where, for `sessions_of`: the user agent, or what else the user may know
            a device by; of a long text, the first 200 characters.
        options: As for `issue_token`. Claims, audience and header are those of every access token
            of the session, and none of them is valid before the instant of `not_before`; what may
            change meanwhile belongs in `TokenGuard.default_claims`, which is asked at each refresh.

    Returns:
        The token response of RFC 6749 section 5.1, to be sent as JSON.

    Raises:
        ConfigurationError: There is no store, or no key to sign with.
        IssueError, TypeError: As `issue_token` does.
        Unavailable: The store cannot be reached.
    """
    return start_session(parts_of(), subject, origin, options)


def revoke_token(
    token: str | Claims | None = None,
    *,
    jti: str | None = None,
    subject: str | Claims | None = None,
    issuer: str | None = None,
) -> None:
    """Refuse a token from now on.

    A refresh token ends its session. An access token is given as it is, or as the claims that
    `g.claims` holds; without either, it is named by its `jti`.

    Args:
        token: The token, or its claims.
        jti: Its name.
        subject: Its subject, where only the name is given and the subject is known; the claims of
            another token of the subject's name the issuer too.
        issuer: Its issuer, where only names are given; by default our own.

    Raises:
        ConfigurationError: There is no store.
        InvalidToken: The token is forged, of an issuer that is not known, or cannot be named.
        TypeError: Neither a token nor a `jti` is given, or both are; a subject or an issuer stands
            beside a token, or an issuer beside claims; a name is that of the request's foreign
            token, and no issuer stands beside it.
        Unavailable: The store cannot be reached.
    """
    revoke(parts_of(), token, jti=jti, subject=subject, issuer=issuer)


def end_session(sid: str | None = None, *, subject: str | Claims | None = None) -> bool:
    """End a session: a logout. Its access tokens are refused at once.

    Args:
        sid: The session's name, which its tokens hold as `sid`; by default that of the request's
            token, which may have none, or of the refresh token in its cookie. Tokens of another
            program in the request's cookies are revoked.
        subject: Whose it must be, `g.claims` or a subject of ours; name it where the sid comes
            from a request.

    Returns:
        Whether there was such a session.

    Raises:
        ConfigurationError: There is no store.
        CrossSiteRequest: The session is that of a cookie, and another site may have sent it.
        InvalidToken: The claims have no `sub`.
        TypeError: The subject is neither, or the bare `sub` of the request's foreign token.
        Unavailable: The store cannot be reached.
    """
    return end(parts_of(), sid, subject=subject)


def end_all_sessions(subject: str | Claims, *, issuer: str | None = None) -> None:
    """End every session of a subject, and refuse every token that was issued to it up to now.

    Args:
        subject: `g.claims`, or the subject's name.
        issuer: Whose subject a name is; by default our own.

    Raises:
        ConfigurationError: There is no store.
        InvalidToken: The claims have no `sub`.
        TypeError: The subject is neither, an issuer stands beside claims, or it is the bare `sub`
            of the request's foreign token.
        Unavailable: The store cannot be reached.
    """
    end_all(parts_of(), subject, issuer=issuer)


def sessions_of(subject: str | Claims) -> "list[Session]":
    """List a subject's sessions, the newest first.

    Args:
        subject: `g.claims`, or a subject of ours; a subject of another issuer has none here.

    Raises:
        ConfigurationError: There is no store.
        InvalidToken: The claims have no `sub`.
        TypeError: The subject is neither, or the bare `sub` of the request's foreign token.
        Unavailable: The store cannot be reached.
    """
    return list_sessions(parts_of(), subject)


@finishes_refusals("start a session")
def start_session(
    parts: Parts, subject: str, origin: str, options: IssueOptions
) -> "TokenResponse":
    """Begin a session, as `issue_token_pair` does."""
    sessions = parts.get_sessions()
    check_new_subject(subject)
    defaults = parts.callbacks.default_claims_for(subject)
    pair = sessions.start(subject, defaults=defaults, origin=origin, **options)
    announce(parts, pair.claims)
    forbid_storing()
    return pair.response


@finishes_refusals("revoke a token")
def revoke(
    parts: Parts,
    token: str | Claims | None,
    *,
    jti: str | None = None,
    subject: str | Claims | None = None,
    issuer: str | None = None,
) -> None:
    """Revoke a token, as `revoke_token` does."""
    if (token is None) == (jti is None):
        raise TypeError("revoke_token takes a token, or a jti")
    if token is not None and (subject is not None or issuer is not None):
        raise TypeError("subject= and issuer= go with jti=; a token holds its own sub and iss")
    revocation = parts.get_revocation()
    if isinstance(token, str):
        revoke_text(parts, token)
    elif token is not None:
        revocation.revoke(token)
    else:
        _revoke_named(parts, jti or "", subject=subject, issuer=issuer)


@finishes_refusals("end a session")
def end(parts: Parts, sid: str | None, *, subject: str | Claims | None) -> bool:
    """End a session, as `end_session` does."""
    sessions = parts.get_sessions()
    owner = None if subject is None else read_subject(parts, subject).id
    if sid is None:
        sid = _current_sid(parts)
        if sid is None and sessions.former is not None:
            return _end_former(parts, owner)
    return sessions.end(str(sid or ""), owner=owner)


@finishes_refusals("end all sessions of a subject")
def end_all(parts: Parts, subject: str | Claims, *, issuer: str | None) -> None:
    """End all sessions of a subject, as `end_all_sessions` does."""
    revocation = parts.get_revocation()
    whose = read_subject(parts, subject, issuer=issuer, remedy=_OR_ISSUER)
    revocation.end_subject(whose.name, issuer=whose.issuer)


@finishes_refusals("list the sessions of a subject")
def list_sessions(parts: Parts, subject: str | Claims) -> "list[Session]":
    """List the sessions of a subject, as `sessions_of` does."""
    return parts.get_sessions().of(read_subject(parts, subject).id)


def _current_sid(parts: Parts) -> str | None:
    """Return the `sid` of the current request's token, if we issued it ourselves."""
    if not has_request_context():
        raise RuntimeError("end_session takes a sid where there is no request")
    authentication = current_authentication(parts)
    token, place = authentication.token, authentication.place
    if token is None and parts.cookies is not None and (place is None or place.kind == COOKIE):
        # At a logout the access cookie has often expired.
        require_own_site(parts)
        token = find_own_token(parts)
    if token is None or authentication.parts is not parts:
        return None
    # The session of another program's token has no `sid` there, whatever the claim holds.
    if not token.is_own or token.is_former:
        return None
    return token.claims.get("sid")


def _end_former(parts: Parts, owner: bytes | None) -> bool:
    """Revoke the tokens of another program in the request's cookies, which have no `sid`.

    Returns:
        Whether there was one, of this owner.
    """
    place = current_authentication(parts).place
    if parts.cookies is None or (place is not None and place.kind != COOKIE):
        return False
    is_any = False
    for token in find_former_tokens(parts):
        if owner in (None, read_subject(parts, token.claims).id):
            _revoke_verified(parts, token)
            is_any = True
    return is_any


def revoke_text(parts: Parts, text: str) -> None:
    """Revoke a token as it came; the refusal of a bad one is not finished."""
    _revoke_verified(parts, parts.verifier.authenticate(text))


def _revoke_verified(parts: Parts, token: VerifiedToken) -> None:
    try:
        # Another issuer's token must not name a session of ours.
        if token.is_own and token.typ == REFRESH_TYPE:
            owner = read_subject(parts, token.claims).id
            parts.get_sessions().end(str(token.claims.get("sid")), owner=owner)
            return
        parts.get_revocation().revoke(token.claims)
        former = parts.get_sessions().former
        if token.is_former and former is not None and former.is_refresh_token(token.claims):
            read_subject(parts, token.claims)
            former.revoke(token.claims)
    except Refusal as error:
        token.attach_to(error)
        raise


def end_session_of(parts: Parts, text: str) -> None:
    """End the session of a token of ours as it came; the refusal of a bad one is not finished.

    A token of another program, whose session nothing may name, is revoked.
    """
    token = parts.verifier.authenticate(text)
    if token.is_former:
        _revoke_verified(parts, token)
    elif token.is_own and "sid" in token.claims:
        owner = read_subject(parts, token.claims).id
        parts.get_sessions().end(str(token.claims["sid"]), owner=owner)


def _revoke_named(
    parts: Parts, jti: str, *, subject: str | Claims | None, issuer: str | None
) -> None:
    revocation = parts.get_revocation()
    if subject is None:
        if issuer is None:
            check_ours("jti", jti, f"pass g.claims{_OR_ISSUER}")
        revocation.revoke_id(jti, issuer=parts.issuer.issuer if issuer is None else issuer)
        return
    whose = read_subject(parts, subject, issuer=issuer, remedy=_OR_ISSUER)
    revocation.revoke_id(jti, subject=whose.name, issuer=whose.issuer)
