"""An app on a SQLite file, preloaded by gunicorn and served by several workers."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
import requests

from ...support import ROOT, bearer

WORKERS = 3
PATIENCE = 60.0


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the app on a free loopback port, and end the server by its own pid."""
    folder = tmp_path_factory.mktemp("served")
    environment = {
        **os.environ,
        "FLASK_TOKENGUARD_KEY": secrets.token_urlsafe(48),
        "FLASK_TOKENGUARD_STORAGE_URI": f"sqlite:///{folder / 'store.db'}",
        "FLASK_TOKENGUARD_STORAGE_TIMEOUT": "30",
    }
    with socket.socket() as listening, (folder / "log").open("wb") as log:
        listening.bind(("127.0.0.1", 0))
        listening.listen(256)
        number = listening.fileno()
        command = [
            *(sys.executable, "-m", "gunicorn", "--preload", "--workers", str(WORKERS)),
            *("--bind", f"fd://{number}", "--no-control-socket"),
            "tests.stores.served_app:make_app()",
        ]
        server = subprocess.Popen(  # noqa: S603 - our own app
            command, cwd=ROOT, env=environment, pass_fds=[number], stdout=log, stderr=log
        )
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.terminate()
            server.wait(PATIENCE)


def log_in(url: str) -> dict[str, str]:
    answer = requests.post(f"{url}/login", timeout=PATIENCE)
    assert answer.status_code == 200
    pair: dict[str, str] = answer.json()
    return pair


def ask_every_worker(url: str, access_token: str) -> dict[str, set[int]]:
    """Show a token until every worker has answered; give the answers of each."""
    answers: dict[str, set[int]] = {}
    give_up_at = time.monotonic() + PATIENCE

    def ask(_: int) -> requests.Response:
        return requests.get(f"{url}/notes", headers=bearer(access_token), timeout=PATIENCE)

    with ThreadPoolExecutor(8) as pool:
        while len(answers) < WORKERS:
            assert time.monotonic() < give_up_at, f"only {set(answers)} answered"
            for answer in pool.map(ask, range(24)):
                answers.setdefault(answer.headers["X-Worker"], set()).add(answer.status_code)
    return answers


def refresh(url: str, refresh_token: str) -> requests.Response:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return requests.post(f"{url}/token", data=form, timeout=PATIENCE)


def jti_of(token: str) -> str:
    claims: dict[str, str] = jwt.decode(token, options={"verify_signature": False})
    return claims["jti"]


def test_every_worker_accepts_what_one_issued(url: str) -> None:
    answers = ask_every_worker(url, log_in(url)["access_token"])
    assert list(answers.values()) == [{200}] * WORKERS


def test_every_worker_refuses_what_one_revoked(url: str) -> None:
    token = log_in(url)["access_token"]
    ask_every_worker(url, token)
    answer = requests.post(f"{url}/logout", headers=bearer(token), timeout=PATIENCE)
    assert answer.status_code == 200
    answers = ask_every_worker(url, token)
    assert list(answers.values()) == [{401}] * WORKERS


def test_workers_give_one_successor_to_all_refreshing_at_once(url: str) -> None:
    token = log_in(url)["refresh_token"]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: refresh(url, token), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({jti_of(answer.json()["refresh_token"]) for answer in answers}) == 1


def test_a_successor_spent_in_a_worker_ends_the_session_in_all(url: str) -> None:
    pair = log_in(url)
    successor = refresh(url, pair["refresh_token"]).json()
    assert refresh(url, successor["refresh_token"]).status_code == 200
    reused = refresh(url, pair["refresh_token"])
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    answers = ask_every_worker(url, successor["access_token"])
    assert list(answers.values()) == [{401}] * WORKERS
