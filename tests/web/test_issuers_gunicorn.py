"""Keys under `gunicorn --preload`: the app is made in the parent, its workers fetch the keys."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from flask_tokenguard.testing import LoopbackIssuer

from ..support import ROOT, bearer


@pytest.fixture
def issuer() -> Iterator[LoopbackIssuer]:
    with LoopbackIssuer() as issuer:
        yield issuer


@pytest.fixture
def url(issuer: LoopbackIssuer) -> Iterator[str]:
    """Serve the app with two workers, and end them by the server's own pid."""
    settings = {f"FLASK_{key}": json.dumps(value) for key, value in issuer.settings.items()}
    environment = {**os.environ, **settings}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        command = [
            *(sys.executable, "-m", "gunicorn", "--preload", "--workers", "2"),
            *("--bind", f"fd://{number}", "--no-control-socket"),
            "tests.web.served_api:make_app()",
        ]
        server = subprocess.Popen(  # noqa: S603 - our own app
            command, cwd=ROOT, env=environment, pass_fds=[number], stderr=subprocess.DEVNULL
        )
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            server.terminate()
            server.wait(30)


def test_each_worker_fetches_the_keys_for_itself(url: str, issuer: LoopbackIssuer) -> None:
    headers = bearer(issuer.token())
    workers: set[str] = set()
    until = time.monotonic() + 60
    while len(workers) < 2 and time.monotonic() < until:
        answer = requests.get(url, headers=headers, timeout=60)
        assert answer.status_code == 200
        workers.add(answer.text)
    assert (len(workers), issuer.requests.count("/jwks")) == (2, 2)
