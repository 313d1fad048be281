"""A rolling deploy: both versions serve, and nobody notices; then the day comes."""

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import jwt
import pytest
import requests

from ..apps.migration.rolling.shared import DAY
from ..load.proxy import Proxy
from ..stores.servers import wait_until
from ..support import ROOT, bearer

SECRET = "jR4vX0s9mQ2wL7tB1nK8yF3dH6pC5zGa"
USERS = 4
REQUESTS = 80
_PATIENCE = 60.0

# The path, the type of the token, and the version that answered.
Seen = Counter[tuple[str, str, str]]
# Each version has to read the tokens of the other.
CROSSINGS = {
    *(("/me", "JWT", "new"), ("/me", "at+jwt", "old")),
    *(("/refresh", "JWT", "new"), ("/refresh", "rt+jwt", "old")),
    *(("/logout", "JWT", "new"), ("/logout", "at+jwt", "old")),
    *(("/password", "JWT", "new"), ("/password", "at+jwt", "old")),
}

pytestmark = pytest.mark.ci


@contextmanager
def serving(version: str, folder: Path) -> Iterator[int]:
    """Serve a version by two workers on a free port of loopback; end it by its own pid."""
    environment = {
        **os.environ,
        "ROLLING_SECRET": SECRET,
        "ROLLING_FOLDER": str(folder),
        "ROLLING_UNTIL": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 2 * DAY)),
    }
    factory = f"tests.apps.migration.rolling.{version}"
    with (
        socket.create_server(("127.0.0.1", 0), backlog=256) as listening,
        (folder / f"{version}.log").open("wb") as log,
    ):
        number, port = listening.fileno(), int(listening.getsockname()[1])
        command = [
            *(sys.executable, "-m", "gunicorn", "--no-control-socket", "--workers", "2"),
            *("--threads", "4", "--bind", f"fd://{number}", f"{factory}:create_app()"),
        ]
        if version == "new":
            command_line = [sys.executable, "-m", "flask", "--app", f"{factory}:create_app"]
            subprocess.run(  # noqa: S603 - our own app
                [*command_line, "tokenguard", "import-revoked", "-"],
                cwd=ROOT,
                env=environment,
                input=b"",
                check=True,
                stdout=log,
                stderr=log,
            )
        server = subprocess.Popen(  # noqa: S603 - our own app
            command, cwd=ROOT, env=environment, pass_fds=[number], stdout=log, stderr=log
        )
        try:
            wait_until(lambda: _answers(port), patience=_PATIENCE)
            yield port
        finally:
            server.terminate()
            server.wait(_PATIENCE)


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/me", timeout=1).status_code == 401
    except requests.RequestException:
        return False


class Refused(Exception):
    """An answer that the old version would not have given."""


class User:
    """A user who logs in, works, refreshes and logs out, over and over."""

    def __init__(self, url: str, name: str, seen: Seen) -> None:
        self._url = url
        self._name = name
        self._seen = seen
        self._random = Random(name)  # noqa: S311 - no secret
        self.faults: list[str] = []
        self.access = self.refresh = ""

    def live(self, is_over: Callable[[], bool]) -> None:
        """Do what comes to mind until it is over, or something is refused."""
        acts = [self.look, self.look, self.look, self.renew, self.renew, self.log_in, self.log_out]
        try:
            self.log_in()
            while not is_over():
                self._random.choice(acts)()
        except Refused as fault:
            self.faults.append(str(fault))

    def log_in(self) -> None:
        answer = self._ask("POST", "/login", json={"name": self._name})
        self.access, self.refresh = answer["access_token"], answer["refresh_token"]
        self._ask("POST", "/password", token=self.access)

    def look(self) -> None:
        if self._ask("GET", "/me", token=self.access)["name"] != self._name:
            raise Refused("it was somebody else")

    def renew(self) -> None:
        """Refresh twice with one token, as clients do that keep it."""
        for _ in range(2):
            self.access = self._ask("POST", "/refresh", token=self.refresh)["access_token"]

    def log_out(self) -> None:
        self._ask("POST", "/logout", token=self.access)
        for _ in range(2):
            self._ask("GET", "/me", token=self.access, status=401)
        self.log_in()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        status: int = 200,
        **options: object,
    ) -> dict[str, str]:
        headers = {"Connection": "close"} | (bearer(token) if token else {})
        answer = requests.request(
            method,
            self._url + path,
            headers=headers,
            timeout=_PATIENCE,
            **options,  # type: ignore[arg-type]  # it is json
        )
        body: dict[str, str] = answer.json()
        kind = jwt.get_unverified_header(token)["typ"] if token else "none"
        if answer.status_code != status:
            raise Refused(f"{method} {path} with {kind}: {answer.status_code} {body}")
        self._seen[path, kind, body.get("version", "refused")] += 1
        return body


def claims_of(token: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims


def test_nobody_notices_a_rolling_deploy_until_the_day_comes(tmp_path: Path) -> None:
    seen: Seen = Counter()
    over = threading.Event()
    with ExitStack() as stack, ExitStack() as before:
        old = before.enter_context(serving("old", tmp_path))
        proxy = stack.enter_context(Proxy(old))
        url = f"http://127.0.0.1:{proxy.port}"
        users = [User(url, f"user-{number}", seen) for number in range(USERS)]
        threads = [threading.Thread(target=user.live, args=(over.is_set,)) for user in users]
        for thread in threads:
            thread.start()
        try:
            _wait_for_more(seen, users)
            new = stack.enter_context(serving("new", tmp_path))
            proxy.servers = [old, new]
            _wait_for_more(seen, users, CROSSINGS)
            proxy.servers = [new]
            _wait_for_more(seen, users)
        finally:
            over.set()
            for thread in threads:
                thread.join(_PATIENCE)
        before.close()
        assert [fault for user in users for fault in user.faults] == []
        assert seen.keys() >= CROSSINGS
        _let_the_day_come(url, tmp_path, users[0])


def _wait_for_more(
    seen: Seen, users: list[User], kinds: Collection[tuple[str, str, str]] = ()
) -> None:
    """Wait for the traffic of a while, by its requests and their kinds, or for a fault."""
    reached = seen.total() + REQUESTS

    def is_enough() -> bool:
        return seen.total() >= reached and all(kind in seen for kind in kinds)

    wait_until(lambda: is_enough() or any(user.faults for user in users), patience=_PATIENCE)


def _let_the_day_come(url: str, folder: Path, user: User) -> None:
    """Pass the day by the clock: old tokens are gone, and the old version's claim with them."""
    user.log_in()
    assert claims_of(user.access)["type"] == "access"
    assert claims_of(user.refresh)["type"] == "refresh"
    claims = {"sub": "alice", "type": "access", "fresh": True, "jti": secrets.token_hex(8)}
    claims |= {"iat": int(time.time()), "exp": int(time.time()) + 30 * DAY}
    former = jwt.encode(claims, SECRET, algorithm="HS256")
    ask = requests.Session()
    assert ask.get(f"{url}/me", headers=bearer(former), timeout=_PATIENCE).status_code == 200
    (folder / "ahead").write_text(str(3 * DAY))
    assert ask.get(f"{url}/me", headers=bearer(former), timeout=_PATIENCE).status_code == 401
    refreshed = ask.post(f"{url}/refresh", headers=bearer(user.refresh), timeout=_PATIENCE)
    assert refreshed.status_code == 200
    token = refreshed.json()["access_token"]
    assert "type" not in claims_of(token)
    assert ask.get(f"{url}/me", headers=bearer(token), timeout=_PATIENCE).status_code == 200
