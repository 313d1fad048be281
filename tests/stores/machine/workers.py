"""A worker: an app of its own with a client, on a store whose answers may get lost on the way."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast

import pytest
from flask import Flask, g
from werkzeug.test import TestResponse

from flask_tokenguard import (
    TokenGuard,
    end_all_sessions,
    end_session,
    issue_token_pair,
    revoke_token,
    sessions_of,
    token_required,
)
from flask_tokenguard.errors import Unavailable
from flask_tokenguard.keys import ring
from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.sessions.pairs import TokenResponse
from flask_tokenguard.stores.base import Store

from ...support import SettableClock, bearer
from .model import ACCESS_LIFETIME, GRACE, GRANTED, OTHER, OWN, REFRESH_LIFETIME, SESSION_LIFETIME

Fault = Literal["unasked", "unheard", "asked twice"]
# A caller that did not hear the answer may ask for these again.
_REPEATABLE = {"standing", "next_instant", "revoke", "end_subject", "advance", "sessions_of"}


class Way:
    """A worker's way to the store; met by every operation of a `Store`.

    Attributes:
        fault: What happens to the next operation: it is not performed, its answer is lost, or it
            is performed twice since the first answer was lost.
        befell: What happened since the step under way began.
    """

    def __init__(self, find: Callable[[], Store]) -> None:
        self._find = find
        self.fault: Fault | None = None
        self.befell: Fault | None = None

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._find(), name)
        if self.fault is None or (self.fault == "asked twice" and name not in _REPEATABLE):
            return operation
        self.befell, self.fault = self.fault, None

        def perform(*args: Any, **options: Any) -> Any:
            if self.befell != "unasked":
                operation(*args, **options)
            if self.befell != "asked twice":
                raise Unavailable
            return operation(*args, **options)

        return perform


class Worker:
    """An app that issues tokens, guards `/claims` and `/logout`, and trusts another issuer."""

    def __init__(
        self,
        find: Callable[[], Store],
        clock: SettableClock,
        *,
        steady: SettableClock,
        keyring: Path,
        other_key: Any,
    ) -> None:
        self.clock = clock
        self.way = Way(find)
        self.app = app = Flask(__name__, static_folder=None)
        settings = {
            "KEYRING": str(keyring),
            "ISSUER": OWN,
            "ACCESS_TOKEN_LIFETIME": ACCESS_LIFETIME,
            "REFRESH_TOKEN_LIFETIME": REFRESH_LIFETIME,
            "SESSION_LIFETIME": SESSION_LIFETIME,
            "REFRESH_GRACE": GRACE,
            "ISSUERS": {OTHER: {"audience": "api", "algorithms": ["HS256"], "keys": other_key}},
        }
        app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ring, "KeyRing", lambda *_, **__: KeyRing(keyring, monotonic=steady))
            self.guard = TokenGuard(app, store=cast(Store, self.way), clock=clock)
        app.register_blueprint(self.guard.token_endpoints())
        app.add_url_rule("/claims", view_func=token_required(_claims))
        app.add_url_rule("/logout", view_func=token_required(_logout), methods=["POST"])
        self.client = app.test_client()

    @property
    def now(self) -> int:
        return int(self.clock())

    def log_in(self, subject: str) -> TokenResponse:
        with self.app.app_context():
            return issue_token_pair(subject, scope=GRANTED)

    def get(self, token: str) -> TestResponse:
        return self.client.get("/claims", headers=bearer(token))

    def log_out(self, token: str) -> TestResponse:
        return self.client.post("/logout", headers=bearer(token))

    def refresh(self, token: str, scope: str | None) -> TestResponse:
        body = {"grant_type": "refresh_token", "refresh_token": token}
        return self.client.post("/token", data=body if scope is None else {**body, "scope": scope})

    def revoke(self, token: str) -> TestResponse:
        return self.client.post("/revoke", data={"token": token})

    def revoke_id(self, jti: str, issuer: str, subject: str | None) -> bool:
        with self.app.app_context():
            revoke_token(jti=jti, subject=subject, issuer=issuer)
        return True

    def end(self, sid: str, subject: str) -> bool:
        with self.app.app_context():
            return end_session(sid, subject=subject)

    def end_all(self, subject: str, issuer: str) -> bool:
        with self.app.app_context():
            end_all_sessions(subject, issuer=issuer)
        return True

    def list_sessions(self, subject: str) -> set[str]:
        with self.app.app_context():
            return {session.sid for session in sessions_of(subject)}


def _claims() -> dict[str, Any]:
    return dict(g.claims)


def _logout() -> dict[str, bool]:
    return {"ended": end_session()}
