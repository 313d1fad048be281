"""What a store makes of a server that is away: operations."""

import time
from pathlib import Path
from typing import Any

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.testing.stores import Family, new_id, new_refresh

from ....kit.loopback import free_port
from ...servers import RealServer, find_valkey, running
from .support import in_an_hour, is_good, store_of


def test_no_connection_is_made_before_the_first_use() -> None:
    assert "redis://" in repr(RedisStore(f"redis://127.0.0.1:{free_port()}"))


def test_a_check_is_one_round_trip(store: RedisStore, client: Any) -> None:
    is_good(store)
    client.ping()
    before = client.info("stats")["total_reads_processed"]
    for _ in range(100):
        store.standing(new_id(), new_id(), new_id())
    # The second look costs a read itself.
    assert client.info("stats")["total_reads_processed"] - before == 101


def test_a_check_writes_nothing(store: RedisStore, client: Any) -> None:
    is_good(store)
    dirty = client.info("persistence")["rdb_changes_since_last_save"]
    for _ in range(20):
        is_good(store)
    assert client.info("persistence")["rdb_changes_since_last_save"] == dirty


def test_every_key_has_the_prefix_and_an_expiry(server: RealServer, client: Any) -> None:
    store = store_of(server, prefix="app one:")
    family = Family(store, lambda: int(time.time()))
    family.start()
    family.present(family.first.jti)
    family.present(family.first.jti)
    other = Family(store, family.now)
    other.start()
    other.present(new_id())
    third = Family(store, family.now)
    third.start()
    store.end_session(third.session, subject=None)
    store.revoke(new_id(), subject=None, expires=in_an_hour())
    store.end_subject(new_id(), expires=in_an_hour())
    keys = client.keys("*")
    assert len(keys) > 256 + 6
    assert {key[:9] for key in keys} == {b"app one:{"}
    assert all(client.pttl(key) > 0 for key in keys)


def test_stores_with_different_prefixes_share_nothing(server: RealServer) -> None:
    one, other = store_of(server, prefix="one:"), store_of(server, prefix="other:")
    jti, subject = new_id(), new_id()
    one.revoke(jti, subject=subject, expires=in_an_hour())
    assert not other.standing(jti, None, subject).is_revoked


def test_what_is_revoked_is_kept_for_a_day_longer(store: RedisStore, client: Any) -> None:
    jti, subject = new_id(), new_id()
    store.revoke(jti, subject=subject, expires=in_an_hour())
    store.revoke(jti, subject=subject, expires=in_an_hour() - 3500)
    (key,) = client.keys("*revoked:*")
    assert 3600 + 86_400 - 5 < client.ttl(key) <= 3600 + 86_400


def test_a_family_is_kept_until_its_refresh_token_expires(store: RedisStore, client: Any) -> None:
    family = Family(store, lambda: int(time.time()))
    family.start(lifetime=100)
    (session,), (index,) = client.keys("*session:*"), client.keys("*sessions:*")
    assert 95 < client.ttl(session) <= 100
    assert client.ttl(index) > client.ttl(session)


@pytest.mark.parametrize("other_worker", ["none", "0.1"])
def test_an_index_has_a_session_for_as_long_as_it_lasts(
    store: RedisStore, client: Any, other_worker: str
) -> None:
    family = Family(store, lambda: int(time.time()))
    family.start(lifetime=100)
    (session,), (index,) = client.keys("*session:*"), client.keys("*sessions:*")
    presented = family.first.jti
    for lifetime in (40_000, 80_000, 200_000, 1_000_000, 90):
        successor = new_refresh(family.now(), lifetime=lifetime)
        family.present(presented, successor)
        presented = successor.jti
        assert client.zscore(index, family.session) >= successor.expires
        assert client.ttl(index) > lifetime - 5
        if other_worker == "0.1":
            # It refreshed the session as well, and noted it as it expires.
            client.hset(session, "expires", successor.expires - 1)
            client.zadd(index, {family.session: successor.expires - 1})
            client.expireat(index, successor.expires - 1)


def test_access_tokens_stay_ended_until_the_last_of_them_expired(
    store: RedisStore, client: Any
) -> None:
    family = Family(store, lambda: int(time.time()))
    family.start(access=50)
    family.present(family.first.jti, access=50)
    family.present(family.first.jti, access=5000)
    family.present(family.first.jti, access=10)
    family.present(new_id(), access=9000)
    (key,) = client.keys("*revoked:*")
    assert 5000 + 86_400 - 5 < client.ttl(key) <= 5000 + 86_400


def test_an_index_forgets_sessions_that_expired(store: RedisStore, client: Any) -> None:
    family = Family(store, lambda: int(time.time()))
    family.start()
    lasting = Family(store, family.now, subject=family.subject)
    client.delete(*client.keys("*session:" + "?" * 16))
    lasting.start()
    assert [listed.session for listed in family.listed()] == [lasting.session]
    (index,) = client.keys("*sessions:*")
    assert client.zcard(index) == 1


def test_a_server_that_is_not_there_yet_is_used_once_it_is(tmp_path: Path) -> None:
    server = RealServer(find_valkey(), tmp_path / "data")
    store = store_of(server)
    with pytest.raises(Unavailable):
        store.next_instant(new_id())
    with running(server):
        assert is_good(store)
