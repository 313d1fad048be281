"""An app behind gunicorn, with two workers whose memory is read, and one of which is killed."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

from ..support import ROOT

WORKERS, THREADS = 2, 4
_PATIENCE = 60.0


class Gunicorn:
    """A server under load, known by its own pid."""

    def __init__(self, pid: int, port: int, log: Path) -> None:
        self.port = port
        self.log = log
        self._pid = pid

    def workers(self) -> list[int]:
        """List the workers' pids, the oldest first."""
        children = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()
        return sorted(map(int, children), key=_started)

    def kill_newest(self) -> bool:
        """End the newest worker as a power cut would, unless one is missing as yet."""
        workers = self.workers()
        if len(workers) < WORKERS:
            return False
        with suppress(ProcessLookupError):
            os.kill(workers[-1], signal.SIGKILL)
        return True

    def memory(self) -> float:
        """Return what the oldest worker has in memory, in MB."""
        status = Path(f"/proc/{self.workers()[0]}/status").read_text()
        (resident,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(resident.split()[1]) / 1024


@contextmanager
def serving(folder: Path, settings: Mapping[str, str]) -> Iterator[Gunicorn]:
    """Serve the app on a free port of loopback, and end the server by its own pid."""
    environment = {
        **os.environ,
        **{f"FLASK_TOKENGUARD_{name}": settings[name] for name in settings},
    }
    log = folder / "gunicorn.log"
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening, log.open("wb") as out:
        command = [
            *(sys.executable, "-m", "gunicorn", "--preload", "--no-control-socket"),
            *("--workers", str(WORKERS), "--threads", str(THREADS), "--graceful-timeout", "5"),
            *("--bind", f"fd://{listening.fileno()}", "tests.stores.served_app:make_app()"),
        ]
        server = subprocess.Popen(  # noqa: S603 - our own app
            command,
            cwd=ROOT,
            env=environment,
            pass_fds=[listening.fileno()],
            stdout=out,
            stderr=out,
        )
        try:
            port = listening.getsockname()[1]
            _wait_for_answer(port)
            yield Gunicorn(server.pid, port, log)
        finally:
            server.terminate()
            server.wait(_PATIENCE)


def _wait_for_answer(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    with closing(connection):
        connection.request("GET", "/notes")
        assert connection.getresponse().status == 401


def _started(pid: int) -> int:
    try:
        # The name, the second field, may hold anything but ends in the last parenthesis.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except FileNotFoundError:
        return sys.maxsize
