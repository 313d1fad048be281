"""Servers for a whole run, each started when a test first asks for it; see `servers`."""

import gc
import secrets
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from flask_tokenguard.stores import waiting
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.stores.sql import store as sql_store

from .databases import Database, MariaDB, PostgreSQL
from .databases import running as running_database
from .servers import RealServer, find_redis, find_valkey, has_redis, has_valkey, running
from .topologies import Cluster, Replicated, clustered, replicated

PASSWORD = "corr:ct/h@rse?#%"


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test has."""
    return f"p{secrets.token_hex(8)}:"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> float:
    """Let a store without a timeout of its own wait for as long as a busy machine needs."""
    defaults = RedisStore.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout", 10.0)
    monkeypatch.setattr(sql_store, "_TIMEOUT", 10.0)
    return 10.0


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> float:
    """Let a store ask a server that failed again after half a second."""
    monkeypatch.setattr(waiting, "_PAUSE", 0.5)
    return 0.5


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Collect no circles, after those that other tests have left."""
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A Valkey with a password full of special characters."""
    server = RealServer(find_valkey(), tmp_path_factory.mktemp("valkey"), password=PASSWORD)
    with running(server):
        yield server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """The machine's Redis."""
    server = RealServer(find_redis(), tmp_path_factory.mktemp("redis"))
    with running(server):
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Database]:
    """The machine's PostgreSQL."""
    with running_database(PostgreSQL) as database:
        yield database


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Database]:
    """The machine's MariaDB."""
    with running_database(MariaDB) as database:
        yield database


@pytest.fixture(params=["postgresql", "mariadb"])
def database(request: pytest.FixtureRequest) -> Database:
    """Each of both, for a test on both."""
    found: Database = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["memory", "sqlite", "valkey", "redis", "postgresql", "mariadb"])
def store_uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URI of each kind of store, for a test on all of them."""
    if request.param == "valkey":
        port = request.getfixturevalue("valkey").port
        return f"valkey://:{quote(PASSWORD, safe='')}@127.0.0.1:{port}"
    if request.param == "redis":
        return f"redis://127.0.0.1:{request.getfixturevalue('redis_server').port}"
    if request.param in ("postgresql", "mariadb"):
        return str(request.getfixturevalue(request.param).uri)
    return {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path}/tokens.db"}[request.param]


@pytest.fixture(scope="session")
def tls_server(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[RealServer]:
    """The machine's Redis, over TLS alone."""
    server = RealServer(find_redis(), tmp_path_factory.mktemp("tls"), tls=certificate)
    with running(server):
        yield server


@pytest.fixture(scope="package")
def sentinels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    """A master, its replica and two sentinels."""
    with replicated(find_valkey(), tmp_path_factory.mktemp("sentinels")) as found:
        yield found


@pytest.fixture(scope="package")
def tls_sentinels(
    tmp_path_factory: pytest.TempPathFactory, certificate: Path
) -> Iterator[Replicated]:
    """The same of the machine's Redis, over TLS alone."""
    with replicated(find_redis(), tmp_path_factory.mktemp("tls"), tls=certificate) as found:
        yield found


@pytest.fixture(scope="package")
def begun_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of three nodes, which need a while."""
    with clustered(find_valkey(), tmp_path_factory.mktemp("cluster")) as begun:
        yield begun


@pytest.fixture(scope="package")
def begun_tls_cluster(
    tmp_path_factory: pytest.TempPathFactory, certificate: Path
) -> Iterator[Cluster]:
    """The same of the machine's Redis, over TLS alone."""
    with clustered(find_redis(), tmp_path_factory.mktemp("tls"), tls=certificate) as begun:
        yield begun


@pytest.fixture(scope="package")
def clusters_begin(request: pytest.FixtureRequest) -> None:
    """Begin both, so that they become ready while other tests run."""
    if has_valkey():
        request.getfixturevalue("begun_cluster")
    if has_redis():
        request.getfixturevalue("begun_tls_cluster")


@pytest.fixture(scope="package")
def cluster(begun_cluster: Cluster) -> Cluster:
    """A cluster of three nodes."""
    return begun_cluster.wait()


@pytest.fixture(scope="package")
def tls_cluster(begun_tls_cluster: Cluster) -> Cluster:
    """A cluster of Redis over TLS."""
    return begun_tls_cluster.wait()
