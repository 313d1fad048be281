"""TOKENGUARD_FORMER_TOKENS: stores."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import (
    TokenGuard,
    end_all_sessions,
    revoke_token,
)
from flask_tokenguard.errors import InvalidToken, Reason, Unavailable
from flask_tokenguard.jose.compact import parse, parse_payload
from flask_tokenguard.stores.memory import MemoryStore

from ...support import SettableClock
from ..former import FormerApp
from .support import DAY, Build, accepts, reason_of, run_import, verdict


class TestWithAStore:
    """Former tokens are older than the store, and are let in by an import."""

    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock=clock)

    @pytest.fixture
    def app(self, build: Build, clock: SettableClock, store: MemoryStore) -> Flask:
        return build(TokenGuard(store=store, clock=clock))

    @pytest.fixture
    def imported(self, app: Flask) -> Flask:
        run_import(app)
        return app

    def test_an_answer_about_one_holds_until_an_end_here(
        self,
        build: Build,
        store: MemoryStore,
        clock: SettableClock,
        former: FormerApp,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        app = build(TokenGuard(store=store, clock=clock), REVOCATION_DELAY=300)
        run_import(app)
        token = former.access()
        assert accepts(app, token)
        with monkeypatch.context() as patch:
            patch.setattr(store, "standing", None)
            assert accepts(app, token)
        with app.app_context():
            revoke_token(token)
        assert reason_of(app, token) == Reason.REVOKED

    def test_without_an_import_they_are_refused(self, app: Flask, former: FormerApp) -> None:
        with pytest.raises(InvalidToken, match="older than our records") as raised:
            app.extensions["guard"].verify(former.access())
        assert raised.value.reason == Reason.OLDER_THAN_STORE
        assert "import-revoked" in raised.value.detail

    def test_an_empty_import_lets_them_in(self, imported: Flask, former: FormerApp) -> None:
        assert accepts(imported, former.access())

    def test_what_was_revoked_there_stays_so(self, app: Flask, former: FormerApp) -> None:
        bad, good = former.access(), former.access()
        claims = parse_payload(parse(bad))
        run_import(app, f"{claims['jti']},{claims['exp']}\n")
        assert reason_of(app, bad) == Reason.REVOKED
        assert accepts(app, good)

    def test_what_is_revoked_here_is_refused(self, imported: Flask, former: FormerApp) -> None:
        for way in (
            revoke_token,
            lambda token: revoke_token(jti=parse_payload(parse(token))["jti"]),
            lambda token: revoke_token(app_claims(imported, token)),
        ):
            token = former.access()
            assert accepts(imported, token)
            with imported.app_context():
                way(token)
            assert reason_of(imported, token) == Reason.REVOKED

    @pytest.mark.parametrize("is_named", [True, False])
    def test_the_end_of_all_sessions_ends_them(
        self, imported: Flask, former: FormerApp, is_named: bool
    ) -> None:
        token, other = former.access(), former.access("bob")
        with imported.app_context():
            end_all_sessions("alice" if is_named else app_claims(imported, token))
        assert reason_of(imported, token) == Reason.SUBJECT_ENDED
        assert accepts(imported, other)

    def test_a_new_store_refuses_them(
        self, build: Build, imported: Flask, former: FormerApp, clock: SettableClock
    ) -> None:
        token = former.access()
        assert accepts(imported, token)
        flushed = build(TokenGuard(store=MemoryStore(clock=clock), clock=clock))
        assert reason_of(flushed, token) == Reason.OLDER_THAN_STORE

    @pytest.mark.usefixtures("imported")
    def test_another_issuer_of_ours_asks_for_another_import(
        self, build: Build, store: MemoryStore, former: FormerApp
    ) -> None:
        renamed = build(TokenGuard(store=store), ISSUER="us")
        assert reason_of(renamed, former.access()) == Reason.OLDER_THAN_STORE

    def test_pruning_leaves_the_import(
        self, imported: Flask, store: MemoryStore, former: FormerApp, clock: SettableClock
    ) -> None:
        clock.now += 20 * DAY
        store.prune(lambda _done, _steps: None)
        token = former.access(expires_delta=timedelta(days=90))
        assert accepts(imported, token)

    @pytest.mark.parametrize(("outage", "status"), [("refuse", 503), ("accept", 200)])
    def test_a_store_that_is_away_is_no_reason_for_a_401(
        self,
        build: Build,
        former: FormerApp,
        store: MemoryStore,
        clock: SettableClock,
        monkeypatch: pytest.MonkeyPatch,
        outage: str,
        status: int,
    ) -> None:
        def away(*_: Any) -> Any:
            raise Unavailable(reason=Reason.UNAVAILABLE)

        app = build(TokenGuard(store=store, clock=clock), STORAGE_OUTAGE=outage)
        monkeypatch.setattr(store, "standing", away)
        assert verdict(app, former.access())[0] == status


def app_claims(app: Flask, token: str) -> Any:
    guard: TokenGuard = app.extensions["guard"]
    return guard.verify(token).claims
