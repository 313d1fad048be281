"""Former sessions: those that a refresh token of another program begins, or goes on with.

Its `jti` names the session, so that it never begins a second one; see `Store.advance`.
"""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from ..issue import ids
from ..stores.base import Store
from ..verify.claims import Claims, VerifiedToken

# In another program these mean something else, or nothing: what a session grants is asked anew.
_NOT_OURS = frozenset({"access", "auth_time", "client_id", "scope"})


class FormerSessions:
    """Reads refresh tokens of another program as those of our sessions."""

    def __init__(
        self,
        store: Store,
        *,
        kind_claim: str,
        issuer: str | None,
        client_id: str | None,
        longest: timedelta,
        until: int,
        on_end: Callable[[], None],
    ) -> None:
        """Set up what a session has beside what its token has.

        Args:
            store: Keeps which of the tokens have begun a session.
            kind_claim: The claim that is `refresh` in a refresh token.
            issuer: Our own `iss`.
            client_id: Our own `client_id`.
            longest: For how long a session lives at all, from the token's `iat`.
            until: From when on the token is refused. A session that began with it lives as long as
                the token is accepted, if that is longer.
            on_end: Called after a session was ended, or may have been.
        """
        self._store = store
        self._kind_claim = kind_claim
        self._issuer = issuer
        self._client_id = client_id
        self._longest = int(longest.total_seconds())
        self._until = until
        self._on_end = on_end

    def adopt(self, token: VerifiedToken) -> VerifiedToken:
        """Return a refresh token with the claims that one of ours has.

        There is no `auth_time`, since the program may have written it at a refresh too.
        """
        claims = token.claims
        _, session, jti = self._ids_of(claims)
        end = max(claims["iat"] + self._longest, min(claims["exp"], self._until))
        kept = {name: value for name, value in claims.items() if name not in _NOT_OURS}
        own: dict[str, Any] = {
            "sid": ids.to_text(session),
            "jti": ids.to_text(jti),
            "session_exp": math.ceil(end),
        }
        if self._client_id is not None:
            own["client_id"] = self._client_id
        return VerifiedToken(token.protected, Claims(kept | own), token.issuer)

    def is_refresh_token(self, claims: Mapping[str, Any]) -> bool:
        """Return whether a token of another program is a refresh token."""
        return claims.get(self._kind_claim) == "refresh"

    def revoke(self, claims: Mapping[str, Any]) -> None:
        """Let a refresh token begin no session, and end the one that it began.

        Args:
            claims: With `sub` and `jti`, which are texts, and `exp`.

        Raises:
            Unavailable: The store cannot be reached.
        """
        owner, session, jti = self._ids_of(claims)
        # First, so that no use in between begins the session.
        try:
            self._store.revoke(jti, subject=owner, expires=math.ceil(claims["exp"]))
            self._store.end_session(session, subject=owner)
        finally:
            self._on_end()

    def _ids_of(self, claims: Mapping[str, Any]) -> tuple[bytes, bytes, bytes]:
        """Return what a store knows a token by: its subject, its session, and its own id there."""
        owner = ids.subject_id(self._issuer, claims["sub"])
        jti = ids.former_refresh_id(self._issuer, claims["jti"])
        return owner, ids.former_session(owner, jti), jti
