"""What a store makes of a server that is away: what the tests share."""

import time

from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.testing.stores import new_id

from ...servers import RealServer

# For the tests of what hangs; the others are as patient as a busy machine needs.
TIMEOUT, PATIENCE = 0.3, 10.0


def store_of(
    server: RealServer, *, prefix: str = "tokenguard:", timeout: float = PATIENCE
) -> RedisStore:
    return RedisStore(f"redis://127.0.0.1:{server.port}", prefix=prefix, timeout=timeout)


def in_an_hour() -> int:
    return int(time.time()) + 3600


def is_good(store: RedisStore) -> bool:
    return not store.standing(new_id(), None, new_id()).is_revoked
