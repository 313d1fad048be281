"""The contract on one server, in all the ways to reach one."""

from pathlib import Path
from urllib.parse import quote

import pytest

from flask_tokenguard.stores.base import Store
from flask_tokenguard.stores.redis.store import RedisStore

from ..conftest import PASSWORD
from ..contract import StoreContract
from ..servers import RealServer
from ..topologies import Cluster, Replicated


class RedisContract(StoreContract):
    """The contract for a store that is reached at `uri`."""

    @pytest.fixture
    def store(self, uri: str, prefix: str) -> Store:
        return RedisStore(uri, prefix=prefix)

    @pytest.fixture
    def beside(self, uri: str, prefix: str) -> Store:
        return RedisStore(uri, prefix=prefix)


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
