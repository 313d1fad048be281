"""The contract on one server, in all the ways to reach one."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import quote

import pytest

from flask_tokenguard.stores.base import Store
from flask_tokenguard.stores.redis import scripts
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.testing.stores import AtAnotherTime, StoreContract

from ..conftest import PASSWORD
from ..places import ahead
from ..servers import RealServer
from ..topologies import Cluster, Replicated

pytestmark = pytest.mark.usefixtures("clusters_begin")

OpenOnce = Callable[[str, str], Store]


@pytest.fixture(scope="module")
def open_once() -> OpenOnce:
    """Open a store by its URI and a name; the tests of one URI share stores, keys and connections.

    The ids of each test are its own.
    """
    prefix = f"{secrets.token_hex(8)}:"
    return cache(lambda uri, _name: RedisStore(uri, prefix=prefix))


class RedisContract(StoreContract):
    """The contract for a store that is reached at `uri`."""

    @pytest.fixture
    def store(self, uri: str, open_once: OpenOnce) -> Store:
        return open_once(uri, "store")

    @pytest.fixture
    def beside(self, uri: str, open_once: OpenOnce) -> Store:
        return open_once(uri, "beside")

    @pytest.fixture
    def at_another_time(self, monkeypatch: pytest.MonkeyPatch) -> AtAnotherTime:
        @contextmanager
        def at_another_time(seconds: float) -> Iterator[None]:
            with monkeypatch.context() as patch:
                for name in ("NEXT_INSTANT", "START_SESSION", "ADVANCE", "END_SUBJECT"):
                    patch.setattr(scripts, name, ahead(getattr(scripts, name), seconds))
                yield

        return at_another_time


class TestValkey(RedisContract):
    @pytest.fixture
    def uri(self, valkey: RealServer) -> str:
        return f"valkey://:{quote(PASSWORD, safe='')}@127.0.0.1:{valkey.port}/3"


class TestRedis(RedisContract):
    @pytest.fixture
    def uri(self, redis_server: RealServer) -> str:
        return f"redis://127.0.0.1:{redis_server.port}"


class TestRedisOverTls(RedisContract):
    @pytest.fixture
    def uri(self, tls_server: RealServer, certificate: Path) -> str:
        return f"rediss://127.0.0.1:{tls_server.port}/0?ssl_ca_certs={quote(str(certificate))}"


class TestValkeySentinels(RedisContract):
    @pytest.fixture
    def uri(self, sentinels: Replicated) -> str:
        return sentinels.uri


class TestValkeyCluster(RedisContract):
    @pytest.fixture
    def uri(self, cluster: Cluster) -> str:
        return cluster.uri
