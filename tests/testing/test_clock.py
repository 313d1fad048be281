"""The clock of the kit: app, cache, keys and the store of this process move together."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from flask import Flask
from freezegun import freeze_time

from flask_tokenguard import ConfigurationError, TokenGuard, issue_token_pair, revoke_token
from flask_tokenguard.clock import Steady, wall_clock
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.sessions.revocation import Revocation
from flask_tokenguard.testing import (
    LoopbackIssuer,
    SettableClock,
    client_with,
    settable_clock,
    token_for,
)

from .conftest import MakeTested

QUARTER = timedelta(minutes=15)


@pytest.fixture
def clock(app: Flask) -> Iterator[SettableClock]:
    with settable_clock(app) as clock:
        yield clock


def test_a_token_expires_as_the_clock_moves(app: Flask, clock: SettableClock) -> None:
    client = client_with(app, token_for(app, "ada"))
    statuses = []
    for seconds in (0, 899, 1):
        clock.move(seconds)
        statuses.append(client.get("/claims").status_code)
    assert statuses == [200, 200, 401]


def test_an_app_made_before_and_one_made_within_both_move(
    app: Flask, clock: SettableClock, make_tested: MakeTested
) -> None:
    clients = [client_with(one, token_for(one, "ada")) for one in (app, make_tested())]
    clock.move(QUARTER)
    assert [client.get("/claims").status_code for client in clients] == [401, 401]


def test_a_cached_token_is_verified_anew_as_the_clock_moves(
    app: Flask, clock: SettableClock
) -> None:
    client, counts = client_with(app, token_for(app, "ada")), []
    with patch.object(Key, "verify", autospec=True, side_effect=Key.verify) as verify:
        for seconds in (0, 299, 2):
            clock.move(seconds)
            client.get("/claims")
            counts.append(verify.call_count)
    assert counts == [1, 1, 2]


@pytest.mark.parametrize("uri", ["memory://", "sqlite:///{}/tokens.db"])
def test_a_refresh_token_expires_in_the_store_too(
    make_tested: MakeTested, tmp_path: Path, uri: str
) -> None:
    guard = TokenGuard()
    app = make_tested(guard, STORAGE_URI=uri.format(tmp_path))
    with settable_clock(app) as clock, app.app_context():
        issue_token_pair("ada")
        listed = [len(guard.sessions_of("ada"))]
        clock.move(timedelta(days=30))
        assert [*listed, len(guard.sessions_of("ada"))] == [1, 0]


def test_keys_are_fetched_again_as_the_clock_moves(make_tested: MakeTested) -> None:
    with LoopbackIssuer() as issuer:
        app = make_tested(ISSUERS={issuer.url: issuer.entry}, ALLOW_INSECURE_HTTP=True)
        with settable_clock(app) as clock:
            old = issuer.token(lifetime=7 * 86_400)
            assert client_with(app, old).get("/claims").status_code == 200
            issuer.rotate(withdraws=True)
            asked = len(issuer.requests)
            # A set that expired is used while another is fetched, but not for longer than a day.
            clock.move(timedelta(days=2))
            assert client_with(app, old).get("/claims").status_code == 401
            assert len(issuer.requests) > asked


def test_the_time_stands_still_until_it_is_moved(clock: SettableClock) -> None:
    before = wall_clock()
    assert abs(before - time.time()) < 60
    clock.now += 100
    assert (wall_clock(), clock()) == (before + 100, before + 100)


def test_steady_time_goes_on_and_never_back(clock: SettableClock) -> None:
    before = Steady.now()
    clock.move(100)
    ahead = Steady.now()
    clock.move(-200)
    assert before + 100 <= ahead <= Steady.now()


def test_afterwards_it_is_the_present_again(app: Flask) -> None:
    with settable_clock(app) as clock:
        clock.move(1e6)
    assert abs(wall_clock() - time.time()) < 60
    assert abs(Steady.now() - time.monotonic()) < 60


def test_a_clock_begins_at_a_frozen_time(app: Flask) -> None:
    with freeze_time("2099-02-03"), settable_clock(app) as clock:
        assert clock.now == time.time()


def test_a_guard_with_a_clock_of_its_own_is_not_moved(make_tested: MakeTested) -> None:
    app = make_tested(TokenGuard(clock=SettableClock(1e9)))
    with pytest.raises(ConfigurationError, match="clock="), settable_clock(app):
        pass


def test_a_store_is_asked_again_as_the_clock_moves(
    make_tested: MakeTested, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = {"KEY": "k" * 8 + "Jr7Qe2Vw9Xz4Lm6Np1Bt3Yc5", "STORAGE_URI": f"sqlite:///{tmp_path}/s"}
    here, elsewhere = (make_tested(REVOCATION_DELAY=10, **shared) for _ in range(2))
    with settable_clock(here) as clock:
        token = token_for(here, "ada")
        client, statuses = client_with(here, token), []
        client.get("/claims")
        with elsewhere.app_context(), monkeypatch.context() as patch:
            # As in another process.
            patch.setattr(Revocation, "drop_answers", lambda _: None)
            revoke_token(token)
        for seconds in (0, 9, 1):
            clock.move(seconds)
            statuses.append(client.get("/claims").status_code)
    assert statuses == [200, 200, 401]
