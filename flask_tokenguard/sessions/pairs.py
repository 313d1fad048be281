"""What the two tokens of a session say (RFC 6749 section 5.1).

A refresh token says itself what the access tokens after it say, so that no store has to know.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict, cast

from ..issue import ids
from ..issue.issuer import Draft, TokenIssuer
from ..issue.options import IssueOptions
from ..stores.base import RefreshState

Login: TypeAlias = Mapping[str, Any]
_REMEMBERED: tuple[Literal["claims", "audience", "header"], ...] = ("claims", "audience", "header")


class TokenResponse(TypedDict, total=False):
    """The members of a token response (RFC 6749 section 5.1)."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    scope: str


class Pair(NamedTuple):
    """A token response, and the claims of the access token in it."""

    response: TokenResponse
    claims: Mapping[str, Any]


class Plan(NamedTuple):
    """A pair that lacks what the store gives; instants are seconds since the epoch."""

    now: int
    access_expires: int
    refresh_expires: int
    access: Draft
    refresh: Draft


class PairIssuer:
    """Issues the tokens of sessions."""

    def __init__(
        self, *, access: TokenIssuer, refresh: TokenIssuer, lifetime: timedelta, longest: timedelta
    ) -> None:
        """Take what issues each of the two.

        Args:
            access: Issues the access tokens.
            refresh: Issues the refresh tokens.
            lifetime: For how long a session lives without being used.
            longest: For how long it lives at all.
        """
        self._access = access
        self._refresh = refresh
        self._lifetime = int(lifetime.total_seconds())
        self._longest = int(longest.total_seconds())

    def login(self, subject: str, session: bytes, options: IssueOptions, now: int) -> Login:
        """Say what every refresh token of a session says.

        Args:
            subject: Whose session it is.
            session: Its id.
            options: As `issue_options.plain` gives them.
            now: Seconds since the epoch.
        """
        return {
            "sub": subject,
            "sid": ids.to_text(session),
            "scope": options.get("scope") or "",
            "auth_time": options.get("auth_time", now),
            "session_exp": now + self._longest,
            "access": {name: said for name in _REMEMBERED if (said := options.get(name))},
        }

    def plan(
        self,
        login: Login,
        scope: str,
        now: int,
        *,
        defaults: Mapping[str, Any],
        options: IssueOptions | None = None,
    ) -> Plan:
        """Draft both tokens, so that nothing is left that can fail once the store was asked.

        Args:
            login: What the session's refresh tokens say.
            scope: Of the access token; no longer than what the login granted.
            now: Seconds since the epoch.
            defaults: Claims that come after those of the options.
            options: Of the access token, in place of what the login remembers.

        Raises:
            ConfigurationError: There is no private key to sign with.
            IssueError: One of the tokens must not be issued, or would be too long.
        """
        asked = cast(IssueOptions, {**login.get("access", {}), **(options or {}), "scope": scope})
        asked["claims"] = {**defaults, **(asked.get("claims") or {})}
        subject, end = login["sub"], login["session_exp"]
        registered = {name: login[name] for name in ("sid", "auth_time") if name in login}
        expires = min(self._access.expiry(now, asked.get("lifetime")), end)
        refresh_expires = min(now + self._lifetime, end)
        access = self._access.draft(
            subject,
            asked,
            {**registered, "exp": expires},
            late="scope",
            # A successor that was issued before has its own scope, at most all that was granted.
            room=_scope_size(login.get("scope", "")) - _scope_size(scope),
        )
        refresh = self._refresh.draft(
            subject,
            {},
            {**registered, "session_exp": end, **_remembered(login), "exp": refresh_expires},
            late="exp",
        )
        return Plan(now, expires, refresh_expires, access, refresh)

    def respond(self, plan: Plan, state: RefreshState, instant: int) -> Pair:
        """Sign both tokens, and put them into a response.

        Args:
            plan: What `plan` gave.
            state: By which the store knows the refresh token.
            instant: When the access token is issued, as the store gave it.
        """
        scope = state.scope
        access_token, claims = self._access.sign(plan.access, ids.new_jti(instant), scope or None)
        refresh_token, _ = self._refresh.sign(plan.refresh, ids.to_text(state.jti), state.expires)
        response: TokenResponse = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": plan.access_expires - plan.now,
            "refresh_token": refresh_token,
        }
        if scope:
            response["scope"] = scope
        return Pair(response, claims)


def _remembered(login: Login) -> dict[str, Any]:
    return {name: login[name] for name in ("scope", "access") if login.get(name)}


def _scope_size(scope: str) -> int:
    # A scope is ASCII, and has nothing that JSON would escape.
    return len(',"scope":""') + len(scope) if scope else 0
