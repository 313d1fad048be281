"""Sessions and revocation in an app: what login, refresh and logout routes call."""

from collections.abc import Mapping
from typing import Any, Unpack

from ..errors import ConfigurationError, InvalidGrant, InvalidRequest, RefreshReused
from ..issue.options import IssueOptions
from ..sessions.pairs import TokenResponse
from ..sessions.revocation import Revocation
from ..sessions.rotation import REFRESH_TYPE, Session, Sessions, VerifiedRefreshToken
from ..signals import refresh_reused, send
from ..verify.claims import Claims
from . import locations
from .authentication import answering, current_authentication, current_request
from .issuing import announce, check_new_subject
from .parts import Parts, current_parts
from .subjects import check_ours, read_subject

_OR_ISSUER = ", or name its issuer with issuer="


def issue_token_pair(
    subject: str, *, origin: str = "", **options: Unpack[IssueOptions]
) -> TokenResponse:
    """Begin a session for a subject that has just logged in.

    Args:
        subject: The `sub` of both; see `issue_token`, also for a subject of another issuer.
        origin: From where, for `sessions_of`: the user agent, say, or what else the user may know
            a device by; of a long text, the first 200 characters.
        options: As for `issue_token`. Claims, audience and header are those of every access token
            of the session; what may change meanwhile belongs in `TokenGuard.default_claims`, which
            is asked at each refresh.

    Returns:
        The token response of RFC 6749 section 5.1, to be sent as JSON.

    Raises:
        ConfigurationError: There is no store, or no key to sign with.
        IssueError, TypeError: As `issue_token` does.
        Unavailable: The store cannot be reached.
    """
    parts = current_parts()
    sessions = _sessions_of(parts)
    check_new_subject(subject)
    with answering(parts):
        pair = sessions.start(
            subject, defaults=parts.callbacks.default_claims_for(subject), origin=origin, **options
        )
    announce(parts, pair.claims)
    return pair.response


def refresh_token_pair(
    *, claims: Mapping[str, Any] | None = None, origin: str = ""
) -> TokenResponse:
    """Rotate the refresh token in the request's body, and issue an access token.

    As RFC 6749 section 6 and RFC 9700 section 4.14 say. The body is a form or JSON, with
    `refresh_token` and if need be `scope`, which may be less than what was granted at the login. A
    user loader is asked whether the user is still there.

    Args:
        claims: The app's own claims, in place of those said at the login.
        origin: From where; empty leaves what was said before.

    Returns:
        As `issue_token_pair` does.

    Raises:
        ConfigurationError: There is no store, or no key to sign with.
        InvalidGrant: 400, the refresh token is bad, its session has ended or its user is gone.
        RefreshReused: 400, it came a second time, and its session has ended.
        Unavailable: 503, the store cannot be reached.
    """
    parts = current_parts()
    sessions = _sessions_of(parts)
    token, scope = required_parameter("refresh_token"), parameter("scope")
    with answering(parts):
        presented = sessions.verify(token)
        _check_user(parts, sessions, presented)
        try:
            pair = sessions.rotate(
                presented,
                defaults=parts.callbacks.default_claims_for(presented.claims["sub"]),
                scope=scope,
                claims=claims,
                origin=origin,
            )
        except RefreshReused as error:
            send(refresh_reused, parts.app, subject=error.subject, sid=error.sid)
            raise
    announce(parts, pair.claims)
    return pair.response


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
    if (token is None) == (jti is None):
        raise TypeError("revoke_token takes a token, or a jti")
    if token is not None and (subject, issuer) != (None, None):
        raise TypeError("subject= and issuer= go with jti=; a token holds its own sub and iss")
    parts = current_parts()
    revocation = _revocation_of(parts)
    with answering(parts):
        if isinstance(token, str):
            _revoke(parts, token)
        elif token is not None:
            revocation.revoke(token)
        else:
            _revoke_named(parts, revocation, jti or "", subject=subject, issuer=issuer)


def end_session(sid: str | None = None, *, subject: str | Claims | None = None) -> bool:
    """End a session: a logout. Its access tokens are refused at once.

    Args:
        sid: The session's name, which its tokens hold as `sid`; by default that of the request's
            token, which may have none.
        subject: Whose it must be, `g.claims` or a subject of ours; name it where the sid comes
            from a request.

    Returns:
        Whether there was such a session.

    Raises:
        ConfigurationError: There is no store.
        InvalidToken: The claims have no `sub`.
        TypeError: The subject is neither, or the bare `sub` of the request's foreign token.
        Unavailable: The store cannot be reached.
    """
    parts = current_parts()
    sessions = _sessions_of(parts)
    if sid is None:
        token = current_authentication().token
        sid = token.claims.get("sid") if token is not None and token.is_own else None
    with answering(parts):
        owner = None if subject is None else read_subject(parts, subject).id
        return sessions.end(str(sid or ""), owner=owner)


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
    parts = current_parts()
    revocation = _revocation_of(parts)
    with answering(parts):
        whose = read_subject(parts, subject, issuer=issuer, remedy=_OR_ISSUER)
        revocation.end_subject(whose.name, issuer=whose.issuer)


def sessions_of(subject: str | Claims) -> list[Session]:
    """List a subject's sessions, the newest first.

    Args:
        subject: `g.claims`, or a subject of ours; a subject of another issuer has none here.

    Raises:
        ConfigurationError: There is no store.
        InvalidToken: The claims have no `sub`.
        TypeError: The subject is neither, or the bare `sub` of the request's foreign token.
        Unavailable: The store cannot be reached.
    """
    parts = current_parts()
    sessions = _sessions_of(parts)
    with answering(parts):
        return sessions.of(read_subject(parts, subject).id)


def parameter(name: str) -> str | None:
    """Read a parameter of a request for tokens (RFC 6749 section 3.2).

    Raises:
        InvalidGrant: It occurs twice, or is not text.
    """
    parts = current_parts()
    with answering(parts):
        try:
            return locations.parameter(current_request(), name, bound=parts.max_body_size)
        except InvalidRequest as error:
            raise InvalidGrant(error.reason, error="invalid_request") from None


def required_parameter(name: str) -> str:
    """Read one that must be there.

    Raises:
        InvalidGrant: It is not, or as `parameter` does.
    """
    value = parameter(name)
    if value is None:
        with answering(current_parts()):
            raise InvalidGrant(f"There is no {name}", error="invalid_request")
    return value


def _revoke(parts: Parts, text: str) -> None:
    token = parts.verifier.authenticate(text)
    # Another issuer's token must not name a session of ours.
    if token.is_own and token.typ == REFRESH_TYPE:
        owner = read_subject(parts, token.claims).id
        _sessions_of(parts).end(str(token.claims.get("sid")), owner=owner)
    else:
        _revocation_of(parts).revoke(token.claims)


def _revoke_named(
    parts: Parts,
    revocation: Revocation,
    jti: str,
    *,
    subject: str | Claims | None,
    issuer: str | None,
) -> None:
    if subject is None:
        if issuer is None:
            check_ours("jti", jti, f"pass g.claims{_OR_ISSUER}")
        revocation.revoke_id(jti, issuer=parts.issuer.issuer if issuer is None else issuer)
        return
    whose = read_subject(parts, subject, issuer=issuer, remedy=_OR_ISSUER)
    revocation.revoke_id(jti, subject=whose.name, issuer=whose.issuer)


def _check_user(parts: Parts, sessions: Sessions, presented: VerifiedRefreshToken) -> None:
    if not parts.callbacks.knows_user(presented.claims):
        sessions.end(presented.claims["sid"])
        raise InvalidGrant("The user is gone")


def _sessions_of(parts: Parts) -> Sessions:
    if parts.sessions is None:
        raise no_store()
    return parts.sessions


def _revocation_of(parts: Parts) -> Revocation:
    if parts.revocation is None:
        raise no_store()
    return parts.revocation


def no_store() -> ConfigurationError:
    """Name the setting that is missing."""
    return ConfigurationError("Sessions and revocation need a store; set TOKENGUARD_STORAGE_URI")
