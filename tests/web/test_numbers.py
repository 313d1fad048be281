"""What a monitor reads of a guard: counts of its process, and the calls of its store."""

from pathlib import Path
from typing import Any

import pytest

from flask_tokenguard import KeysNumbers, Numbers, TokenGuard, Unavailable
from flask_tokenguard.stores import StoreCall
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.testing import LoopbackIssuer

from ..conftest import MakeApp
from ..keys.remote.providers import ISSUER, JWKS_URL, Provider
from ..kit.loopback import free_port
from ..support import bearer
from .conftest import ID

CLOSED = {"audience": "a", "jwks_url": JWKS_URL}


def test_a_token_is_verified_once_and_then_found(make_app: MakeApp) -> None:
    guard = TokenGuard()
    client = make_app(guard).test_client()
    for _ in range(3):
        client.get("/claims", headers=bearer("a.b.c"))
    token = guard.issue_token("alice")
    for _ in range(3):
        client.get("/claims", headers=bearer(token))
    assert guard.numbers() == Numbers(cached_tokens=1, cache_hits=2, cache_misses=1, keys={})


@pytest.mark.parametrize("setting", ["CACHE_SIZE", "CACHE_LIFETIME"])
def test_without_a_cache_nothing_is_counted(make_app: MakeApp, setting: str) -> None:
    guard = TokenGuard()
    make_app(guard, **{setting: 0})
    guard.verify(guard.issue_token("alice"))
    assert guard.numbers() == Numbers(0, 0, 0, {})


def test_keys_that_nobody_asked_for_have_no_age(make_app: MakeApp) -> None:
    provider = Provider()
    guard = TokenGuard(fetch=provider)
    make_app(guard, ISSUERS={ISSUER: CLOSED})
    assert guard.numbers().keys == {ISSUER: KeysNumbers(age=None, failures=0)}
    assert provider.asked == []


def test_keys_in_the_settings_are_not_fetched_and_not_listed(
    make_app: MakeApp, public_pems: dict[str, str]
) -> None:
    guard = TokenGuard()
    make_app(guard, ISSUERS={ID: {"audience": "a", "keys": public_pems["ES256"]}})
    assert guard.numbers().keys == {}


def test_a_tenant_is_listed_once_its_keys_came(make_app: MakeApp) -> None:
    with LoopbackIssuer() as tenant:
        guard = TokenGuard(issuer_resolver=lambda _: tenant.entry)
        client = make_app(guard, ALLOW_INSECURE_HTTP=True).test_client()
        # A request must not make a label up, whatever a resolver lets through.
        made_up = tenant.token(claims={"iss": f"http://127.0.0.1:{free_port()}/"})
        statuses = [
            client.get("/claims", headers=bearer(token)).status_code
            for token in (made_up, tenant.token())
        ]
        keys = guard.numbers().keys
    assert (statuses, list(keys)) == ([503, 200], [tenant.url])
    assert keys[tenant.url].age is not None


def test_the_numbers_are_those_of_the_app_under_way(make_app: MakeApp) -> None:
    guard = TokenGuard()
    apps = [make_app(guard), make_app(guard)]
    with apps[0].app_context():
        guard.verify(guard.issue_token("alice"))
        assert guard.numbers().cache_misses == 1
    with apps[1].app_context():
        assert guard.numbers().cache_misses == 0
    with pytest.raises(RuntimeError, match="push the context of one of them"):
        guard.numbers()


def observed(make_app: MakeApp, **options: Any) -> tuple[TokenGuard, list[StoreCall]]:
    """Make a guard whose store's calls are noted."""
    calls: list[StoreCall] = []
    guard = TokenGuard(on_store_call=calls.append, store=options.pop("store", None))
    make_app(guard, **options)
    return guard, calls


@pytest.mark.parametrize("scheme", ["memory", "sqlite"])
def test_each_operation_of_a_store_is_reported(
    make_app: MakeApp, tmp_path: Path, scheme: str
) -> None:
    uri = "memory://" if scheme == "memory" else f"sqlite:///{tmp_path / 'store.db'}"
    guard, calls = observed(make_app, STORAGE_URI=uri)
    pair = guard.refresh_token_pair(token=guard.issue_token_pair("alice")["refresh_token"])
    guard.verify(pair["access_token"])
    (session,) = guard.sessions_of("alice")
    guard.revoke_token(jti="x")
    assert guard.end_session(session.sid)
    guard.end_all_sessions("alice")
    assert [call.operation for call in calls] == [
        *("start_session", "advance", "standing", "sessions_of", "revoke", "end_session"),
        "end_subject",
    ]
    assert not any(call.failed for call in calls)
    assert all(0 <= call.seconds < 60 for call in calls)


class FailingStore(MemoryStore):
    """A store that fails in a way of its own.

    Attributes:
        error: What it raises.
    """

    name = "a store"
    error: Exception = Unavailable("The token store is out of reach")

    def next_instant(self, _: bytes) -> int:
        """Fail."""
        raise self.error


def test_an_operation_that_fails_is_reported_as_such(make_app: MakeApp) -> None:
    guard, calls = observed(make_app, store=FailingStore())
    with pytest.raises(Unavailable):
        guard.issue_token("alice")
    assert [(call.operation, call.failed) for call in calls] == [("next_instant", True)]


def test_a_fault_of_a_store_is_no_outage(make_app: MakeApp) -> None:
    store = FailingStore()
    store.error = ZeroDivisionError()
    guard, calls = observed(make_app, store=store)
    with pytest.raises(ZeroDivisionError):
        guard.issue_token("alice")
    assert calls == []


def test_an_observer_that_raises_is_logged_and_changes_nothing(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(call: StoreCall) -> None:
        raise ValueError(f"a secret in {call}")

    guard = TokenGuard(on_store_call=fails)
    make_app(guard, STORAGE_URI="memory://")
    assert guard.issue_token("alice")
    assert "the observer of the store raised ValueError in" in caplog.text
    assert "secret" not in caplog.text


def test_an_observer_sees_the_stores_own_attributes_through(make_app: MakeApp) -> None:
    app = make_app(TokenGuard(on_store_call=print, store=FailingStore()))
    assert app.extensions["tokenguard"].store.name == "a store"


def test_without_a_store_there_is_nothing_to_observe(make_app: MakeApp) -> None:
    guard, calls = observed(make_app)
    guard.verify(guard.issue_token("alice"))
    assert calls == []
