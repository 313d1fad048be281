"""Pairs: the access token and the refresh token of a session (RFC 6749 section 5.1).

The refresh token carries the claims of later access tokens, so the store does not.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple, TypeAlias, TypedDict

from ..issue import ids
from ..issue.issuer import Draft, TokenIssuer
from ..issue.options import IssueOptions, begin, registered_claims, with_defaults
from ..stores.base import RefreshState

Login: TypeAlias = Mapping[str, Any]


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
    """A pair that lacks what the store returns.

    Attributes:
        now: Seconds since the epoch.
        access_expires: The `exp` of the access token.
        successor: The refresh token, unless the store has issued another one before.
        access: The access token, which lacks its scope.
        refresh: The refresh token, which lacks its `exp`.
    """

    now: int
    access_expires: int
    successor: RefreshState
    access: Draft
    refresh: Draft


class PairIssuer:
    """Issues the tokens of sessions."""

    def __init__(
        self, *, access: TokenIssuer, refresh: TokenIssuer, lifetime: timedelta, longest: timedelta
    ) -> None:
        """Set up the issuer of pairs.

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
        """Return the claims that all refresh tokens of a session have.

        Args:
            subject: The session's.
            session: The session's id.
            options: Those of the access tokens.
            now: Seconds since the epoch.

        Raises:
            IssueError, TypeError: As `registered_claims` does.
        """
        registered = registered_claims(options)
        access = {
            "claims": options.get("claims"),
            "audience": registered.get("aud"),
            "header": options.get("header"),
            "nbf": self._begin(options, now),
        }
        login = {
            "sub": subject,
            "sid": ids.to_text(session),
            "auth_time": registered.get("auth_time", now),
            "session_exp": now + self._longest,
        }
        client_id = registered.get("client_id", self._access.client_id)
        if client_id is not None:
            login["client_id"] = client_id
        if "scope" in registered:
            login["scope"] = registered["scope"]
        if any(access.values()):
            login["access"] = {name: value for name, value in access.items() if value}
        return login

    def _begin(self, options: IssueOptions, now: int) -> int | None:
        """Return when the session's access tokens begin to be valid, those of a refresh too.

        One of a refresh has the configured lifetime, whatever the first one has.
        """
        not_before = options.get("not_before")
        if not_before is None:
            return None
        first = self._access.expiry(now, options.get("lifetime"))
        return begin(now, not_before, first, self._access.expiry(now), now + self._longest)

    def plan(
        self,
        login: Login,
        scope: str,
        now: int,
        *,
        defaults: Mapping[str, Any],
        claims: Mapping[str, Any] | None = None,
        lifetime: timedelta | int | None = None,
        is_parsed: bool = False,
    ) -> Plan:
        """Draft both tokens, so that nothing is left that can fail once the store was asked.

        Args:
            login: The claims of the session's refresh tokens.
            scope: Of the access token; no longer than what the login granted.
            now: Seconds since the epoch.
            defaults: Claims that give way to those of the app.
            claims: The app's, in place of those of the login.
            lifetime: Of the access token, in place of the configured one.
            is_parsed: Whether the login was read from a token, whose JSON was checked.

        Raises:
            ConfigurationError: There is no private key to sign with.
            IssueError: One of the tokens must not be issued, or would be too long.
        """
        end, granted, options = login["session_exp"], login.get("scope"), login.get("access", {})
        own = options.get("claims") if claims is None else claims
        shared = {name: login[name] for name in ("sub", "sid", "auth_time") if name in login}
        # A session stays that of its client, whatever is configured now (RFC 6749 section 6).
        shared["client_id"] = login.get("client_id")
        if self._access.has_csrf:
            # A session keeps its own, so that a page that is open goes on working.
            shared["csrf"] = login.get("csrf") or ids.new_csrf()
        shared["iat"] = now
        access_expires = min(self._access.expiry(now, lifetime), end)
        access_claims = {**shared, "exp": access_expires}
        if "audience" in options:
            access_claims["aud"] = options["audience"]
        if "nbf" in options:
            access_claims["nbf"] = begin(now, max(0, options["nbf"] - now), access_expires)
        refresh_claims = {**shared, "session_exp": end}
        if granted:
            refresh_claims["scope"] = granted
        if options:
            refresh_claims["access"] = options
        access = self._access.draft(
            access_claims,
            own=with_defaults(own, defaults) if defaults else own,
            header=options.get("header"),
            # A successor that was issued before has its own scope, at most all that was granted.
            room=len(f',"scope":"{granted}"') if granted else 0,
            is_parsed=is_parsed and claims is None and not defaults,
        )
        expires = min(now + self._lifetime, end)
        refresh = self._refresh.draft(
            refresh_claims, room=len(f',"exp":{expires}'), is_parsed=is_parsed
        )
        successor = RefreshState(secrets.token_bytes(16), expires, scope)
        return Plan(now, access_expires, successor, access, refresh)

    def respond(
        self, plan: Plan, state: RefreshState, instant: int, *, is_known: bool = False
    ) -> Pair:
        """Sign both tokens, and put them into a response.

        Args:
            plan: The plan.
            state: The refresh token, as the store knows it.
            instant: When the access token is issued, as the store returned it.
            is_known: Whether the client has this refresh token, and keeps it where it gets no other
                (RFC 6749 section 6).
        """
        access = self._access.sign(
            plan.access, ids.new_jti(instant), {"scope": state.scope} if state.scope else None
        )
        response: TokenResponse = {
            "access_token": access.token,
            "token_type": "Bearer",
            "expires_in": plan.access_expires - plan.now,
        }
        if not is_known:
            refresh = self._refresh.sign(plan.refresh, state.jti, {"exp": state.expires})
            response["refresh_token"] = refresh.token
        if state.scope:
            response["scope"] = state.scope
        return Pair(response, access.claims)
