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

from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey

from ..fetching.servers import KeyServer, answering, head
from ..jose.tokens import signed
from ..support import ROOT, bearer

ISSUER = "https://id.example/"


@pytest.fixture
def key(private_keys: dict[str, PrivateKey]) -> Key:
    return Key(private_keys["ES256"])


@pytest.fixture
def key_server(key: Key) -> Iterator[KeyServer]:
    body = json.dumps({"keys": [key.public_jwk()]}).encode()
    with KeyServer(answering(head(size=len(body)) + body)) as server:
        yield server


@pytest.fixture
def url(key_server: KeyServer) -> Iterator[str]:
    """Serve the app with two workers, and end them by the server's own pid."""
    entry = {"audience": "notes-api", "jwks_url": key_server.url()}
    environment = {
        **os.environ,
        "FLASK_TOKENGUARD_ISSUERS": json.dumps({ISSUER: entry}),
        "FLASK_TOKENGUARD_ALLOW_INSECURE_HTTP": "true",
    }
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


def test_each_worker_fetches_the_keys_for_itself(url: str, key: Key, key_server: KeyServer) -> None:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "notes-api", "sub": "a", "client_id": "b", "jti": "1"}
    header = {"alg": key.alg, "kid": key.kid, "typ": "at+jwt"}
    token = signed(key, claims | {"iat": now, "exp": now + 600}, header)
    workers: set[str] = set()
    until = time.monotonic() + 60
    while len(workers) < 2 and time.monotonic() < until:
        answer = requests.get(url, headers=bearer(token), timeout=60)
        assert answer.status_code == 200
        workers.add(answer.text)
    assert (len(workers), key_server.connections) == (2, 2)
