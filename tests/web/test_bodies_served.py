"""What real servers pass on: long tokens, and chunked bodies as they come or collected."""

import http.client
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests

from flask_tokenguard.jose.compact import LONGEST_TOKEN

from ..kit.loopback import free_port
from ..support import bearer

ROOT = Path(__file__).parents[2]
APP = "tests.stores.served_app:make_app"
COMMANDS = {
    "gunicorn": ["gunicorn", "--no-control-socket", "--bind", "127.0.0.1:{port}", f"{APP}()"],
    "waitress": ["waitress", "--listen", "127.0.0.1:{port}", "--call", APP],
}
PATIENCE = 60.0


@pytest.fixture(scope="module", params=COMMANDS)
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve an app with our endpoints, and end the server by its own pid."""
    folder, port = tmp_path_factory.mktemp("served"), free_port()
    environment = {
        **os.environ,
        "FLASK_TOKENGUARD_KEY": secrets.token_urlsafe(48),
        "FLASK_TOKENGUARD_STORAGE_URI": f"sqlite:///{folder / 'store.db'}",
    }
    command = [sys.executable, "-m", *(part.format(port=port) for part in COMMANDS[request.param])]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603 - our own app
            command, cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            _wait_for(port)
            yield port
        finally:
            server.terminate()
            server.wait(PATIENCE)


def _wait_for(port: int) -> None:
    give_up_at = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionError:
            assert time.monotonic() < give_up_at, "the server did not start"
            time.sleep(0.05)
        else:
            return


def _post(port: int, *chunks: bytes) -> tuple[int, bytes]:
    """Send chunks to the token endpoint as a form, without a length."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Transfer-Encoding": "chunked"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("POST", "/token", iter(chunks), headers, encode_chunked=True)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_the_longest_token_arrives(port: int) -> None:
    headers = bearer("x" * LONGEST_TOKEN)
    answer = requests.get(f"http://127.0.0.1:{port}/notes", headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_a_chunked_refresh_is_served(port: int) -> None:
    login = requests.post(f"http://127.0.0.1:{port}/login", timeout=PATIENCE)
    grant = {"grant_type": "refresh_token", "refresh_token": login.json()["refresh_token"]}
    body = urlencode(grant).encode()
    assert _post(port, body[:20], body[20:])[0] == 200


def test_a_large_chunked_body_is_refused_in_json(port: int) -> None:
    status, body = _post(port, b"grant_type=refresh_token&", b"x" * 32_768)
    assert (status, b'"invalid_request"' in body) == (413, True)


@pytest.mark.parametrize("length", ["-1", "x", "5, 6", "9" * 400])
def test_a_length_that_is_none_is_no_server_error(port: int, length: str) -> None:
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        lines = ["POST /token HTTP/1.1", "Host: localhost", f"Content-Length: {length}", "", "a=b"]
        connection.sendall("\r\n".join(lines).encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(12).startswith(b"HTTP/1.1 4")


def test_a_broken_chunk_is_no_server_error(port: int) -> None:
    kind = "Content-Type: application/x-www-form-urlencoded"
    lines = ["POST /token HTTP/1.1", "Host: localhost", kind, "Transfer-Encoding: chunked", ""]
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall("\r\n".join([*lines, "x", "a=b", "0", "", ""]).encode())
        assert connection.recv(12).startswith(b"HTTP/1.1 4")
