"""A TCP proxy on loopback that delays, drops, cuts, repeats, or is away."""

import contextlib
import secrets
import socket
import threading
import time
from itertools import count
from typing import Literal, Self

Fault = Literal["delay", "drop", "cut", "twice", "away"]
FAULTS: tuple[Fault, ...] = ("delay", "drop", "cut", "twice", "away")
_DELAY = 0.03
_ONE_IN = 8


class Proxy:
    """Passes on what clients and a server send each other, until it is left.

    Attributes:
        fault: What befalls connections and replies from now on: `delay` delays each reply, the
            others befall one in eight: `drop` is no reply, `cut` half of one, `twice` two of them;
            while it is `away` no connection lasts.
        faults: Which of them the server behind it knows how to meet.
        counts: How often each befell one.
        servers: The servers' ports, which take connections in turn; it may be changed.
    """

    def __init__(self, *servers: int, faults: tuple[Fault, ...] = FAULTS) -> None:
        self.fault: Fault | None = None
        self.faults = faults
        self.counts: dict[Fault, int] = dict.fromkeys(FAULTS, 0)
        self.servers = [*servers]
        self._turns = count()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listening.getsockname()[1]
        self._is_open = True
        self._sockets: set[socket.socket] = set()
        self._accepting = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_open = False
        # A connection of our own ends the wait for one.
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            pass
        self._accepting.join(30)
        self._listening.close()
        self._close_all()

    def go_away(self) -> None:
        """Refuse connections from now on, and end those that there are."""
        self.fault = "away"
        self._close_all()

    def _close_all(self) -> None:
        for each in list(self._sockets):
            _shut(each)

    def _accept(self) -> None:
        while True:
            client, _ = self._listening.accept()
            if not self._is_open or self.fault == "away":
                self.counts["away"] += 1
                client.close()
                if not self._is_open:
                    return
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            servers = self.servers
            port = servers[next(self._turns) % len(servers)]
            server = socket.create_connection(("127.0.0.1", port))
            with server:
                self._connect(client, server)

    def _connect(self, client: socket.socket, server: socket.socket) -> None:
        both = {client, server}
        self._sockets |= both
        for each in both:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        asking = threading.Thread(target=self._ask, args=(client, server), daemon=True)
        asking.start()
        self._reply(server, client)
        _shut(client)
        _shut(server)
        asking.join()
        self._sockets -= both

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while octets := client.recv(65536):
                server.sendall(octets)
        _shut(server)

    def _reply(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while octets := server.recv(65536):
                fault = self._befalling()
                if fault == "drop":
                    return
                if fault == "delay":
                    time.sleep(_DELAY)
                client.sendall(octets[: len(octets) // 2] if fault == "cut" else octets)
                if fault == "cut":
                    return
                if fault == "twice":
                    client.sendall(octets)

    def _befalling(self) -> Fault | None:
        fault = self.fault
        if fault is None or (fault != "delay" and secrets.randbelow(_ONE_IN)):
            return None
        self.counts[fault] += 1
        return fault


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
