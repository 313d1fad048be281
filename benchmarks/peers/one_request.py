"""One process, one app, one request: `python -m benchmarks.peers.one_request NAME SECRET TOKEN`.

It imports what its app needs and no more, and prints what that took: the CPU seconds of the whole
process, and the most memory that it had, in MiB.
"""

import resource
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask

_STATUS = Path("/proc/self/status")
_TO_MIB = 1024 * (1024 if sys.platform == "darwin" else 1)


def main() -> None:
    """Make the app, serve the request, print the figures."""
    name, secret, token = sys.argv[1:]
    ask(make_app(name, secret), token)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime, most_memory(used.ru_maxrss))


def most_memory(reported: int) -> float:
    """Give the most memory that this process had, in MiB."""
    if not _STATUS.exists():
        return reported / _TO_MIB
    # What Linux reports otherwise counts the parent, as it was when it forked, in.
    (peak,) = (line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def make_app(name: str, secret: str) -> Flask:
    """Make one of the peers' apps, with a secret for HS256."""
    peer: Any = import_module(f"benchmarks.peers.{name}")
    if name == "bare":
        app: Flask = peer.make_app()
    elif name == "ours":
        app = peer.make_app(KEY=secret)
    else:
        signing_keys = import_module("benchmarks.peers.signing_keys")
        app = peer.make_app(signing_keys.SigningKey("HS256", secret))
    return app


def ask(app: Flask, token: str) -> None:
    """Serve one request, which must be allowed."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = app.test_client().get("/note", headers=headers)
    assert answer.status_code == 200, answer.status


if __name__ == "__main__":
    main()
