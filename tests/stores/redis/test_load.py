"""Many at once: processes that rotate one token, and a server that is killed under load."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.testing.stores import Family

from ..crowd import PROCESSES, Load, now, rotate_in_all
from ..servers import DURABLE, RealServer, find_redis, find_valkey, running

soak = pytest.mark.soak


@pytest.mark.parametrize("rounds", [20, pytest.param(1000, marks=soak)])
def test_of_many_processes_that_rotate_one_token_one_wins(
    redis_server: RealServer, rounds: int
) -> None:
    uri = f"redis://127.0.0.1:{redis_server.port}"
    family = Family(RedisStore(uri), now)
    family.start()
    for outcomes in rotate_in_all(uri, family, rounds):
        assert outcomes == {"advanced": 1, "repeated": PROCESSES - 1}


@pytest.mark.parametrize("find", [find_valkey, find_redis])
@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=soak)])
def test_a_server_killed_under_load_keeps_what_it_acknowledged(
    tmp_path: Path, find: Callable[[], str], kills: int
) -> None:
    server = RealServer(find(), tmp_path, *DURABLE)
    store = RedisStore(f"redis://127.0.0.1:{server.port}")
    with running(server):
        load = Load(store)
        with load.going_on():
            for _ in range(kills):
                time.sleep(0.2)
                server.kill()
                time.sleep(0.05)
                server.start()
        assert set(load.seen) == {"revoked", "advanced", "unavailable"}
        assert load.seen["revoked"] > kills
        assert load.seen["advanced"] > kills
        standings = [store.standing(jti, None, subject) for jti, subject in load.revoked]
        assert all(standing.is_revoked for standing in standings)
        assert len({standing.epoch for standing in standings}) == 1
    print(dict(load.seen))
