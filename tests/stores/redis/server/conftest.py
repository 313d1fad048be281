"""What a store makes of a server that is away: fixtures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flask_tokenguard.stores.redis.store import RedisStore

from ...servers import DURABLE, RealServer, find_valkey, running
from .support import store_of


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    """A server of this test's own, that forgets nothing that it acknowledged."""
    server = RealServer(find_valkey(), tmp_path / "data", *DURABLE)
    with running(server):
        yield server


@pytest.fixture(scope="module")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """The same for all tests that do not ask for a server of their own."""
    server = RealServer(find_valkey(), tmp_path_factory.mktemp("durable"), *DURABLE)
    with running(server):
        yield server


@pytest.fixture
def used_server(request: pytest.FixtureRequest) -> RealServer:
    """The test's own server, or else the one of all, emptied."""
    if "server" in request.fixturenames:
        own: RealServer = request.getfixturevalue("server")
        return own
    durable: RealServer = request.getfixturevalue("durable")
    with durable.client() as client:
        client.flushall()
    return durable


@pytest.fixture
def store(used_server: RealServer) -> RedisStore:
    return store_of(used_server)


@pytest.fixture
def client(used_server: RealServer) -> Iterator[Any]:
    """A view of the server past the store."""
    with used_server.client() as client:
        yield client
