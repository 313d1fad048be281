"""Where servers listen on this machine."""

import secrets
import socket
from contextlib import suppress

# Below what systems take for connections (RFC 6335 section 6; Linux begins at 32768).
_FIRST_PORT, _PORTS = 20_000, 12_000


def free_port() -> int:
    """Name a port that nobody uses.

    Not one that the system would give to a connection: one of the many that are made meanwhile
    could have taken it before the server starts, or starts again.
    """
    while True:
        port = _FIRST_PORT + secrets.randbelow(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
