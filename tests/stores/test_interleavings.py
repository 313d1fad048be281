"""The table of interleavings in docs/sessions.md: each row on each kind of store.

A is a refresh token that was spent, B its successor, C that of B.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_tokenguard import refresh_reused
from flask_tokenguard.errors import Unavailable
from flask_tokenguard.keys import ring_files
from flask_tokenguard.sessions.pairs import TokenResponse
from flask_tokenguard.stores.base import Advance, Outcome, Store
from flask_tokenguard.testing.stores import Family, new_refresh

from ..support import ROOT, SettableClock, turn_ring
from .conftest import PASSWORD
from .machine.comparison import OTHER_KEY, read_part
from .machine.model import GRACE, OWN
from .machine.workers import Worker
from .places import DatabasePlace, MemoryPlace, Place, ServerPlace, SqlitePlace

pytestmark = pytest.mark.usefixtures("clusters_begin")

Pair = TokenResponse
Test = Callable[..., None]
PREFIX = f"{secrets.token_hex(8)}:"
ROWS: list[str] = []


def row(text: str) -> Callable[[Test], Test]:
    """Name the row of the table that a test is of."""
    ROWS.append(text)
    return lambda test: test


class Road:
    """A worker's road to a store, on which something may happen before a token is spent.

    Attributes:
        store: The store that it leads to.
        meanwhile: What happens before the next refresh token is spent.
        outcomes: What became of each.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.meanwhile: Callable[[], object] = lambda: None
        self.outcomes: list[Outcome] = []

    def advance(self, *args: Any, **options: Any) -> Advance:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        advance = self.store.advance(*args, **options)
        self.outcomes.append(advance.outcome)
        return advance

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


class Scene:
    """A session, two workers, and what was heard.

    Attributes:
        alarms: What `refresh_reused` was sent with.
        first: What the login gave: its refresh token is A.
    """

    def __init__(self, place: Place, folder: Path) -> None:
        self.place = place
        self.keyring = folder / "keys"
        self.clock = SettableClock(place.began)
        self._steady = SettableClock(50_000.0)
        self.rotate_keys()
        self.roads = [Road(place.open()), Road(place.open())]
        self.workers = [self._start(road) for road in self.roads]
        self.subject = secrets.token_hex(8)
        self.alarms: list[dict[str, Any]] = []
        self.first = self.workers[0].log_in(self.subject)

    def _start(self, road: Road) -> Worker:
        return Worker(
            lambda: cast(Store, road),
            self.clock,
            steady=self._steady,
            keyring=self.keyring,
            other_key=OTHER_KEY,
        )

    def hear(self, _app: Flask, **members: Any) -> None:
        self.alarms.append(members)

    def rotate_keys(self, *, drops: bool = False) -> None:
        """Sign with a new key from now on, and drop the old ones if so asked."""
        now = int(self._steady())
        turn_ring(self.keyring, alg="HS256", now=now)
        if drops:
            ring_files.prune(self.keyring, now=now, keep=0)
        self._steady.now += 3

    def pass_time(self, seconds: float) -> None:
        self.place.set_clock(seconds)
        self.clock.now += seconds

    def ask(self, pair: Pair, *, worker: int = 1) -> TestResponse:
        """Refresh, and return whatever comes."""
        return self.workers[worker].refresh(pair["refresh_token"], None)

    def refresh(self, pair: Pair, *, worker: int = 1) -> Pair:
        """Refresh, which goes well."""
        answer = self.ask(pair, worker=worker)
        assert answer.status_code == 200, answer.get_json()
        return cast(Pair, answer.get_json())

    def is_refused(self, pair: Pair) -> bool:
        """Return whether a refresh is refused, not put off."""
        answer = self.ask(pair)
        return (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")

    def accepts(self, pair: Pair) -> bool:
        """Return whether the access token is accepted, and not refused."""
        status = self.workers[1].get(pair["access_token"]).status_code
        assert status in (200, 401)
        return status == 200

    def log_out(self, pair: Pair) -> None:
        assert self.workers[1].log_out(pair["access_token"]).status_code == 200

    def has_ended(self, *pairs: Pair) -> bool:
        """Return whether nothing is left of the session for who has these."""
        is_listed = self.workers[1].list_sessions(self.subject)
        return not is_listed and not any(map(self.accepts, pairs)) and self._refuses(pairs)

    def _refuses(self, pairs: tuple[Pair, ...]) -> bool:
        count = len(self.alarms)
        return all(map(self.is_refused, pairs)) and len(self.alarms) == count

    def went_on(self, pair: Pair) -> bool:
        """Return whether the session goes on from its unspent token, and nobody was alarmed."""
        return self.accepts(self.refresh(pair)) and self.alarms == []


def name_of(pair: Pair) -> str:
    """Return the `jti` of the refresh token."""
    return str(read_part(pair["refresh_token"], 1)["jti"])


KINDS = "memory sqlite valkey redis cluster postgresql mariadb".split()


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Each kind of store."""
    kind = request.param
    if kind == "memory":
        return MemoryPlace()
    if kind == "sqlite":
        return SqlitePlace(tmp_path)
    if kind in ("postgresql", "mariadb"):
        return DatabasePlace(request.getfixturevalue(kind))
    if kind == "cluster":
        cluster = request.getfixturevalue("cluster")
        servers = [*cluster.nodes, cluster.spare]
        return ServerPlace(cluster.uri, servers, prefix=PREFIX, patch=monkeypatch)
    server = request.getfixturevalue("redis_server" if kind == "redis" else "valkey")
    login = f":{quote(PASSWORD, safe='')}@" if kind == "valkey" else ""
    uri = f"redis://{login}127.0.0.1:{server.port}"
    return ServerPlace(uri, [server], prefix=PREFIX, patch=monkeypatch)


@pytest.fixture
def scene(place: Place, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(place, tmp_path)
    with refresh_reused.connected_to(scene.hear):
        yield scene


def test_the_table_has_a_row_for_each_of_these_tests() -> None:
    text = (ROOT / "docs" / "sessions.md").read_text()
    _, _, after = text.partition("| what happens | what comes of it |\n|---|---|\n")
    table = after.partition("\n\n")[0].splitlines()
    assert [line.split(" | ")[0].removeprefix("| ") for line in table] == ROWS


@row("The answer gets lost on its way to the client")
def test_a_client_that_heard_nothing_gets_the_same_successor(scene: Scene) -> None:
    lost = scene.refresh(scene.first)
    scene.pass_time(GRACE - 1)
    again = scene.refresh(scene.first)
    assert name_of(again) == name_of(lost)
    assert scene.went_on(again)


@row("The store's answer gets lost on its way to the worker")
def test_a_503_that_spent_the_token_leaves_the_grace(scene: Scene) -> None:
    scene.workers[0].way.fault = "unheard"
    answer = scene.ask(scene.first, worker=0)
    assert answer.status_code == 503
    assert 0 < int(answer.headers["Retry-After"]) < GRACE
    scene.pass_time(int(answer.headers["Retry-After"]))
    assert scene.went_on(scene.refresh(scene.first, worker=0))


@row("The worker asks the store again, as it heard no answer")
def test_a_worker_may_ask_again(scene: Scene) -> None:
    scene.workers[0].way.fault = "asked twice"
    second = scene.refresh(scene.first, worker=0)
    assert scene.roads[0].outcomes == ["advanced", "advanced"]
    assert scene.went_on(second)


@row("The store runs it late, as a server that was stopped and goes on")
def test_a_late_refresh_leaves_the_grace(scene: Scene) -> None:
    scene.roads[0].store = scene.place.open_hasty()
    # A server that does not know the script yet runs nothing late.
    held = scene.refresh(scene.first, worker=0)
    heard: list[TestResponse] = []
    scene.place.perform_late(lambda: heard.append(scene.ask(held, worker=0)))
    # A client waits for a file, and gets a 503 of a server.
    assert int(heard[0].headers.get("Retry-After", "1")) < GRACE
    second = scene.refresh(held)
    assert scene.roads[1].outcomes == ["repeated"]
    assert scene.went_on(second)


@row("The second try overtakes the late one")
def test_a_late_refresh_changes_nothing_after_the_second_try(scene: Scene) -> None:
    heard: list[Pair] = []
    scene.roads[0].meanwhile = lambda: heard.append(scene.refresh(scene.first))
    late = scene.refresh(scene.first, worker=0)
    assert [road.outcomes for road in scene.roads] == [["repeated"], ["advanced"]]
    assert name_of(late) == name_of(heard[0])
    assert scene.went_on(heard[0])


@row("Both try again, as two tabs do, or a client and a proxy before it")
def test_all_who_come_at_once_get_the_same_successor(scene: Scene) -> None:
    with ThreadPoolExecutor(8) as threads:
        tries = [
            threads.submit(scene.refresh, scene.first, worker=number % 2) for number in range(8)
        ]
    pairs = [each.result() for each in tries]
    assert len({name_of(pair) for pair in pairs}) == 1
    assert scene.went_on(pairs[0])


@row("The client tries again after the grace")
def test_a_client_that_waits_longer_than_the_grace_is_logged_out(scene: Scene) -> None:
    lost = scene.refresh(scene.first)
    scene.pass_time(GRACE + 1)
    assert scene.is_refused(scene.first)
    (alarm,) = scene.alarms
    assert (alarm["subject"], alarm["successor_used"]) == (scene.subject, False)
    assert GRACE + 1 <= alarm["successor_age"] < GRACE + 30
    assert scene.has_ended(scene.first, lost)


@row("A request was held up, and the client has gone on to C")
def test_a_request_that_comes_after_the_next_refresh_is_a_reuse(scene: Scene) -> None:
    held: list[Pair] = [scene.first]

    def go_on() -> None:
        held.extend([second := scene.refresh(scene.first), scene.refresh(second)])

    scene.roads[0].meanwhile = go_on
    assert scene.ask(scene.first, worker=0).status_code == 400
    assert [alarm["successor_used"] for alarm in scene.alarms] == [True]
    assert scene.has_ended(*held)


@row("A thief comes with A after the client has used B")
def test_a_thief_after_the_client_ends_the_session(scene: Scene) -> None:
    second = scene.refresh(scene.first)
    third = scene.refresh(second)
    scene.pass_time(100)
    assert scene.is_refused(scene.first)
    (alarm,) = scene.alarms
    assert alarm["successor_used"]
    assert alarm["successor_age"] >= 100
    assert scene.has_ended(scene.first, second, third)


@row("A thief comes with A after the client and after the grace, and B is unspent")
def test_a_thief_after_the_grace_ends_the_session(scene: Scene) -> None:
    second = scene.refresh(scene.first)
    scene.pass_time(GRACE)
    assert scene.is_refused(scene.first)
    assert [alarm["successor_used"] for alarm in scene.alarms] == [False]
    assert scene.has_ended(scene.first, second)


@row("A thief comes with A within the grace, and B is unspent")
def test_a_thief_within_the_grace_is_found_at_the_next_refresh(scene: Scene) -> None:
    second = scene.refresh(scene.first)
    stolen = scene.refresh(scene.first, worker=0)
    assert name_of(stolen) == name_of(second)
    third = scene.refresh(stolen)
    scene.pass_time(GRACE)
    assert scene.is_refused(second)
    assert len(scene.alarms) == 1
    assert scene.has_ended(second, stolen, third)


@row("A thief comes with A before the client, which comes within the grace")
def test_a_thief_just_before_the_client_is_found_at_the_refresh(scene: Scene) -> None:
    stolen = scene.refresh(scene.first, worker=0)
    second = scene.refresh(scene.first)
    assert name_of(stolen) == name_of(second)
    third = scene.refresh(second)
    fourth = scene.refresh(third)
    assert scene.is_refused(stolen)
    assert len(scene.alarms) == 1
    assert scene.has_ended(stolen, second, third, fourth)


@row("A thief comes with A before the client, which comes after the grace")
def test_a_thief_before_the_client_loses_all(scene: Scene) -> None:
    stolen = scene.refresh(scene.first)
    scene.pass_time(GRACE)
    assert scene.is_refused(scene.first)
    assert len(scene.alarms) == 1
    assert scene.has_ended(scene.first, stolen)


@row("A logout comes between the lost answer and the second try")
def test_a_logout_in_between_ends_the_session_without_an_alarm(scene: Scene) -> None:
    lost = scene.refresh(scene.first)
    scene.log_out(scene.first)
    assert scene.is_refused(scene.first)
    assert scene.has_ended(scene.first, lost)
    assert scene.alarms == []


@row("A logout comes before a late request")
def test_a_late_refresh_revives_no_session(scene: Scene) -> None:
    scene.roads[0].meanwhile = lambda: scene.log_out(scene.first)
    assert scene.ask(scene.first, worker=0).status_code == 400
    assert scene.has_ended(scene.first)
    assert scene.alarms == []


@row("The end of all sessions comes before a late request")
def test_a_late_refresh_revives_no_subject(scene: Scene) -> None:
    worker = scene.workers[1]
    scene.roads[0].meanwhile = lambda: worker.end_all(scene.subject, OWN)
    assert scene.ask(scene.first, worker=0).status_code == 400
    assert scene.has_ended(scene.first)
    assert scene.alarms == []


@row("The key is rotated in between")
def test_a_second_try_gets_the_successor_signed_with_the_new_key(scene: Scene) -> None:
    lost = scene.refresh(scene.first)
    scene.rotate_keys()
    again = scene.refresh(scene.first)
    kids = {read_part(pair["refresh_token"], 0)["kid"] for pair in (lost, again)}
    assert (name_of(again), len(kids)) == (name_of(lost), 2)
    assert scene.went_on(again)


@row("The key that signed A is dropped in between")
def test_a_token_whose_key_is_gone_spends_nothing(scene: Scene) -> None:
    scene.rotate_keys()
    scene.refresh(scene.first)
    scene.rotate_keys(drops=True)
    assert scene.is_refused(scene.first)
    assert scene.workers[0].list_sessions(scene.subject) != set()
    assert scene.roads[1].outcomes == ["advanced"]
    assert scene.alarms == []


@row("The store's clock is set forward by less than what is left of the grace")
def test_a_store_clock_a_little_ahead_ends_nothing(scene: Scene) -> None:
    lost = scene.refresh(scene.first)
    scene.place.set_clock(GRACE - 2)
    again = scene.refresh(scene.first)
    assert name_of(again) == name_of(lost)
    assert scene.went_on(again)


@row("The store's clock is set forward by the grace or more")
def test_a_store_clock_far_ahead_counts_as_time(scene: Scene) -> None:
    lost = scene.refresh(scene.first)
    scene.place.set_clock(GRACE)
    assert scene.is_refused(scene.first)
    assert len(scene.alarms) == 1
    assert scene.has_ended(scene.first, lost)


@row("The store's clock is set back by less than the grace")
def test_a_store_clock_a_little_back_ends_nothing(scene: Scene) -> None:
    lost = scene.refresh(scene.first)
    scene.place.set_clock(1 - GRACE)
    again = scene.refresh(scene.first)
    assert name_of(again) == name_of(lost)
    assert scene.went_on(again)


@row("The store's clock is set back by more than the grace")
def test_a_store_clock_far_back_lengthens_no_grace(scene: Scene) -> None:
    lost = scene.refresh(scene.first)
    scene.place.set_clock(-GRACE - 60)
    assert scene.is_refused(scene.first)
    assert [alarm["successor_age"] for alarm in scene.alarms] == [0]
    assert scene.has_ended(scene.first, lost)


@row("The app's clock is set forward, to before A expires")
def test_an_app_clock_ahead_shortens_no_grace(scene: Scene) -> None:
    lost = scene.refresh(scene.first)
    scene.clock.now += 600
    again = scene.refresh(scene.first)
    assert name_of(again) == name_of(lost)
    assert scene.went_on(again)


@row("The app's clock is set back, to well before A was issued")
def test_an_app_clock_back_spends_nothing(scene: Scene) -> None:
    scene.clock.now -= 600
    assert scene.is_refused(scene.first)
    scene.clock.now += 600
    assert scene.went_on(scene.refresh(scene.first))


def test_the_grace_counts_from_when_the_store_ran_it(place: Place) -> None:
    family = Family(place.open_hasty(), lambda: place.began)
    family.start()
    held = new_refresh(family.now())
    family.present(family.first.jti, held)

    def ask() -> None:
        try:
            family.present(held.jti)
        except Unavailable:
            assert isinstance(place, ServerPlace)

    went_on = place.perform_late(ask)
    family.store = place.open()
    successor = family.present(held.jti, grace=0).successor
    assert successor is not None
    assert successor.age <= (time.monotonic() - went_on) * 1000 + 5
