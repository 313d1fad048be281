"""Where servers listen on this machine."""

import os
import random
import socket
from contextlib import suppress
from itertools import cycle

# Below what systems take for connections (RFC 6335 section 6; Linux begins at 32768).
_PORTS = range(20_000, 32_000)


def _own_ports() -> list[int]:
    """Shuffle those of this process: each of pytest-xdist's workers has others."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports = _PORTS[worker::workers]
    return random.SystemRandom().sample(ports, len(ports))


_ports = cycle(_own_ports())


def free_port() -> int:
    """Name a port that nobody uses, and that no other server of these tests was named.

    Not one that the system would give to a connection: one of the many that are made meanwhile
    could have taken it before the server starts, or starts again.
    """
    while True:
        port = next(_ports)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
