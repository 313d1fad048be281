"""What sentinels and clusters add: a master that fails, slots that move, nodes that go."""

import logging
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from signal import SIGCONT, SIGSTOP

import pytest
from redis.crc import key_slot

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.testing.stores import Family, new_id

from ...kit.loopback import free_port
from ...support import ROOT
from ..servers import RealServer, find_valkey, wait_until
from ..topologies import SERVICE, Cluster, Replicated, replicated

pytestmark = pytest.mark.usefixtures("clusters_begin", "short_pauses")

# For the tests of what hangs or fails over; the others are as patient as a busy machine needs.
TIMEOUT, PATIENCE = 0.5, 10.0
DOCS = ROOT / "docs" / "redis.md"


@pytest.fixture
def own_sentinels(tmp_path: Path) -> Iterator[Replicated]:
    """A master, replica and sentinels that this test may harm."""
    with replicated(find_valkey(), tmp_path) as found:
        yield found


def in_an_hour() -> int:
    return int(time.time()) + 3600


def now() -> int:
    return int(time.time())


def id_under(tag: int) -> bytes:
    return bytes([tag]) + secrets.token_bytes(15)


def slot_of(tag: int) -> int:
    return int(key_slot(f"tokenguard:{{{tag:02x}}}:epoch".encode()))


def answers(store: RedisStore, subject: bytes) -> bool:
    try:
        return not store.standing(subject, None, subject).is_revoked
    except Unavailable:
        return False


def login(uri: str) -> str:
    return uri.replace("//", "//app:secret@")


def without_password(uri: str) -> str:
    """Let the sentinels be asked without the login of their servers."""
    return f"{uri}{'&' if '?' in uri else '?'}sentinel_password="


def works(store: RedisStore) -> bool:
    """Do a little of everything on many tags."""
    try:
        for _ in range(16):
            family = Family(store, now)
            family.start()
            assert family.present(family.first.jti).outcome == "advanced"
            assert store.end_session(family.session, subject=None)
            assert family.standing().is_revoked
    except Unavailable:
        return False
    return True


def test_a_failover_keeps_what_a_replica_acknowledged(
    own_sentinels: Replicated, caplog: pytest.LogCaptureFixture
) -> None:
    store = RedisStore(own_sentinels.uri, timeout=TIMEOUT)
    revoked = [(new_id(), new_id()) for _ in range(100)]
    for jti, subject in revoked:
        store.revoke(jti, subject=subject, expires=in_an_hour())
    family = Family(store, now)
    family.start()
    epoch = family.standing().epoch
    assert "acknowledged" not in caplog.text
    own_sentinels.master.kill()
    port = own_sentinels.replica.port
    wait_until(lambda: {each.master_port() for each in own_sentinels.sentinels} == {port})
    wait_until(lambda: answers(store, new_id()))
    assert all(store.standing(jti, None, subject).is_revoked for jti, subject in revoked)
    assert family.standing().epoch == epoch
    wait_until(lambda: own_sentinels.replica.ask("ROLE")[0] == b"master")
    assert family.present(family.first.jti).outcome == "advanced"
    assert "no replica" in caplog.text


def test_a_write_that_no_replica_acknowledges_is_done_and_logged(
    own_sentinels: Replicated, caplog: pytest.LogCaptureFixture
) -> None:
    store = RedisStore(own_sentinels.uri, timeout=TIMEOUT)
    jti, subject = new_id(), new_id()
    assert answers(store, subject)
    own_sentinels.replica.signal(SIGSTOP)
    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        store.revoke(jti, subject=subject, expires=in_an_hour())
    assert time.monotonic() - began < TIMEOUT
    assert "a failover now would lose it" in caplog.text
    assert store.standing(jti, None, subject).is_revoked
    own_sentinels.replica.signal(SIGCONT)


def test_a_master_that_became_a_replica_is_left(own_sentinels: Replicated) -> None:
    store = RedisStore(own_sentinels.uri, timeout=TIMEOUT)
    subject = new_id()
    instant = store.next_instant(subject)
    own_sentinels.sentinels[0].ask("SENTINEL", "FAILOVER", SERVICE)

    def is_over() -> bool:
        try:
            store.revoke(new_id(), subject=subject, expires=in_an_hour())
        except Unavailable:
            return False
        return bool(own_sentinels.replica.ask("ROLE")[0] == b"master")

    wait_until(is_over)
    assert store.next_instant(subject) > instant


def test_sentinels_that_are_away_are_unavailable() -> None:
    hosts = ",".join(f"127.0.0.1:{free_port()}" for _ in range(2))
    store = RedisStore(f"redis+sentinel://{hosts}/tokens", timeout=TIMEOUT)
    with pytest.raises(Unavailable):
        store.next_instant(new_id())


def test_sentinels_that_hang_hold_up_one_request(own_sentinels: Replicated) -> None:
    store = RedisStore(own_sentinels.uri, timeout=TIMEOUT)
    for sentinel in own_sentinels.sentinels:
        sentinel.signal(SIGSTOP)
    waits = []
    for _ in range(3):
        began = time.monotonic()
        assert not answers(store, new_id())
        waits.append(time.monotonic() - began)
    assert waits[0] < TIMEOUT * 3
    assert max(waits[1:]) < TIMEOUT / 2
    for sentinel in own_sentinels.sentinels:
        sentinel.signal(SIGCONT)
    wait_until(lambda: answers(store, new_id()))


def test_a_slot_that_moves_takes_its_revocations_along(cluster: Cluster) -> None:
    store = RedisStore(cluster.uri, timeout=PATIENCE)
    tag = secrets.randbelow(256)
    subject, jti, other = id_under(tag), new_id(), id_under(tag)
    store.revoke(jti, subject=subject, expires=in_an_hour())
    family = Family(store, now, subject=subject)
    family.start()
    epoch = store.standing(other, None, subject).epoch
    cluster.move_slot(slot_of(tag))
    assert store.standing(jti, None, subject).is_revoked
    assert family.present(family.first.jti).outcome == "advanced"
    cluster.move_slot(slot_of(tag))
    assert store.standing(other, None, subject).epoch == epoch
    store.revoke(other, subject=None, expires=in_an_hour())
    assert store.standing(other, None, new_id()).is_revoked


@pytest.mark.parametrize("is_new", [False, True])
def test_while_a_slot_is_on_its_way_both_nodes_are_asked(cluster: Cluster, is_new: bool) -> None:
    store = RedisStore(cluster.uri, timeout=PATIENCE)
    tag = secrets.randbelow(256)
    subject = id_under(tag)
    revoked = [id_under(tag) for _ in range(20)]
    for jti in revoked:
        store.revoke(jti, subject=subject, expires=in_an_hour())
    with cluster.moving(slot_of(tag), target=cluster.spare if is_new else None):
        assert all(store.standing(jti, None, subject).is_revoked for jti in revoked)
        assert not store.standing(id_under(tag), None, subject).is_revoked
        late = id_under(tag)
        store.revoke(late, subject=subject, expires=in_an_hour())
        assert store.standing(late, None, subject).is_revoked
    assert all(store.standing(jti, None, subject).is_revoked for jti in (*revoked, late))
    assert works(store)
    if is_new:
        cluster.move_slot(slot_of(tag))


def test_a_node_that_lost_its_data_is_noticed_for_every_id(cluster: Cluster) -> None:
    store = RedisStore(cluster.uri, timeout=PATIENCE)
    tag = secrets.randbelow(256)
    node = cluster.owner_of(slot_of(tag))
    elsewhere = next(tag for tag in range(256) if cluster.owner_of(slot_of(tag)) is not node)
    jti, subject = id_under(tag), id_under(elsewhere)
    instant = store.next_instant(subject)
    store.revoke(jti, subject=None, expires=in_an_hour())
    assert store.standing(jti, None, subject).epoch < instant
    node.ask("FLUSHALL")
    assert store.standing(jti, None, subject).epoch > instant
    assert store.standing(id_under(elsewhere), None, subject).epoch < instant


def test_a_node_that_hangs_holds_up_only_its_own_tags(cluster: Cluster) -> None:
    store = RedisStore(cluster.uri, timeout=TIMEOUT)
    node = cluster.nodes[0]
    hung = next(tag for tag in range(256) if cluster.owner_of(slot_of(tag)) is node)
    other = next(tag for tag in range(256) if cluster.owner_of(slot_of(tag)) is not node)
    assert answers(store, id_under(hung))
    assert answers(store, id_under(other))
    node.signal(SIGSTOP)
    waits = []
    for _ in range(3):
        began = time.monotonic()
        assert not answers(store, id_under(hung))
        waits.append(time.monotonic() - began)
        assert answers(store, id_under(other))
    assert waits[0] < TIMEOUT * 3
    assert max(waits[1:]) < TIMEOUT / 2
    with pytest.raises(Unavailable):
        Family(store, now, subject=id_under(hung)).start()
    assert Family(store, now, subject=id_under(other)).start() > 0
    node.signal(SIGCONT)
    wait_until(lambda: answers(store, id_under(hung)))
    wait_until(lambda: works(store))


def test_a_process_started_while_a_node_hangs_serves_the_others(cluster: Cluster) -> None:
    node = cluster.nodes[2]
    other = next(tag for tag in range(256) if cluster.owner_of(slot_of(tag)) is not node)
    assert answers(RedisStore(cluster.uri), id_under(other))
    node.signal(SIGSTOP)
    store = RedisStore(cluster.uri, timeout=TIMEOUT)
    began = time.monotonic()
    wait_until(lambda: answers(store, id_under(other)))
    assert time.monotonic() - began < TIMEOUT * 6
    node.signal(SIGCONT)
    wait_until(lambda: works(store))


@contextmanager
def full(servers: Sequence[RealServer]) -> Iterator[None]:
    """Leave servers no memory for more."""
    for server in servers:
        server.ask("CONFIG", "SET", "maxmemory", "1")
    yield
    for server in servers:
        server.ask("CONFIG", "SET", "maxmemory", "0")


@pytest.mark.parametrize("name", ["sentinels", "tls_sentinels", "cluster", "tls_cluster"])
def test_while_memory_is_full_a_new_worker_reads(
    request: pytest.FixtureRequest, prefix: str, name: str
) -> None:
    own: Replicated | Cluster = request.getfixturevalue(name)
    old, new = (RedisStore(own.uri, prefix=prefix) for _ in range(2))
    jti, subject = new_id(), new_id()
    old.revoke(jti, subject=subject, expires=in_an_hour())
    with full(own.nodes if isinstance(own, Cluster) else (own.master, own.replica)):
        assert new.standing(jti, None, subject) == old.standing(jti, None, subject)
        assert new.standing(jti, None, subject).is_revoked
        with pytest.raises(Unavailable):
            new.revoke(new_id(), subject=None, expires=in_an_hour())


def test_a_cluster_that_is_away_is_unavailable() -> None:
    store = RedisStore(f"redis+cluster://127.0.0.1:{free_port()}", timeout=TIMEOUT)
    with pytest.raises(Unavailable):
        store.next_instant(new_id())


def test_a_node_that_was_restarted_is_used_again(cluster: Cluster) -> None:
    # Nothing hangs here, and a busy machine may need longer than TIMEOUT to connect.
    store, writer = (RedisStore(cluster.uri, timeout=2) for _ in range(2))
    assert works(store)
    assert works(writer)
    node = cluster.nodes[1]
    tag = next(tag for tag in range(256) if cluster.owner_of(slot_of(tag)) is node)
    node.kill()
    assert not answers(store, id_under(tag))
    for each in (store, writer):
        with pytest.raises(Unavailable):
            each.next_instant(id_under(tag))
    node.start()
    wait_until(lambda: answers(store, id_under(tag)))
    wait_until(lambda: works(store) and works(writer))


def test_threads_share_a_store_of_a_cluster(cluster: Cluster) -> None:
    store = RedisStore(cluster.uri, timeout=5)
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda _: works(store), range(16)))


@pytest.mark.parametrize("kind", ["", "tls_"])
def test_the_rights_that_the_docs_name_are_enough(
    request: pytest.FixtureRequest, kind: str
) -> None:
    rights = re.findall(r"\+[a-z|]+", DOCS.read_text("utf-8").split("```text")[1].split("```")[0])
    replicated: Replicated = request.getfixturevalue(f"{kind}sentinels")
    clustered: Cluster = request.getfixturevalue(f"{kind}cluster")
    servers = (replicated.master, *clustered.nodes)
    for server in servers:
        server.ask("ACL", "SETUSER", "app", "on", ">secret", "~tokenguard:*", *rights)
    store = RedisStore(login(replicated.master.uri()), timeout=PATIENCE)
    assert works(store)
    assert "does not let us" not in store.risks()[0]
    assert works(RedisStore(without_password(login(replicated.uri)), timeout=PATIENCE))
    store = RedisStore(login(clustered.uri), timeout=PATIENCE)
    assert works(store)
    clustered.move_slot(slot_of(7))
    assert store.next_instant(id_under(7)) > 0
    for server in servers:
        server.ask("ACL", "DELUSER", "app")


def test_what_endangers_every_node_is_told_once(cluster: Cluster) -> None:
    (risk,) = RedisStore(cluster.uri).risks()
    assert "nothing on disk" in risk


def test_sentinels_and_their_servers_are_reached_over_tls(tls_sentinels: Replicated) -> None:
    assert works(RedisStore(tls_sentinels.uri, timeout=PATIENCE))


def test_a_cluster_is_reached_over_tls(tls_cluster: Cluster) -> None:
    assert works(RedisStore(tls_cluster.uri, timeout=PATIENCE))
