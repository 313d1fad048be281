"""A process that presents one refresh token whenever it is asked to; see `crowd`."""

import secrets
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from flask_tokenguard.stores.base import RefreshState
from flask_tokenguard.stores.uri import open_store


def rotate(uri: str, session: bytes, subject: bytes, pipe: Connection) -> None:
    """Present each token whose id comes, and send what became of it, until the pipe is closed."""
    store = open_store(uri, folder=Path(), prefix="tokenguard:", timeout=30)
    with suppress(EOFError):
        while True:
            advance = store.advance(
                *(session, subject, pipe.recv_bytes()),
                RefreshState(secrets.token_bytes(16), int(time.time()) + 900, "read"),
                grace=60_000,
                access_expires=int(time.time()) + 60,
                origin="",
            )
            pipe.send((advance.outcome, advance.unspent and advance.unspent.jti))
