"""Clients that log in, call, refresh and log out without a pause, and know what they were answered.

A client that hears nothing asks again, as clients do: the grace is longer than any outage here.
"""

import http.client
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import loads
from urllib.parse import urlencode

from ..support import bearer
from .ledger import Asked, Ledger, What

_TIMEOUT = 10.0
_PATIENCE = 60.0
_PAUSE = 0.02
_SESSIONS = 12
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Session:
    """What a client holds of a login; its access token is good until an instant, at least."""

    subject: str
    access: str
    refresh: str
    good_until: float


class Client:
    """One client with several sessions, and a token of the other issuer."""

    def __init__(self, ports: tuple[int, ...], ledger: Ledger, foreign: str) -> None:
        """Begin without a session.

        Args:
            ports: Where the app is, straight or behind a proxy; one by chance for each request.
            ledger: Where answers are noted.
            foreign: A good token of the other issuer.
        """
        self.sessions: list[Session] = []
        self._ports = ports
        self._ledger = ledger
        self._foreign = foreign
        self._name = secrets.token_hex(4)
        self._logins = 0

    def step(self) -> None:
        """Do one of the things that clients do."""
        choice = secrets.randbelow(100)
        if not self.sessions or (choice < 8 and len(self.sessions) < _SESSIONS):
            self.log_in()
        elif choice < 55:
            self.call(secrets.choice(self.sessions))
        elif choice < 70:
            self.call_with_revoked()
        elif choice < 80:
            self.call_from_elsewhere()
        elif choice < 96:
            self.refresh(secrets.choice(self.sessions))
        else:
            self.log_out(self.sessions.pop(secrets.randbelow(len(self.sessions))))

    def log_in(self) -> None:
        """Begin a session; where no answer is heard, nobody knows of one."""
        self._logins += 1
        subject = f"{self._name}-{self._logins}"
        asked_at = time.monotonic()
        status, body = self._ask("login", "POST", "/login", {"subject": subject})
        if status == 200:
            session = Session(subject, "", "", 0)
            _take(session, body, asked_at)
            self.sessions.append(session)

    def call(self, session: Session) -> None:
        """Call with a session's token, which must be accepted as its subject's until it expires."""
        asked_at = time.monotonic()
        status, body = self._ask("call", "GET", "/notes", token=session.access)
        if status == 401 and asked_at < session.good_until - _TIMEOUT:
            self._ledger.complain("a good token was refused")
        if status == 401:
            self.refresh(session)
        elif status == 200 and body.decode() != session.subject:
            self._ledger.complain("a call was answered as another subject's")

    def call_with_revoked(self) -> None:
        """Call with a token whose logout was answered, which must be refused by all workers."""
        if self._ledger.revoked:
            token = secrets.choice(self._ledger.revoked)
            status, _ = self._ask("call with a revoked token", "GET", "/notes", token=token)
            if status == 200:
                self._ledger.complain("a token was accepted after its logout was answered")

    def call_from_elsewhere(self) -> None:
        """Call with the other issuer's token."""
        needs: set[What] = {"store", "provider"}
        status, _ = self._ask("foreign call", "GET", "/notes", token=self._foreign, needs=needs)
        if status not in (0, 200, 503):
            self._ledger.complain(f"a foreign call was answered with {status}")

    def refresh(self, session: Session) -> None:
        """Refresh until an answer is heard; a session that was not ended must go on."""
        asked_at = time.monotonic()
        form = {"grant_type": "refresh_token", "refresh_token": session.refresh}
        status, body = self._insist("refresh", "/token", form)
        if status != 200:
            self._ledger.complain(f"a session was lost: its refresh got {status}")
            self.sessions = [each for each in self.sessions if each is not session]
            return
        _take(session, body, asked_at)

    def log_out(self, session: Session) -> None:
        """End a session by its refresh token, or revoke its access token alone, until answered."""
        if secrets.randbelow(2):
            status, _ = self._insist("logout", "/revoke", {"token": session.refresh})
        else:
            status, _ = self._insist("revocation", "/revoke", {"token": session.access})
        if status == 200:
            self._ledger.revoked.append(session.access)
        else:
            self._ledger.complain(f"a logout was answered with {status}")

    def check_all(self) -> None:
        """Check in peace that each session goes on, and that no revoked token is accepted."""
        for session in list(self.sessions):
            self.refresh(session)
            self.call(session)
        for _ in range(100):
            self.call_with_revoked()

    def _insist(self, name: str, path: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        until = time.monotonic() + _PATIENCE
        while True:
            status, body = self._ask(name, "POST", path, form)
            if status not in (0, 503) or time.monotonic() > until:
                return status, body
            time.sleep(0.2)

    def _ask(
        self,
        name: str,
        method: str,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        token: str | None = None,
        needs: set[What] | None = None,
    ) -> tuple[int, bytes]:
        """Send a request; the status is 0 where no whole answer came."""
        began = time.monotonic()
        connection = http.client.HTTPConnection(
            "127.0.0.1", secrets.choice(self._ports), timeout=_TIMEOUT
        )
        headers = (_FORM if form else {}) | (bearer(token) if token else {})
        try:
            connection.request(method, path, urlencode(form) if form else None, headers)
            answer = connection.getresponse()
            # To http.client, half a head is a whole one.
            is_whole = answer.getheader("X-Worker") is not None
            status, body = answer.status if is_whole else 0, answer.read()
        except (OSError, http.client.HTTPException):
            status, body = 0, b""
        finally:
            connection.close()
        self._ledger.note(Asked(name, needs or {"store"}, status, began, time.monotonic()))
        return status, body


def _take(session: Session, body: bytes, asked_at: float) -> None:
    pair = loads(body)
    session.access, session.refresh = pair["access_token"], pair["refresh_token"]
    session.good_until = asked_at + pair["expires_in"]


@contextmanager
def going_on(clients: list[Client], ledger: Ledger) -> Iterator[None]:
    """Let clients go on in threads until the context is left."""
    is_over = threading.Event()

    def repeat(client: Client) -> None:
        try:
            while not is_over.wait(_PAUSE):
                client.step()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must fail of it
            ledger.complain(f"a client failed: {error!r}")

    threads = [threading.Thread(target=repeat, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
