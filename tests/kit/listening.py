"""Servers of real sockets, for answers that no real server gives."""

import socket
import threading
from typing import Self


class Listening:
    """Listens on loopback until it is left, and serves each connection in a thread."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.connections = 0
        self._is_open = True
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_open = False
        # A connection of our own ends the wait for one.
        with socket.socket() as last:
            last.connect(("127.0.0.1", self.port))
        self._hang_up()
        for thread in self._threads:
            thread.join(30)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            if not self._is_open:
                connection.close()
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        """Serve one connection, and close it."""
        raise NotImplementedError

    def _hang_up(self) -> None:
        """Close what would not end by itself."""
