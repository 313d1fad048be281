"""How long a store's answer is good when a server stops, a process is paused, or one forks."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from flask_tokenguard import issue_token
from flask_tokenguard.clock import Clock, Steady, wall_clock
from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.issue import ids
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.sessions.revocation import Revocation
from flask_tokenguard.stores.base import Standing
from flask_tokenguard.stores.sqlite.store import SqliteStore
from flask_tokenguard.verify.claims import Claims, VerifiedToken
from flask_tokenguard.web.parts import parts_of

from ..conftest import MakeApp
from ..support import SettableClock, status_of
from .processes import PATIENCE, started
from .servers import RealServer, find_valkey, running, wait_until

DELAY = 0.2


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RealServer]:
    """A Valkey that a test may stop."""
    server = RealServer(find_valkey(), tmp_path)
    with running(server):
        yield server


@contextmanager
def stopped(server: RealServer) -> Iterator[None]:
    """Let a server stand still, its connections open."""
    server.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.signal(signal.SIGCONT)


def test_an_answer_holds_to_its_end_while_a_server_stands_still(
    make_app: MakeApp, own_server: RealServer
) -> None:
    app = make_app(STORAGE_URI=own_server.uri(), REVOCATION_DELAY=300)
    with app.app_context():
        token = issue_token("alice")
    assert status_of(app, token) == 200
    revocation: Any = parts_of(app).revocation
    with stopped(own_server):
        assert status_of(app, token) == 200
        revocation._since_start = lambda: Steady.since_start() + 300
        assert status_of(app, token) == 503


def new_revocation(store: SqliteStore, since_start: Clock = Steady.since_start) -> Revocation:
    return Revocation(
        store,
        longest_lifetime=timedelta(days=1),
        leeway=timedelta(0),
        clock=wall_clock,
        delay=timedelta(seconds=DELAY),
        since_start=since_start,
    )


def new_token(store: SqliteStore) -> VerifiedToken:
    jti = ids.to_text(ids.new_jti(store.next_instant(ids.subject_id(None, "alice"))))
    now = int(wall_clock())
    claims = Claims(sub="alice", jti=jti, iat=now, exp=now + 600)
    return VerifiedToken(Header("HS256", None, "at+jwt", {}), claims)


def accepts(revocation: Revocation, token: VerifiedToken) -> bool:
    try:
        revocation.check(token)
    except InvalidToken:
        return False
    return True


class PausedStore(SqliteStore):
    """A store whose process is paused when an answer is about to arrive."""

    def standing(self, jti: bytes, session: bytes | None, subject: bytes) -> Standing:
        answer = super().standing(jti, session, subject)
        os.kill(os.getpid(), signal.SIGSTOP)
        return answer


def ask_and_pause(file: Path, pipe: Connection) -> None:
    """Ask twice about a token, paused with the first answer on its way."""
    store = PausedStore(file)
    token = new_token(store)
    pipe.send(token.claims)
    revocation = new_revocation(store)
    first = accepts(revocation, token)
    revocation._store = SqliteStore(file)
    pipe.send((first, accepts(revocation, token)))


def is_paused(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux shows it in /proc")
def test_a_paused_process_counts_the_pause(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    with started(ask_and_pause, file) as (process, pipe):
        claims = pipe.recv()
        pid = process.pid
        assert pid is not None
        wait_until(lambda: is_paused(pid))
        new_revocation(SqliteStore(file)).revoke(claims)
        time.sleep(DELAY)
        os.kill(pid, signal.SIGCONT)
        assert pipe.poll(PATIENCE)
        assert pipe.recv() == (True, False)


def ask_and_fork(file: Path, pipe: Connection) -> None:
    """Get an answer, and revoke the token in the parent while a child has the answer too."""
    store, since_start = SqliteStore(file), SettableClock(5_000.0)
    token, revocation = new_token(store), new_revocation(store, since_start)
    accepts(revocation, token)
    ready, revoked = os.pipe()
    child = os.fork()
    if child:
        revocation.revoke(token.claims)
        os.write(revoked, b".")
        os.waitpid(child, 0)
        pipe.send(accepts(revocation, token))
    else:
        os.read(ready, 1)
        before = accepts(revocation, token)
        since_start.now += DELAY
        pipe.send((before, accepts(revocation, token)))
        os._exit(0)


def test_a_fork_goes_by_its_parents_answer_to_its_end_alone(tmp_path: Path) -> None:
    with started(ask_and_fork, tmp_path / "store.db") as (_, pipe):
        in_child, in_parent = pipe.recv(), pipe.recv()
    assert in_child == (True, False)
    assert in_parent is False
