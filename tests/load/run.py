"""A run of all: an app on a store, its clients, and what happens meanwhile."""

import json
import time
from contextlib import ExitStack
from pathlib import Path

from flask_tokenguard.keys import ring_files
from flask_tokenguard.testing import LoopbackIssuer

from .chaos import Chaos
from .ledger import Ledger
from .proxy import Proxy
from .served import Gunicorn, serving
from .traffic import Client, going_on

_CLIENTS = 4
# In MB; what is remembered of tokens has its bounds.
_MOST_GROWTH = 8.0
# After this part of a run all that is remembered is, but at most after five minutes.
_WARM_AFTER, _LONGEST_WARMING = 1 / 3, 300.0
_DAY = 86_400
_SETTINGS = {
    "ACCESS_TOKEN_LIFETIME": "120",
    "REFRESH_TOKEN_LIFETIME": "300",
    "SESSION_LIFETIME": "7200",
    "REFRESH_GRACE": "120",
    "ALLOW_INSECURE_HTTP": "true",
}


def run(folder: Path, uri: str, seconds: float, *, store: Proxy | None, timeout: int) -> None:
    """Let clients go on for a while, and check all that they were answered.

    Args:
        folder: For the ring and the log.
        uri: The store's.
        seconds: For how long.
        store: The proxy in front of the store, if it is a server.
        timeout: How long an operation of the store may take, in seconds.
    """
    ring, ledger = folder / "ring", Ledger()
    ring_files.make(ring, alg="ES256", password=None, now=int(time.time()))
    with ExitStack() as stack:
        provider = stack.enter_context(LoopbackIssuer())
        provider.max_age = 2
        settings = {
            **_SETTINGS,
            "KEYRING": str(ring),
            "ISSUERS": json.dumps({provider.url: provider.entry}),
            "STORAGE_URI": uri,
            "STORAGE_TIMEOUT": str(timeout),
        }
        app = stack.enter_context(serving(folder, settings))
        front = stack.enter_context(Proxy(app.port))
        chaos = Chaos(app, ledger, front=front, store=store, provider=provider, ring=ring)
        # A token of another issuer counts as older than a store that began in the same second.
        time.sleep(1.1)
        token = provider.token(lifetime=_DAY)
        clients = [Client((app.port, front.port), ledger, token) for _ in range(_CLIENTS)]
        with going_on(clients, ledger):
            chaos.go_on(seconds)
        time.sleep(3)
        for client in clients:
            client.check_all()
        report(chaos, ledger, front, store)
        assert not ledger.wrong, f"{ledger.wrong}\n{telling_lines(app)}"
        assert growth(chaos) < _MOST_GROWTH


def growth(chaos: Chaos) -> float:
    """Return by how many MB the oldest worker grew since it was warm."""
    seconds = chaos.memory[-1][0]
    warm_at = min(seconds * _WARM_AFTER, _LONGEST_WARMING)
    warm = next(memory for at, memory in chaos.memory if at >= warm_at)
    return chaos.memory[-1][1] - warm


def report(chaos: Chaos, ledger: Ledger, front: Proxy, store: Proxy | None) -> None:
    """Print what pytest shows of a run that is watched, or that failed."""
    for (name, status), count in sorted(ledger.answers.items()):
        print(f"{name}: {count} times {status or 'no answer'}")
    print(f"front: {front.counts}; store: {store and store.counts}; {chaos.kills} workers killed")
    memory = chaos.memory[:: max(1, len(chaos.memory) // 12)]
    print("MB after seconds:", {round(at): round(size, 1) for at, size in memory})
    print(f"grown by {growth(chaos):.1f} MB since it was warm; wrong: {ledger.wrong.total()}")


def telling_lines(app: Gunicorn) -> str:
    """Return the first traceback of the server's log, and its end."""
    log = app.log.read_text(errors="replace")
    _, found, traceback = log.partition("Traceback")
    return "\n".join([found + traceback[:4000], *log.splitlines()[-20:]])
