"""Key rings: rotation and pruning on disk, and a ring in use that follows them."""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from flask import Flask

from flask_tokenguard import IssueError, issue_token
from flask_tokenguard.jose.compact import Header, parse
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.keys import ring as ring_module
from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.keys.ring_files import INDEX, RingEntry, prune, read_index

from ..conftest import MakeApp
from ..stores.processes import CONTEXT
from ..support import SettableClock, bearer, turn_ring
from .conftest import PASSWORD, FaultsOf

NOW = 1_700_000_000
DAY = 86_400


def rotate(
    folder: Path,
    *,
    alg: str = "EdDSA",
    password: str | None = None,
    now: int = NOW,
    least_age: int = 0,
) -> tuple[RingEntry, ...]:
    """Rotate with an algorithm whose keys are made at once."""
    return turn_ring(folder, alg=alg, password=password, now=now, least_age=least_age)


def states(entries: tuple[RingEntry, ...]) -> list[str]:
    """Tell the states of the entries of a ring."""
    return [entry.state for entry in entries]


def kid_of(folder: Path, state: str) -> str:
    """Tell the name of the one key with a state."""
    (kid,) = [entry.kid for entry in read_index(folder) if entry.state == state]
    return kid


def key_files(folder: Path) -> set[str]:
    """Tell which key files a ring has, whether its index names them or not."""
    return {path.name for path in folder.iterdir() if path.suffix in (".pem", ".jwk")}


def edit_index(folder: Path, edit: Callable[[Any], object]) -> None:
    """Change an index in place, as a hand with an editor does."""
    index = json.loads((folder / INDEX).read_text())
    edit(index)
    (folder / INDEX).write_text(json.dumps(index))


def signing_kid_after(ring: KeyRing, clock: SettableClock, seconds: float = 2) -> str | None:
    """Let time pass, and return the name of what signs after that."""
    clock.now += seconds
    assert isinstance(ring.signing, Key)
    return ring.signing.kid


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a ring with an active key and a next one."""
    rotate(tmp_path / "ring")
    return tmp_path / "ring"


@pytest.fixture
def monotonic() -> SettableClock:
    """What a ring's looks are timed with."""
    return SettableClock(100.0)


@pytest.fixture
def ring(folder: Path, monotonic: SettableClock) -> KeyRing:
    """The ring in that folder, in use."""
    return KeyRing(folder, monotonic=monotonic)


# Rotation.


def test_the_first_rotation_makes_a_key_that_signs_and_the_next(tmp_path: Path) -> None:
    first, second = rotate(tmp_path / "ring")
    assert (first.state, first.created, first.activated, first.retired) == (
        "active",
        NOW,
        NOW,
        None,
    )
    assert (second.state, second.created, second.activated, second.retired) == (
        "next",
        NOW,
        None,
        None,
    )
    assert first.kid != second.kid


def test_a_rotation_moves_every_key_on(folder: Path) -> None:
    first, second = read_index(folder)
    retired, active, made = rotate(folder, now=NOW + DAY)
    assert (retired.kid, retired.state, retired.retired) == (first.kid, "verify-only", NOW + DAY)
    assert (active.kid, active.state, active.activated) == (second.kid, "active", NOW + DAY)
    assert (made.state, made.created) == ("next", NOW + DAY)


def test_a_rotation_leaves_the_times_of_before(folder: Path) -> None:
    rotate(folder, now=NOW + DAY)
    oldest, old, *_ = rotate(folder, now=NOW + 2 * DAY)
    assert (oldest.created, oldest.activated, oldest.retired) == (NOW, NOW, NOW + DAY)
    assert (old.created, old.activated, old.retired) == (NOW, NOW + DAY, NOW + 2 * DAY)


def test_a_rotation_tells_what_it_wrote(folder: Path) -> None:
    assert rotate(folder) == read_index(folder)


@pytest.mark.parametrize("age", [0, 299])
def test_a_next_key_that_not_everybody_has_must_not_sign(folder: Path, age: int) -> None:
    with pytest.raises(ValueError, match=f"the next key is {age} s old; .* may take 300 s"):
        rotate(folder, now=NOW + age, least_age=300)


def test_a_refused_rotation_changes_nothing(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ValueError, match="the next key is 0 s old"):
        rotate(folder, least_age=300)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_next_key_of_the_least_age_may_sign(folder: Path) -> None:
    waiting = kid_of(folder, "next")
    rotate(folder, now=NOW + 300, least_age=300)
    assert kid_of(folder, "active") == waiting


def test_a_ring_without_a_next_key_gets_one_and_nothing_else(folder: Path) -> None:
    edit_index(folder, lambda index: index["keys"].pop())
    (active,) = read_index(folder)
    kept, made = rotate(folder, now=NOW + DAY, least_age=300)
    assert kept == active
    assert (made.state, made.created) == ("next", NOW + DAY)


def test_a_rotation_takes_another_algorithm_from_the_next_key_on(folder: Path) -> None:
    entries = rotate(folder, alg="ES256")
    assert [entry.alg for entry in entries] == ["EdDSA", "EdDSA", "ES256"]


def test_an_unknown_algorithm_makes_no_ring(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="HS1 is not one of HS256"):
        rotate(tmp_path, alg="HS1")
    assert read_index(tmp_path) == ()


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "ES512", "HS256", "HS512", "RS256"])
def test_a_ring_of_any_kind_of_key_signs_and_verifies(tmp_path: Path, alg: str) -> None:
    rotate(tmp_path, alg=alg)
    ring = KeyRing(tmp_path)
    assert ring.signing is not None
    assert ring.signing.alg == alg
    assert ring.signing.verify(b"message", ring.signing.sign(b"message"))


# Files.


def test_the_owner_alone_reads_a_ring(folder: Path) -> None:
    rotate(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_symmetric_ring_keeps_its_secrets_as_jwk(tmp_path: Path) -> None:
    entries = rotate(tmp_path, alg="HS256")
    assert key_files(tmp_path) == {f"{entry.kid}.jwk" for entry in entries}
    jwk = json.loads((tmp_path / entries[0].file).read_text())
    assert (jwk["kty"], jwk["kid"], jwk["alg"]) == ("oct", entries[0].kid, "HS256")


def test_a_ring_of_pairs_keeps_them_as_pem(folder: Path) -> None:
    assert key_files(folder) == {f"{entry.kid}.pem" for entry in read_index(folder)}


def test_a_password_encrypts_the_keys(tmp_path: Path) -> None:
    entry, _ = rotate(tmp_path, password=PASSWORD)
    octets = (tmp_path / entry.file).read_bytes()
    assert octets.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert load_pem_private_key(octets, PASSWORD.encode())


def test_a_ring_opens_with_its_password(tmp_path: Path) -> None:
    rotate(tmp_path / "ring", password=PASSWORD)
    assert KeyRing(tmp_path / "ring", password=PASSWORD).signing


def test_a_ring_opens_with_the_password_in_a_file(make_app: MakeApp, tmp_path: Path) -> None:
    rotate(tmp_path / "ring", password=PASSWORD)
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    assert make_app(KEYRING=tmp_path / "ring", KEY_PASSWORD_FILE=tmp_path / "password")


def test_a_symmetric_ring_opens_whatever_the_password(tmp_path: Path) -> None:
    rotate(tmp_path, alg="HS256", password=PASSWORD)
    assert KeyRing(tmp_path, password=PASSWORD).signing


def test_a_new_index_that_a_dead_process_left_is_written_over(folder: Path) -> None:
    (folder / f".{INDEX}.new").write_text("{")
    assert states(rotate(folder)) == ["verify-only", "active", "next"]


def test_an_index_that_cannot_be_written_leaves_the_old_ring(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_index(folder)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        rotate(folder)
    assert read_index(folder) == before


# Pruning.


def test_pruning_drops_the_keys_whose_tokens_have_expired(folder: Path) -> None:
    oldest = kid_of(folder, "active")
    rotate(folder, now=NOW + DAY)
    rotate(folder, now=NOW + 2 * DAY)
    (dropped,) = prune(folder, now=NOW + DAY + 900, keep=900)
    assert dropped.kid == oldest
    assert states(read_index(folder)) == ["verify-only", "active", "next"]


def test_pruning_deletes_the_files_of_what_it_drops(folder: Path) -> None:
    rotate(folder)
    prune(folder, now=NOW, keep=0)
    assert key_files(folder) == {entry.file for entry in read_index(folder)}
    assert len(key_files(folder)) == 2


def test_pruning_keeps_a_key_while_its_tokens_live(folder: Path) -> None:
    entries = rotate(folder, now=NOW + DAY)
    assert prune(folder, now=NOW + DAY + 899, keep=900) == ()
    assert read_index(folder) == entries


def test_pruning_never_drops_a_key_that_has_not_retired(folder: Path) -> None:
    assert prune(folder, now=NOW + 10**9, keep=0) == ()
    assert states(read_index(folder)) == ["active", "next"]


def test_pruning_deletes_a_key_that_no_index_names(folder: Path) -> None:
    named = key_files(folder)
    (folder / f"{'a' * 43}.pem").write_text("x")
    (folder / f"{'b' * 22}.jwk").write_text("x")
    prune(folder, now=NOW, keep=0)
    assert key_files(folder) == named


def test_pruning_keeps_files_that_are_not_of_the_ring(folder: Path) -> None:
    others = {"README", "tls.pem", f"{'a' * 43}.pem.bak", f"{'a' * 43}.txt", "a b.pem"}
    for name in others:
        (folder / name).write_text("mine")
    prune(folder, now=NOW, keep=0)
    assert others <= {path.name for path in folder.iterdir()}


def test_pruning_a_damaged_ring_deletes_nothing(folder: Path) -> None:
    (folder / INDEX).write_text("{")
    before = key_files(folder)
    with pytest.raises(ValueError, match="Expecting property name"):
        prune(folder, now=NOW + DAY, keep=0)
    assert key_files(folder) == before


# Several processes.


def rotate_at_once(folder: str, barrier: Barrier) -> None:
    """Rotate in a process of its own, when the other one does."""
    barrier.wait(60)
    rotate(Path(folder))


def test_two_processes_that_rotate_at_once_take_turns(folder: Path) -> None:
    barrier = CONTEXT.Barrier(2)
    processes = [
        CONTEXT.Process(target=rotate_at_once, args=(str(folder), barrier)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert states(read_index(folder)) == ["verify-only", "verify-only", "active", "next"]
    assert KeyRing(folder).signing


def follow_after_a_fork(folder: str) -> None:
    """Fork while a thread looks at the ring, and end with 0 if the child sees a rotation."""
    monotonic = SettableClock(0.0)
    ring = KeyRing(Path(folder), monotonic=monotonic)
    ring._looking.get().acquire()
    rotate(Path(folder))
    child = os.fork()
    if child == 0:
        monotonic.now = 10
        expected = kid_of(Path(folder), "active")
        os._exit(0 if signing_kid_after(ring, monotonic) == expected else 1)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def test_a_forked_worker_goes_on_looking(folder: Path) -> None:
    process = CONTEXT.Process(target=follow_after_a_fork, args=(str(folder),))
    process.start()
    process.join(60)
    assert process.exitcode == 0


def test_a_lock_of_another_process_is_not_waited_for(
    folder: Path, ring: KeyRing, monotonic: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring._looking.get().acquire()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    rotate(folder)
    assert signing_kid_after(ring, monotonic) == kid_of(folder, "active")


# Damage.


def _set(name: str, value: object) -> Callable[[Any], object]:
    return lambda index: index["keys"][0].update({name: value})


DAMAGES: dict[str, Callable[[Any], object]] = {
    "a later version": lambda index: index.update(version=2),
    "no version": lambda index: index.pop("version"),
    "no keys": lambda index: index.pop("keys"),
    "keys of another type": lambda index: index.update(keys={}),
    "an entry of another type": lambda index: index["keys"].append("x"),
    "an entry without a member": lambda index: index["keys"][0].pop("created"),
    "an entry with another member": _set("x", 1),
    "a file in another folder": _set("file", f"../{'a' * 43}.pem"),
    "an absolute file": _set("file", f"/{'a' * 43}.pem"),
    "a file of another kind": _set("file", INDEX),
    "a file with a newline": _set("file", f"{'a' * 43}.pem\n"),
    "a file that is no text": _set("file", 7),
    "a kid that is no text": _set("kid", 7),
    "an algorithm that is no text": _set("alg", ["EdDSA"]),
    "an algorithm that is not known": _set("alg", "none"),
    "an algorithm of another key": _set("alg", "ES256"),
    "an algorithm for encryption": _set("alg", "A256KW"),
    "a state that is no text": _set("state", ["active"]),
    "a state that is not known": _set("state", "old"),
    "an instant that is text": _set("created", "now"),
    "an instant that is no whole number": _set("retired", 1.5),
    "an activation that is text": _set("activated", "now"),
    "two active keys": lambda index: index["keys"][1].update(state="active"),
    "no active key": _set("state", "verify-only"),
    "no entry": lambda index: index["keys"].clear(),
    "a key whose file is missing": _set("file", f"{'a' * 43}.pem"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_app_does_not_start_with_a_damaged_ring(
    folder: Path, faults_of: FaultsOf, damage: str
) -> None:
    edit_index(folder, DAMAGES[damage])
    (fault,) = faults_of(KEYRING=str(folder))
    assert fault.startswith("TOKENGUARD_KEYRING: ")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_ring_in_use_outlives_a_damage(
    folder: Path,
    monotonic: SettableClock,
    caplog: pytest.LogCaptureFixture,
    damage: str,
) -> None:
    ring = KeyRing(folder, monotonic=monotonic)
    before = kid_of(folder, "active")
    ring._by_kid.clear()  # A key that is known is not read again.
    edit_index(folder, DAMAGES[damage])
    assert signing_kid_after(ring, monotonic) == before
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("flask_tokenguard", logging.ERROR)
    assert "has changed and cannot be read: " in record.message
    assert record.exc_info is None


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b"\xff", b'{"keys": [], "keys": []}'])
def test_an_index_that_is_not_a_json_object_is_a_fault(
    folder: Path, faults_of: FaultsOf, octets: bytes
) -> None:
    (folder / INDEX).write_bytes(octets)
    (fault,) = faults_of(KEYRING=str(folder))
    assert fault.startswith("TOKENGUARD_KEYRING: ")


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b"\xff"])
def test_a_ring_in_use_outlives_an_index_that_is_no_json_object(
    folder: Path,
    ring: KeyRing,
    monotonic: SettableClock,
    caplog: pytest.LogCaptureFixture,
    octets: bytes,
) -> None:
    before = kid_of(folder, "active")
    (folder / INDEX).write_bytes(octets)
    assert signing_kid_after(ring, monotonic) == before
    assert "cannot be read" in caplog.text


def test_an_app_does_not_start_without_its_ring(tmp_path: Path, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(KEYRING=str(tmp_path / "none"))
    assert fault.endswith("has no ring.json; `flask tokenguard rotate --new` makes a ring")


def test_a_ring_that_is_a_file_is_a_fault(tmp_path: Path, faults_of: FaultsOf) -> None:
    (tmp_path / "ring").write_text("x")
    (fault,) = faults_of(KEYRING=str(tmp_path / "ring"))
    assert "Not a directory" in fault


def test_a_ring_whose_key_is_lost_is_a_fault(folder: Path, faults_of: FaultsOf) -> None:
    (folder / read_index(folder)[1].file).unlink()
    (fault,) = faults_of(KEYRING=str(folder))
    assert "cannot be read: No such file" in fault


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"KEY_PASSWORD": "hunter2"}, "is PEM that cannot be read; is the password right?"),
        ({}, "is encrypted, and has none"),
    ],
    ids=["wrong", "none"],
)
def test_a_ring_does_not_open_without_its_password(
    tmp_path: Path, faults_of: FaultsOf, settings: dict[str, str], told: str
) -> None:
    entry, _ = rotate(tmp_path, password=PASSWORD)
    (fault,) = faults_of(KEYRING=str(tmp_path), **settings)
    assert f"the key {entry.file} {told}" in fault
    assert "hunter2" not in fault


def test_a_password_is_refused_for_a_ring_without_one(folder: Path, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(KEYRING=str(folder), KEY_PASSWORD="hunter2")
    assert "is not encrypted, and has a password" in fault


def test_a_password_file_that_is_missing_is_a_fault(folder: Path, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(KEYRING=str(folder), KEY_PASSWORD_FILE=str(folder / "none"))
    assert "cannot be read" in fault


def test_a_key_and_a_ring_contradict_each_other(
    folder: Path, faults_of: FaultsOf, secret: str
) -> None:
    assert "TOKENGUARD_KEY and TOKENGUARD_KEYRING contradict each other; set one of them" in (
        faults_of(KEY=secret, KEYRING=str(folder))
    )


# In use.


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


# Issuing.


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


# Silence.


def test_a_ring_does_not_show_its_secrets(tmp_path: Path) -> None:
    entry, _ = rotate(tmp_path, alg="HS256")
    ring = KeyRing(tmp_path, password=PASSWORD)
    shown = repr((ring, ring.keys, list(ring), read_index(tmp_path)))
    assert json.loads((tmp_path / entry.file).read_text())["k"] not in shown
    assert PASSWORD not in shown


def test_a_rotation_with_another_password_is_refused(tmp_path: Path) -> None:
    rotate(tmp_path, password=PASSWORD)
    before = read_index(tmp_path)
    with pytest.raises(ValueError, match="is the password right"):
        rotate(tmp_path, password="battery staple")
    assert read_index(tmp_path) == before


def test_a_kid_twice_in_the_index_is_a_fault(folder: Path, faults_of: FaultsOf) -> None:
    edit_index(folder, lambda index: index["keys"][1].update(kid=index["keys"][0]["kid"]))
    assert "names a kid twice" in faults_of(KEYRING=str(folder))[0]


def test_a_key_that_is_not_the_one_of_the_index_is_a_fault(
    folder: Path, faults_of: FaultsOf
) -> None:
    first, second = (folder / entry.file for entry in read_index(folder))
    second.write_text(first.read_text())
    assert "is not the one that ring.json names" in faults_of(KEYRING=str(folder))[0]


def test_a_public_key_cannot_be_the_active_one(folder: Path, faults_of: FaultsOf) -> None:
    active = folder / read_index(folder)[0].file
    private = load_pem_private_key(active.read_bytes(), None)
    public = private.public_key()
    active.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert "is public" in faults_of(KEYRING=str(folder))[0]


def test_what_is_not_foreseen_leaves_the_ring_in_force(
    folder: Path,
    ring: KeyRing,
    monotonic: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    before = kid_of(folder, "active")
    rotate(folder)
    monkeypatch.setattr(ring_module, "read_index", fail)
    assert signing_kid_after(ring, monotonic) == before
    assert "cannot be read: RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_a_log_handler_may_ask_for_a_key(
    folder: Path, ring: KeyRing, monotonic: SettableClock
) -> None:
    class Reporter(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            signed_by.append(ring.signing)

    signed_by: list[Key | None] = []
    reporter, logger = Reporter(), logging.getLogger("flask_tokenguard")
    logger.addHandler(reporter)
    try:
        (folder / INDEX).write_text("{")
        signing_kid_after(ring, monotonic)
    finally:
        logger.removeHandler(reporter)
    assert signed_by == [ring.signing]


def test_a_log_does_not_show_the_password(
    tmp_path: Path, monotonic: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    rotate(tmp_path, password=PASSWORD)
    ring = KeyRing(tmp_path, password=PASSWORD, monotonic=monotonic)
    rotate(tmp_path, password=PASSWORD)
    spoilt = tmp_path / read_index(tmp_path)[-1].file
    head, _, _ = spoilt.read_text().partition("\n")
    spoilt.write_text(f"{head}\nMA==\n{head.replace('BEGIN', 'END')}\n")
    signing_kid_after(ring, monotonic)
    assert "is the password right?" in caplog.text
    assert PASSWORD not in caplog.text
