"""Key rings: in use, issuing."""

import itertools
import threading
import time
from pathlib import Path

import pytest
from flask import Flask

from flask_tokenguard import IssueError, issue_token
from flask_tokenguard.jose.compact import Header, parse
from flask_tokenguard.keys import ring as ring_module
from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.keys.ring_files import INDEX, RingEntry, prune, read_index

from ...conftest import MakeApp
from ...support import SettableClock, bearer
from .support import NOW, kid_of, rotate, signing_kid_after


def test_a_ring_in_use_follows_a_rotation(
    folder: Path, ring: KeyRing, monotonic: SettableClock
) -> None:
    rotate(folder)
    assert signing_kid_after(ring, monotonic) == kid_of(folder, "active")


def test_what_was_signed_before_a_rotation_is_verified_after_it(
    folder: Path, make_app: MakeApp
) -> None:
    with make_app(KEYRING=str(folder)).app_context():
        token = issue_token("me")
    rotate(folder)
    client = make_app(KEYRING=str(folder)).test_client()
    assert client.get("/claims", headers=bearer(token)).json["sub"] == "me"  # type: ignore[index]


def test_what_a_pruned_key_signed_is_refused(folder: Path, make_app: MakeApp) -> None:
    with make_app(KEYRING=str(folder)).app_context():
        token = issue_token("me")
    rotate(folder)
    prune(folder, now=NOW, keep=0)
    client = make_app(KEYRING=str(folder)).test_client()
    assert client.get("/claims", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize("state", ["active", "next"])
def test_a_ring_finds_its_keys_by_their_kid(
    folder: Path, make_app: MakeApp, ring: KeyRing, state: str
) -> None:
    with make_app(KEYRING=str(folder)).app_context():
        header = parse(issue_token("me")).header
    assert header.kid == kid_of(folder, "active")
    wanted = header._replace(kid=kid_of(folder, state))
    assert [key.kid for key in ring.find(wanted, "sig")] == [kid_of(folder, state)]


def test_a_ring_holds_all_its_keys(folder: Path) -> None:
    entries = rotate(folder)
    assert [key.kid for key in KeyRing(folder)] == [entry.kid for entry in entries]


def test_keys_that_are_known_are_not_read_again(
    folder: Path, ring: KeyRing, monotonic: SettableClock
) -> None:
    (_, waiting) = ring
    rotate(folder)
    signing_kid_after(ring, monotonic)
    assert ring.keys.signing is waiting


def test_the_index_is_looked_at_once_in_two_seconds_at_most(
    folder: Path, ring: KeyRing, monotonic: SettableClock
) -> None:
    before = kid_of(folder, "active")
    rotate(folder)
    assert signing_kid_after(ring, monotonic, 1.9) == before
    assert signing_kid_after(ring, monotonic, 0.1) == kid_of(folder, "active")


def test_within_two_seconds_nothing_is_read(
    ring: KeyRing, monotonic: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    signing_kid_after(ring, monotonic)
    monkeypatch.setattr(Path, "stat", fail)
    for _ in range(19):
        monotonic.now += 0.1
        assert ring.signing in ring


def test_a_ring_that_has_not_changed_is_looked_at_again(
    folder: Path, ring: KeyRing, monotonic: SettableClock
) -> None:
    signing_kid_after(ring, monotonic)
    rotate(folder)
    assert signing_kid_after(ring, monotonic) == kid_of(folder, "active")


@pytest.mark.parametrize("idle", [2, 3600])
def test_a_removed_key_verifies_nothing_after_an_idle_time(
    folder: Path, ring: KeyRing, monotonic: SettableClock, idle: float
) -> None:
    removed = ring.signing
    assert removed is not None
    drop_active(folder)
    monotonic.now += idle
    assert ring.find(Header("EdDSA", removed.kid, None, {}), "sig") == ()


def test_a_removed_key_is_not_held_after_an_idle_time(
    folder: Path, ring: KeyRing, monotonic: SettableClock
) -> None:
    removed = ring.signing
    drop_active(folder)
    monotonic.now += 2
    assert removed not in ring


def test_a_removed_key_is_not_listed_after_an_idle_time(
    folder: Path, ring: KeyRing, monotonic: SettableClock
) -> None:
    removed = ring.signing
    drop_active(folder)
    monotonic.now += 2
    assert removed not in list(ring)


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "HS256"])
@pytest.mark.parametrize("cache_size", [0, 1024])
def test_an_idle_app_refuses_the_first_token_of_a_removed_key(
    tmp_path: Path, make_app: MakeApp, alg: str, cache_size: int
) -> None:
    rotate(tmp_path, alg=alg)
    app = make_app(KEYRING=str(tmp_path), CACHE_SIZE=cache_size)
    monotonic = let_stand_still(app)
    with app.app_context():
        token = issue_token("me")
    client = app.test_client()
    assert [client.get("/claims", headers=bearer(token)).status_code for _ in range(3)] == [200] * 3
    drop_active(tmp_path, alg=alg)
    monotonic.now += 2
    assert client.get("/claims", headers=bearer(token)).status_code == 401


def let_stand_still(app: Flask) -> SettableClock:
    """Let no time pass for the ring of an app but what a test lets pass."""
    ring = app.extensions["tokenguard"].keys
    ring._monotonic = monotonic = SettableClock(time.monotonic())
    return monotonic


def drop_active(folder: Path, alg: str = "EdDSA") -> None:
    """Rotate, and drop the key that signed before."""
    rotate(folder, alg=alg)
    prune(folder, now=NOW, keep=0)


def test_two_threads_wait_for_the_same_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[int] = []
    comers: set[int] = set()
    both_came = threading.Event()
    now = 100.0

    def monotonic() -> float:
        comers.add(threading.get_ident())
        if len(comers) == 3:
            both_came.set()
        return now

    def read_when_both_came(path: Path) -> tuple[RingEntry, ...]:
        assert both_came.wait(30)
        readers.append(threading.get_ident())
        return read_index(path)

    ring = KeyRing(folder, monotonic=monotonic)
    removed = ring.signing
    drop_active(folder)
    monkeypatch.setattr(ring_module, "read_index", read_when_both_came)
    now += 3600
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(removed in ring)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (found, len(readers)) == ([False, False], 1)


def test_a_ring_that_cannot_be_read_is_left_alone_for_a_while(
    folder: Path, ring: KeyRing, monotonic: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / INDEX).write_text("{")
    signing_kid_after(ring, monotonic)
    signing_kid_after(ring, monotonic, 29)
    assert len(caplog.records) == 1


def test_a_key_removed_while_a_ring_was_mended_verifies_nothing(
    folder: Path, ring: KeyRing, monotonic: SettableClock
) -> None:
    removed, good = ring.signing, (folder / INDEX).read_bytes()
    (folder / INDEX).write_text("{")
    signing_kid_after(ring, monotonic)
    (folder / INDEX).write_bytes(good)
    drop_active(folder)
    monotonic.now += 2
    assert removed not in ring


def test_a_ring_that_was_mended_is_taken_up(
    folder: Path, ring: KeyRing, monotonic: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    good = (folder / INDEX).read_bytes()
    (folder / INDEX).write_text("{")
    signing_kid_after(ring, monotonic)
    (folder / INDEX).write_bytes(good)
    rotate(folder)
    assert signing_kid_after(ring, monotonic, 31) == kid_of(folder, "active")
    assert len(caplog.records) == 1


def test_a_ring_whose_index_is_lost_stays_in_force(
    folder: Path, ring: KeyRing, monotonic: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    before = kid_of(folder, "active")
    (folder / INDEX).unlink()
    assert signing_kid_after(ring, monotonic) == before
    assert f"has no {INDEX}" in caplog.text


def test_an_app_in_use_follows_a_rotation(
    folder: Path, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_tokenguard.keys.ring._LOOK_EVERY", 0.1)
    app = make_app(KEYRING=str(folder))
    client, expected = app.test_client(), kid_of(folder, "next")
    rotate(folder)
    deadline = time.monotonic() + 60
    kid = None
    while kid != expected and time.monotonic() < deadline:
        with app.app_context():
            token = issue_token("me")
        kid = parse(token).header.kid
        time.sleep(0.05)
    assert kid == expected
    assert client.get("/claims", headers=bearer(token)).status_code == 200


def test_a_token_may_live_as_long_as_a_ring_keeps_its_keys(folder: Path, make_app: MakeApp) -> None:
    with make_app(KEYRING=str(folder), ACCESS_TOKEN_LIFETIME=60).app_context():
        assert issue_token("me", lifetime=60)


def test_a_token_must_not_outlive_the_key_that_a_ring_keeps(
    folder: Path, make_app: MakeApp
) -> None:
    with (
        make_app(KEYRING=str(folder), ACCESS_TOKEN_LIFETIME=60).app_context(),
        pytest.raises(IssueError, match="longer than 60: TOKENGUARD_KEYRING drops a key"),
    ):
        issue_token("me", lifetime=61)


def turn_after_the_index(folder: Path, monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    """Let a ring be rotated and pruned once its index was read, and before its keys are."""
    turns = iter(range(1, times + 1))

    def read_and_turn(path: Path) -> tuple[RingEntry, ...]:
        entries = read_index(path)
        for turn in itertools.islice(turns, 1):
            rotate(folder, now=NOW + turn)
            prune(folder, now=NOW + turn, keep=0)
        return entries

    monkeypatch.setattr(ring_module, "read_index", read_and_turn)


def test_an_app_starts_while_its_ring_is_pruned(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_after_the_index(folder, monkeypatch, times=2)
    ring = KeyRing(folder)
    assert ring.signing is not None
    assert ring.signing.kid == kid_of(folder, "active")


def test_a_ring_that_changes_for_ever_is_no_ring(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_after_the_index(folder, monkeypatch, times=1000)
    with pytest.raises(ValueError, match="the key"):
        KeyRing(folder)
