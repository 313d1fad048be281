"""What a store makes of a server that is away: outages."""

import logging
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any
from urllib.parse import quote

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.testing.stores import Family, new_id

from ....kit.loopback import free_port
from ...conftest import PASSWORD
from ...servers import RealServer, find_redis, find_valkey, running, wait_until
from .support import TIMEOUT, in_an_hour, is_good, store_of

AT_ONCE = 0.2
HOUR = 3_600_000


@pytest.fixture
def hasty(used_server: RealServer, short_pauses: float) -> RedisStore:  # noqa: ARG001 - it patches
    """A store that does not wait for long."""
    return store_of(used_server, timeout=TIMEOUT)


def answers(store: RedisStore) -> bool:
    try:
        return is_good(store)
    except Unavailable:
        return False


def seconds_to_fail(store: RedisStore) -> float:
    began = time.monotonic()
    with pytest.raises(Unavailable):
        is_good(store)
    return time.monotonic() - began


def test_every_step_is_unavailable_without_a_server() -> None:
    store = RedisStore(f"redis://127.0.0.1:{free_port()}")
    family = Family(store, lambda: int(time.time()))
    steps: list[Callable[[], object]] = [
        lambda: is_good(store),
        lambda: store.next_instant(new_id()),
        lambda: store.revoke(new_id(), subject=None, expires=in_an_hour()),
        lambda: store.end_subject(new_id(), expires=in_an_hour()),
        family.start,
        lambda: family.present(new_id()),
        lambda: store.end_session(new_id(), subject=None),
        family.listed,
        store.risks,
    ]
    for step in steps:
        with pytest.raises(Unavailable):
            step()


def test_a_hanging_server_holds_up_one_request_not_the_next(
    hasty: RedisStore, server: RealServer
) -> None:
    is_good(hasty)
    server.signal(SIGSTOP)
    assert TIMEOUT * 0.9 < seconds_to_fail(hasty) < TIMEOUT * 3
    assert max(seconds_to_fail(hasty) for _ in range(20)) < AT_ONCE
    server.signal(SIGCONT)
    began = time.monotonic()
    wait_until(lambda: answers(hasty))
    assert time.monotonic() - began < 2


def test_a_server_that_hangs_from_the_start_holds_up_one_request(
    hasty: RedisStore, server: RealServer
) -> None:
    server.signal(SIGSTOP)
    assert seconds_to_fail(hasty) < TIMEOUT * 3
    assert seconds_to_fail(hasty) < AT_ONCE
    server.signal(SIGCONT)
    wait_until(lambda: answers(hasty))


def test_after_a_pause_one_request_at_a_time_finds_out(
    hasty: RedisStore, server: RealServer, short_pauses: float
) -> None:
    is_good(hasty)
    server.signal(SIGSTOP)
    seconds_to_fail(hasty)
    time.sleep(short_pauses + 0.05)
    with ThreadPoolExecutor(8) as threads:
        waits = sorted(threads.map(lambda _: seconds_to_fail(hasty), range(8)))
    assert waits[-1] > TIMEOUT * 0.9
    assert waits[-2] < AT_ONCE


def test_a_connection_that_was_dropped_while_idle_is_replaced(
    store: RedisStore, client: Any
) -> None:
    steps: list[Callable[[], bool]] = [
        lambda: is_good(store),
        lambda: store.next_instant(new_id()) > 0,
    ]
    for step in steps:
        is_good(store)
        client.client_kill_filter(_type="normal", skipme=True)
        assert step()


def test_a_connection_that_broke_while_idle_is_replaced(store: RedisStore) -> None:
    is_good(store)
    [idle] = store._opened.get().link._server._idle
    idle._sock._socket.close()
    assert store.next_instant(new_id()) > 0


def test_a_server_that_was_restarted_knows_all_and_no_script(
    store: RedisStore, server: RealServer
) -> None:
    family = Family(store, lambda: int(time.time()))
    family.start()
    jti, subject = new_id(), new_id()
    store.revoke(jti, subject=subject, expires=in_an_hour())
    epoch = store.standing(jti, None, subject).epoch
    server.kill()
    server.start()
    assert store.standing(jti, None, subject) == (epoch, True, None, False)
    assert family.present(family.first.jti).outcome == "advanced"


def test_all_that_a_server_lost_came_before_its_new_epoch(
    store: RedisStore, server: RealServer
) -> None:
    jti, subject = new_id(), new_id()
    instant = store.next_instant(subject)
    store.revoke(jti, subject=subject, expires=in_an_hour())
    family = Family(store, lambda: int(time.time()))
    family.start()
    server.forget()
    standing = store.standing(jti, None, subject)
    assert not standing.is_revoked
    assert instant < standing.epoch < store.next_instant(subject)
    assert family.present(family.first.jti).outcome == "ended"


def test_the_first_issue_on_an_emptied_server_sets_every_epoch(
    store: RedisStore, client: Any
) -> None:
    is_good(store)
    client.flushall()
    subject = new_id()
    instant = store.next_instant(subject)
    epochs = client.keys("*:epoch")
    assert len(epochs) == 256
    assert max(int(client.get(epoch) or 0) for epoch in epochs) < instant


def test_an_epoch_that_was_evicted_alone_comes_back(store: RedisStore, client: Any) -> None:
    jti, subject = b"\x01" * 16, b"\x02" * 16
    for tag in ("01", "02"):
        before = store.standing(jti, None, subject).epoch
        client.delete(f"tokenguard:{{{tag}}}:epoch")
        assert store.standing(jti, None, subject).epoch > before


def test_a_server_that_keeps_no_epoch_is_no_store(
    store: RedisStore, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_good(store)
    client.flushall()
    monkeypatch.setattr(store, "_set_epochs", lambda _link: None)
    with pytest.raises(Unavailable):
        is_good(store)
    with pytest.raises(Unavailable):
        store.next_instant(new_id())


@pytest.mark.parametrize("hours", [0.5, 2, 24 * 300])
def test_an_epoch_in_the_future_ends_and_accepts_nothing_revoked(
    store: RedisStore, client: Any, hours: float
) -> None:
    jti, subject = b"\x07" * 16, b"\x07" * 16
    before = store.next_instant(subject)
    client.set("tokenguard:{07}:epoch", int(time.time() * 1000 + hours * HOUR), ex=1000)
    store.revoke(jti, subject=subject, expires=in_an_hour())
    instant = store.next_instant(subject)
    standing = store.standing(jti, None, subject)
    assert before <= standing.epoch < instant < time.time() * 1000 + HOUR
    assert standing.is_revoked
    store.end_subject(subject, expires=in_an_hour())
    ended_at = store.standing(jti, None, subject).ended_at
    assert ended_at is not None
    assert instant <= ended_at < store.next_instant(subject)


@pytest.mark.parametrize("name", ["epoch", "ended:" + "\x07" * 16])
def test_a_value_that_is_no_number_accepts_nothing(
    store: RedisStore, client: Any, name: str
) -> None:
    subject = b"\x07" * 16
    store.next_instant(subject)
    client.set("tokenguard:{07}:" + name, "spoilt", ex=1000)
    with pytest.raises(Unavailable):
        store.standing(new_id(), None, subject)


def test_ending_a_subject_covers_tokens_of_a_clock_set_back(store: RedisStore, client: Any) -> None:
    subject = b"\x07" * 16
    ahead = int(time.time() * 1000) + 3_500_000
    client.set("tokenguard:{07}:highest", ahead, ex=1000)
    store.end_subject(subject, expires=in_an_hour())
    assert store.standing(new_id(), None, subject).ended_at == ahead
    assert store.next_instant(subject) == ahead + 1


def test_a_clock_that_was_ahead_for_long_counts_as_a_loss_once(
    store: RedisStore, client: Any
) -> None:
    subject = b"\x07" * 16
    issued = store.next_instant(subject)
    client.set("tokenguard:{07}:highest", int(time.time() * 1000) + 48 * HOUR, ex=1000)
    instants = [store.next_instant(subject) for _ in range(3)]
    epoch = store.standing(subject, None, subject).epoch
    assert issued < epoch < min(instants)
    assert max(instants) < time.time() * 1000 + HOUR
    client.set("tokenguard:{07}:epoch", issued, ex=1000)
    store.next_instant(subject)
    assert store.standing(subject, None, subject).epoch == issued


def test_a_read_only_server_is_unavailable_for_writes(
    store: RedisStore, server: RealServer
) -> None:
    is_good(store)
    server.ask("REPLICAOF", "127.0.0.1", free_port())
    with pytest.raises(Unavailable):
        store.revoke(new_id(), subject=None, expires=in_an_hour())
    server.ask("CONFIG", "SET", "replica-serve-stale-data", "no")
    with pytest.raises(Unavailable):
        is_good(store)
    server.ask("REPLICAOF", "NO", "ONE")
    store.revoke(new_id(), subject=None, expires=in_an_hour())


def test_a_full_server_refuses_writes_and_still_answers(
    store: RedisStore, server: RealServer, caplog: pytest.LogCaptureFixture
) -> None:
    is_good(store)
    server.ask("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(Unavailable):
        store.revoke(new_id(), subject=None, expires=in_an_hour())
    assert "OOM" in caplog.text or "OutOfMemory" in caplog.text
    assert is_good(store)


def fill(server: RealServer) -> None:
    server.ask("CONFIG", "SET", "maxmemory", "1")


def become_read_only(server: RealServer) -> None:
    server.ask("REPLICAOF", "127.0.0.1", free_port())


@pytest.mark.parametrize("stop_writes", [fill, become_read_only])
@pytest.mark.parametrize("find", [find_valkey, find_redis])
def test_a_new_worker_reads_from_a_server_that_takes_no_writes(
    tmp_path: Path, find: Callable[[], str], stop_writes: Callable[[RealServer], None]
) -> None:
    server = RealServer(find(), tmp_path)
    with running(server):
        old, family = store_of(server), Family(store_of(server), lambda: int(time.time()))
        jti, subject = new_id(), new_id()
        family.start()
        old.revoke(jti, subject=subject, expires=in_an_hour())
        old.end_subject(subject, expires=in_an_hour())
        stop_writes(server)
        new = store_of(server)
        assert new.standing(jti, None, subject) == old.standing(jti, None, subject)
        assert new.standing(jti, None, subject).is_revoked
        assert new.sessions_of(family.subject) == old.sessions_of(family.subject) != []
        with pytest.raises(Unavailable):
            new.revoke(new_id(), subject=None, expires=in_an_hour())


def test_a_new_worker_sets_only_the_epochs_that_are_missing(
    store: RedisStore, used_server: RealServer, client: Any
) -> None:
    is_good(store)
    client.delete("tokenguard:{07}:epoch")
    before = {epoch: client.get(epoch) for epoch in client.keys("*:epoch")}
    client.config_resetstat()
    is_good(store_of(used_server))
    assert before.items() < {epoch: client.get(epoch) for epoch in client.keys("*:epoch")}.items()
    assert client.info("commandstats")["cmdstat_set"]["calls"] == 1


def test_a_new_worker_keeps_epochs_from_expiring(
    store: RedisStore, used_server: RealServer, client: Any
) -> None:
    is_good(store)
    client.pexpire("tokenguard:{07}:epoch", HOUR)
    is_good(store_of(used_server))
    assert client.pttl("tokenguard:{07}:epoch") > 399 * 24 * HOUR


def test_keys_that_another_program_spoilt_are_unavailable(store: RedisStore, client: Any) -> None:
    client.set("tokenguard:{07}:session:" + "\x07" * 16, "not a hash", ex=100)
    with pytest.raises(Unavailable):
        store.end_session(b"\x07" * 16, subject=None)


@pytest.mark.parametrize(
    ("login", "says"),
    [
        ("", "AuthenticationError NOAUTH"),
        (":hunter2@", "AuthenticationError WRONGPASS"),
        ("hunter2:hunter2@", "AuthenticationError WRONGPASS"),
    ],
)
def test_a_refused_login_is_unavailable_and_tells_no_password(
    valkey: RealServer, caplog: pytest.LogCaptureFixture, login: str, says: str
) -> None:
    store = RedisStore(f"redis://{login}127.0.0.1:{valkey.port}")
    with caplog.at_level(logging.DEBUG), pytest.raises(Unavailable) as refused:
        is_good(store)
    assert f"the store redis://127.0.0.1:{valkey.port} cannot be used: " in caplog.text
    assert says in caplog.text
    assert "hunter2" not in caplog.text + str(refused.value) + repr(refused.value) + repr(store)
    assert refused.value.__cause__ is None


def test_nothing_logged_on_the_way_tells_the_password(
    valkey: RealServer, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    uri = f"redis://default:{quote(PASSWORD, safe='')}@127.0.0.1:{valkey.port}"
    store = RedisStore(uri, prefix=prefix)
    with caplog.at_level(logging.DEBUG):
        store.revoke(new_id(), subject=None, expires=in_an_hour())
        store.risks()
    assert PASSWORD not in caplog.text
    assert quote(PASSWORD, safe="") not in caplog.text


def test_a_server_with_an_untrusted_certificate_is_unavailable(
    tls_server: RealServer, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unavailable):
        is_good(RedisStore(f"rediss://127.0.0.1:{tls_server.port}"))
    assert "certificate" in caplog.text.lower()


def test_a_certificate_that_was_renewed_is_read_anew(
    tls_server: RealServer, certificate: Path, tmp_path: Path
) -> None:
    own = tmp_path / "client.pem"
    own.write_bytes(certificate.read_bytes())
    query = f"ssl_ca_certs={certificate}&ssl_certfile={own}&ssl_keyfile={own}"
    store = RedisStore(f"rediss://127.0.0.1:{tls_server.port}?{query}")
    assert is_good(store)
    own.write_text("spoilt")
    store._opened.get().link._server._idle.clear()
    with pytest.raises(Unavailable):
        is_good(store)


def test_a_certificate_for_another_name_is_refused(
    tls_server: RealServer, certificate: Path
) -> None:
    with pytest.raises(Unavailable):
        is_good(RedisStore(f"rediss://localhost:{tls_server.port}?ssl_ca_certs={certificate}"))


def test_a_store_used_before_a_fork_is_used_by_both_sides(server: RealServer) -> None:
    script = f"""
import os, secrets
from flask_tokenguard.stores.redis.store import RedisStore
store = RedisStore("redis://127.0.0.1:{server.port}")
subject = secrets.token_bytes(16)
store.next_instant(subject)
children = []
for number in range(4):
    pid = os.fork()
    if not pid:
        jti = bytes([number]) * 16
        for _ in range(200):
            assert not store.standing(jti, None, subject).is_revoked
        store.revoke(jti, subject=subject, expires={in_an_hour()})
        os._exit(0)
    children.append(pid)
for _ in range(200):
    assert not store.standing(subject, None, subject).is_revoked
assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4
assert all(store.standing(bytes([n]) * 16, None, subject).is_revoked for n in range(4))
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)  # noqa: S603 - ours


def test_threads_share_a_store(store: RedisStore) -> None:
    def use(_: int) -> bool:
        jti, subject = new_id(), new_id()
        before = store.standing(jti, None, subject).is_revoked
        store.revoke(jti, subject=subject, expires=in_an_hour())
        return not before and store.standing(jti, None, subject).is_revoked

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(use, range(400)))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, []),
        ({"appendfsync": "everysec"}, ["appendfsync is everysec"]),
        ({"appendonly": "no"}, ["logs everybody out"]),
        ({"appendonly": "no", "save": "60 1"}, ["snapshots"]),
        ({"maxmemory-policy": "volatile-lru"}, ["volatile-lru"]),
        (
            {"maxmemory-policy": "allkeys-lfu", "appendfsync": "no"},
            ["allkeys-lfu", "appendfsync is no"],
        ),
    ],
    ids=str,
)
def test_what_endangers_the_data_is_told(
    store: RedisStore, server: RealServer, options: dict[str, str], says: list[str]
) -> None:
    for name, value in options.items():
        server.ask("CONFIG", "SET", name, value)
    risks = store.risks()
    assert len(risks) == len(says)
    assert all(word in risk for word, risk in zip(says, risks, strict=True))


def test_a_server_that_hides_its_configuration_is_told_of(
    store: RedisStore, server: RealServer
) -> None:
    is_good(store)
    server.ask("ACL", "SETUSER", "default", "-config")
    (risk,) = store.risks()
    assert "does not let us read" in risk


def test_nothing_is_left_to_prune(store: RedisStore) -> None:
    assert store.prune(lambda _done, _steps: None) == 0
