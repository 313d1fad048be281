"""What the two tokens of a session say (RFC 6749 section 5.1).

A refresh token says itself what the access tokens after it say, so that no store has to know.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict, cast

from . import ids
from .issue_options import IssueOptions
from .issuer import TokenIssuer
from .stores.base import RefreshState

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
    """What the tokens that are issued now will say; instants are seconds since the epoch."""

    now: int
    access_expires: int
    refresh_expires: int
    options: IssueOptions


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
            "auth_time": options.get("auth_time") or now,
            "session_exp": now + self._longest,
            "access": {name: said for name in _REMEMBERED if (said := options.get(name))},
        }

    def plan(
        self,
        login: Login,
        now: int,
        *,
        defaults: Mapping[str, Any],
        options: IssueOptions | None = None,
    ) -> Plan:
        """Plan a pair.

        Args:
            login: What the session's refresh tokens say.
            now: Seconds since the epoch.
            defaults: Claims that come after those of the options.
            options: Of the access token, in place of what the login remembers.

        Raises:
            IssueError: The access token would live for too long, or not at all.
        """
        said = cast(IssueOptions, {**login.get("access", {}), **(options or {})})
        said["claims"] = {**defaults, **(said.get("claims") or {})}
        end = login["session_exp"]
        return Plan(
            now,
            min(self._access.expiry(now, said.get("lifetime")), end),
            min(now + self._lifetime, end),
            said,
        )

    def sign_refresh(self, login: Login, state: RefreshState) -> str:
        """Sign the refresh token that the store knows by this state.

        Raises:
            IssueError: The login cannot be written.
        """
        names = ("sid", "auth_time", "session_exp", "access")
        registered = {
            **{name: login[name] for name in names if login.get(name)},
            "jti": ids.to_text(state.jti),
            "exp": state.expires,
        }
        return self._refresh.issue(login["sub"], {"scope": login.get("scope")}, registered)[0]

    def respond(
        self, login: Login, plan: Plan, refresh_token: str, *, scope: str, instant: int
    ) -> Pair:
        """Issue the access token, and put both into a response.

        Args:
            login: What the session's refresh tokens say.
            plan: What `plan` gave.
            refresh_token: What `sign_refresh` gave.
            scope: What the access token allows.
            instant: When it is issued, as the store gave it.

        Raises:
            IssueError: The access token cannot be issued.
        """
        registered = {
            "sid": login["sid"],
            "jti": ids.new_jti(instant),
            "exp": plan.access_expires,
            "auth_time": login.get("auth_time"),
        }
        options: IssueOptions = {**plan.options, "scope": scope}
        access_token, claims = self._access.issue(login["sub"], options, registered)
        response: TokenResponse = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": plan.access_expires - plan.now,
            "refresh_token": refresh_token,
        }
        if scope:
            response["scope"] = scope
        return Pair(response, claims)
