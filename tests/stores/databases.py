"""Real database servers on free loopback ports, each in a folder of its own, ended by its own pid.

They run as a user without rights: the tests' own, or Debian's for such a server where that is root.
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from flask_tokenguard.stores.sql import statements
from flask_tokenguard.stores.sql.store import SQLStore

from ..kit.loopback import free_port
from ..support import SettableClock
from .servers import give_up

_PATIENCE = 60.0
_POSTGRESQL = Path("/usr/lib/postgresql")
# A disk that syncs would take most of the time; a container may have little of this.
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folders in it have names of their own
_ROOM = 2**30


class Database(ABC):
    """A server process with an empty database, that can be stopped, killed and started again.

    Attributes:
        user: The account that it runs as where the tests run as root.
        end: The signal after which nothing of it is left in the system.
    """

    user: str
    end: signal.Signals

    def __init__(self) -> None:
        self.port = free_port()
        # pytest's folders are for their owner alone.
        self.folder = Path(tempfile.mkdtemp(dir=_MEMORY if _has_room(_MEMORY) else None))
        self._is_root = os.geteuid() == 0
        if self._is_root:
            shutil.chown(self.folder, self.user)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def uri(self) -> str:
        """The URI of its database."""

    @property
    @abstractmethod
    def socket_uri(self) -> str:
        """The same by a socket in its folder."""

    @abstractmethod
    def prepare(self) -> None:
        """Make its data."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """What starts it."""

    def uri_of(self, user: str) -> str:
        """Make a user without rights and without a password; return the URI of that user."""
        host = "@'127.0.0.1'" if self.user == "mysql" else ""
        self.run(f"CREATE USER {user}{host}")
        scheme, _, rest = self.uri.partition("://")
        return f"{scheme}://{user}@{rest.partition('@')[2]}"

    def grant(self, rights: str, table: str, user: str) -> None:
        """Grant a user rights on a table."""
        host = "@'127.0.0.1'" if self.user == "mysql" else ""
        self.run(f"GRANT {rights} ON {table} TO {user}{host}")

    def engine(self) -> Engine:
        """Make an engine of the tests, without a pool."""
        return create_engine(self.uri, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def run(self, statement: str) -> Any:
        """Run a statement; return its rows, if it has any."""
        with self.engine().connect() as connection:
            found = connection.exec_driver_sql(statement)
            return found.all() if found.returns_rows else None

    def start(self) -> None:
        """Start the process, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a server of this machine
                self.command(), stdout=log, stderr=log, **self._as_user()
            )
        give_up_at = time.monotonic() + _PATIENCE
        while True:
            with suppress(DBAPIError):
                self.run("SELECT 1")
                return
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < give_up_at, "it does not answer"
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to the processes that it started."""
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop it, as a machine that hangs."""
        self.signal(signal.SIGSTOP)
        give_up_at = time.monotonic() + _PATIENCE
        while not all(map(_is_stopped, self._pids())):
            assert time.monotonic() < give_up_at, "it does not stop"
            time.sleep(0.001)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        pids = self._pids()
        self.signal(signal.SIGKILL)
        self._process.wait()
        self._process = None
        give_up_at = time.monotonic() + _PATIENCE
        while any(_runs(pid) for pid in pids):
            assert time.monotonic() < give_up_at, "its processes do not end"
            time.sleep(0.005)

    def drop(self) -> None:
        """Leave nothing behind."""
        if self._process is not None:
            self._process.send_signal(self.end)
            self._process.wait(_PATIENCE)
        shutil.rmtree(self.folder)

    def _pids(self) -> list[int]:
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        return [pid, *map(int, children.read_text().split())] if children.exists() else [pid]

    def _as_user(self) -> dict[str, Any]:
        return {"user": self.user, "group": self.user, "extra_groups": []} if self._is_root else {}

    def _call(self, *command: str) -> None:
        with (self.folder / "log").open("ab") as log:
            subprocess.run(  # noqa: S603 - a server of this machine
                command, stdout=log, stderr=log, check=True, cwd=self.folder, **self._as_user()
            )


class ServerClock(SettableClock):
    """A server's clock as the stores see it whose tables have a prefix; see `movable`.

    Attributes:
        prefix: What the names of these tables begin with.
    """

    def __init__(self, database: Database, *, ahead: float = 0.0) -> None:
        self.prefix = f"t{secrets.token_hex(6)}_"
        super().__init__(time.time())
        self._database = database
        self._ahead = 0.0
        database.run(f"CREATE TABLE {self.prefix}ahead AS SELECT 0 AS millis")
        self.set_ahead(ahead)

    def __call__(self) -> float:
        return time.time() + self._ahead

    @property
    def now(self) -> float:
        return self()

    @now.setter
    def now(self, now: float) -> None:
        self.set_ahead(now - time.time())

    def set_ahead(self, seconds: float) -> None:
        """Set it so far ahead of the machine's."""
        self._ahead = seconds
        self._database.run(f"UPDATE {self.prefix}ahead SET millis = {round(seconds * 1000)}")  # noqa: S608 - our own names

    def open(self, timeout: float = 60) -> SQLStore:
        """Open a store that goes by it."""
        store = SQLStore(self._database.uri, prefix=self.prefix, timeout=timeout, clock=self)
        link = store._links.get()
        moved = f"({link._dialect.now} + (SELECT millis FROM {self.prefix}ahead))"  # noqa: S608 - as above
        link.use(link._dialect._replace(now=moved))
        return store

    def drop_rows(self) -> None:
        """Lose all that stores have written."""
        for table in statements.TABLES:
            self._database.run(f"DELETE FROM {self.prefix}{table}")  # noqa: S608 - as above


def _has_room(folder: Path) -> bool:
    return folder.is_dir() and shutil.disk_usage(folder).free > _ROOM


def _runs(pid: int) -> bool:
    return _state(Path(f"/proc/{pid}")) not in ("Z", "")


def _is_stopped(pid: int) -> bool:
    """Return whether all threads of a process have stopped, or ended."""
    return all(_state(thread) in ("T", "Z", "") for thread in Path(f"/proc/{pid}/task").glob("*"))


def _state(process: Path) -> str:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


class PostgreSQL(Database):
    """PostgreSQL, whose programs Debian keeps apart by their version."""

    user = "postgres"
    end = signal.SIGINT

    @property
    def uri(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def socket_uri(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}&port={self.port}"

    def prepare(self) -> None:
        options = ("--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8")
        self._call(_postgresql("initdb"), "-D", str(self.folder / "data"), *options)

    def command(self) -> Sequence[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            # Which would outlast a server that is killed.
            "dynamic_shared_memory_type": "mmap",
            "shared_buffers": "16MB",
            "max_connections": 400,
            # Stricter than what is committed, as MariaDB's own default is.
            "default_transaction_isolation": "repeatable read",
        }
        given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [_postgresql("postgres"), "-D", str(self.folder / "data"), *given]


class MariaDB(Database):
    """MariaDB."""

    user = "mysql"
    end = signal.SIGKILL

    @property
    def uri(self) -> str:
        return f"mariadb+pymysql://app@127.0.0.1:{self.port}/app"

    @property
    def socket_uri(self) -> str:
        return f"mariadb+pymysql://app@localhost/app?unix_socket={self.folder}/socket"

    def prepare(self) -> None:
        first = self.folder / "first.sql"
        first.write_text(
            "CREATE DATABASE app;\nCREATE USER app@'127.0.0.1', app@localhost;\n"
            "GRANT ALL ON *.* TO app@'127.0.0.1', app@localhost WITH GRANT OPTION;\n"
        )
        first.chmod(0o644)
        program = _mariadb("mariadb-install-db")
        data = f"--datadir={self.folder / 'data'}"
        self._call(program, "--no-defaults", data, "--auth-root-authentication-method=normal")

    def command(self) -> Sequence[str]:
        options = {
            "datadir": self.folder / "data",
            "bind-address": "127.0.0.1",
            "port": self.port,
            "socket": self.folder / "socket",
            "pid-file": self.folder / "pid",
            "innodb-log-file-size": "8M",
            "innodb-buffer-pool-size": "32M",
            "max-connections": 400,
            # In which an instant of the session's own time zone would be hours away.
            "default-time-zone": "+05:00",
        }
        first = [] if (self.folder / "begun").exists() else [f"--init-file={self.folder}/first.sql"]
        given = [f"--{name}={value}" for name, value in options.items()]
        return [_mariadb("mariadbd"), "--no-defaults", "--skip-name-resolve", *given, *first]

    def start(self) -> None:
        super().start()
        (self.folder / "begun").touch()


def find_postgresql(program: str) -> str | None:
    """Return a program of PostgreSQL, where there is one."""
    return shutil.which(program) or next(
        map(str, sorted(_POSTGRESQL.glob(f"*/bin/{program}"), reverse=True)), None
    )


def _postgresql(program: str) -> str:
    found = find_postgresql(program)
    return found or give_up("there is no PostgreSQL server: apt-get install postgresql")


def _mariadb(program: str) -> str:
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    return found or give_up("there is no MariaDB server: apt-get install mariadb-server")


@contextmanager
def running(kind: type[Database]) -> Iterator[Database]:
    """Make a server, start it, and drop it with its data."""
    server = kind()
    try:
        server.prepare()
        server.start()
        yield server
    finally:
        server.drop()
