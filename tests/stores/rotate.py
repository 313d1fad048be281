"""A process that presents one refresh token whenever it is told to; see `test_redis_load`."""

import secrets
import sys
import time

from flask_tokenguard.stores.base import RefreshState
from flask_tokenguard.stores.redis.store import RedisStore


def main(uri: str, session: str, subject: str) -> None:
    """Read a token's id from each line, present it, and write what became of it."""
    store = RedisStore(uri, timeout=10)
    for line in sys.stdin:
        advance = store.advance(
            bytes.fromhex(session),
            bytes.fromhex(subject),
            bytes.fromhex(line),
            RefreshState(secrets.token_bytes(16), int(time.time()) + 900, "read"),
            grace=60_000,
            access_expires=int(time.time()) + 60,
            origin="",
        )
        unspent = advance.unspent.jti.hex() if advance.unspent else "-"
        print(advance.outcome, unspent, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
