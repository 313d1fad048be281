"""Requests a second behind gunicorn, with clients that keep their connections.

One worker, of one thread or of eight (gthread). Each client brings its own token again and again;
under `/subject` it must get its own subject, and a forged token must be refused every time.
"""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from .peers import ours
from .peers.note import PATH
from .peers.served import SUBJECT_PATH
from .peers.signing_keys import SigningKey
from .report import Comparison, Row, Spread, Table, run

MUST_WHOLE, REACH_WHOLE, MUST_THREADS = 0.8, 0.9, 0.9
BARE = "bare"
CLIENTS = THREADS = 8
_PATIENCE = 20.0
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Answer(NamedTuple):
    """The status line's number, and the body."""

    status: int
    body: bytes


NOTE = Answer(200, b"Milk, bread, a pound of flour.")


class Client:
    """One connection to a server on loopback."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> Answer:
        """Send a request and read its whole answer."""
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        assert length is not None, head
        while len(body) < int(length[1]):
            body += self._receive()
        return Answer(int(head[9:12]), body)

    def _receive(self) -> bytes:
        received = self._socket.recv(65536)
        assert received, "the server hung up"
        return received

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class Load(NamedTuple):
    """How much is measured: rounds, and requests of each client in one."""

    rounds: int
    requests: int


class Server(NamedTuple):
    """A server that runs: where, and what its clients bring."""

    port: int
    tokens: list[str]


FULL = Load(rounds=15, requests=250)
SHORT = Load(rounds=2, requests=3)


def main() -> None:
    """Print how ours stands beside bare Flask, and how both gain by threads."""
    run(__doc__, measure, full=FULL, short=SHORT, packages=("gunicorn",))


def measure(load: Load) -> Iterator[Table]:
    """Start all servers, and let them take turns."""
    keys = {alg: SigningKey.generate(alg) for alg in ("HS256", "RS256")}
    with ExitStack() as stack:
        servers = {
            (name, threads): stack.enter_context(serving(name, keys.get(name), threads))
            for name in (BARE, *keys)
            for threads in (1, THREADS)
        }
        wrong = sum(
            wrong_answers(servers[alg, threads], load) for alg in keys for threads in (1, THREADS)
        )
        rates = []
        order = list(servers)
        for number in range(load.rounds + 1):
            turned = order[number % len(order) :] + order[: number % len(order)]
            rates.append({one: answers_a_second(servers[one], load.requests) for one in turned})
    wrong += sum(int(count) for found in rates for _, count in found.values())
    rounds = [{one: answers for one, (answers, _) in found.items()} for found in rates[1:]]
    how = f"{load.rounds} rounds of {CLIENTS} clients with {load.requests} requests each"
    yield whole_table(rounds, list(keys), how)
    yield threads_table(rounds, list(keys), how, wrong)


def whole_table(rounds: list[dict[tuple[str, int], float]], algs: list[str], how: str) -> Table:
    """Divide by bare Flask's requests a second, with one thread."""
    rows = []
    for alg in algs:
        rates = {
            "bare Flask": Spread.of(one[BARE, 1] for one in rounds),
            "ours": Spread.of(one[alg, 1] for one in rounds),
        }
        ratio = Spread.of(one[alg, 1] / one[BARE, 1] for one in rounds)
        comparison = Comparison(
            "bare Flask", ratio, "ratio", MUST_WHOLE, REACH_WHOLE, is_more_better=True
        )
        rows.append(Row(f"{alg} served", rates, [comparison]))
    return Table("served", f"gunicorn, answers a second, one thread: {how}", "rate", rows)


def threads_table(
    rounds: list[dict[tuple[str, int], float]], algs: list[str], how: str, wrong: int
) -> Table:
    """Divide what ours gains by eight threads by what bare Flask does."""
    rows = []
    for alg in algs:
        rates = {
            f"{name}, {threads} thread{'s' * (threads > 1)}": Spread.of(
                one[key, threads] for one in rounds
            )
            for name, key in (("bare Flask", BARE), ("ours", alg))
            for threads in (1, THREADS)
        }
        ratio = Spread.of(
            (one[alg, THREADS] / one[alg, 1]) / (one[BARE, THREADS] / one[BARE, 1])
            for one in rounds
        )
        comparison = Comparison(
            "bare Flask's gain", ratio, "ratio", MUST_THREADS, is_more_better=True
        )
        rows.append(Row(f"{alg} threads", rates, [comparison]))
    title = f"gunicorn, answers a second, {THREADS} threads against one: {how}"
    return Table("threads", title, "rate", rows, [f"Wrong answers: {wrong}."])


@contextmanager
def serving(name: str, key: SigningKey | None, threads: int) -> Iterator[Server]:
    """Run gunicorn on a port that the system chose, and end it by its own id."""
    environ = {**os.environ, "SERVED": name, "KEY": "" if key is None else key.text}
    subjects = [f"user-{number}" for number in range(CLIENTS)]
    tokens = subjects if key is None else ours.tokens(key, subjects)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = [
            *(sys.executable, "-m", "gunicorn", "--bind", f"fd://{listening.fileno()}"),
            *("--worker-class", "gthread", "--threads", str(threads), "--keep-alive", "60"),
            *("--log-level", "error", "benchmarks.peers.served:make_app()"),
        ]
        process = subprocess.Popen(  # noqa: S603 - our own app, by the interpreter that runs this
            command, env=environ, pass_fds=[listening.fileno()]
        )
        port = listening.getsockname()[1]
    try:
        wait_for(port, tokens[0])
        yield Server(port, tokens)
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def wait_for(port: int, token: str) -> None:
    """Wait until a server answers; before, it is not there or hangs up."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with connected(port, 1) as (client,):
                assert client.ask(get(PATH, token)) == NOTE
                return
        except OSError:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.05)


def answers_a_second(server: Server, requests: int) -> tuple[float, int]:
    """Let all clients ask for the note; return the rate, and how many answers were wrong."""
    with connected(server.port, CLIENTS) as clients:
        return rate(clients, [(get(PATH, token), NOTE) for token in server.tokens], requests)


def wrong_answers(server: Server, load: Load) -> int:
    """Let clients of different subjects ask at once who they are, one of them with a forgery."""
    good = server.tokens[1:]
    forged = f"{server.tokens[0][:-8]}AAAAAAAA"
    asked = [
        (get(SUBJECT_PATH, token), Answer(200, f"user-{number}".encode()))
        for number, token in enumerate(good, 1)
    ]
    with connected(server.port, CLIENTS) as clients:
        refusal = clients[0].ask(get(SUBJECT_PATH, forged))
        assert refusal.status == 401, refusal
        _, wrong = rate(clients, [(get(SUBJECT_PATH, forged), refusal), *asked], load.requests)
    return wrong


def get(path: str, token: str) -> bytes:
    """Write a request that brings a token."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )


@contextmanager
def connected(port: int, count: int) -> Iterator[list[Client]]:
    """Open some connections, and close them in the end."""
    clients: list[Client] = []
    try:
        clients += (Client(port) for _ in range(count))
        yield clients
    finally:
        for client in clients:
            client.close()


def rate(
    clients: Sequence[Client], asked: Sequence[tuple[bytes, Answer]], requests: int
) -> tuple[float, int]:
    """Let every client, in a thread of its own, ask the same thing over and over.

    Args:
        clients: The connections.
        asked: For each client its request, and the answer that is right.
        requests: How many each client sends.

    Returns:
        Answers a second, and how many of them were wrong.
    """
    wrong: list[Answer] = []

    def ask(client: Client, request: bytes, right: Answer) -> None:
        for _ in range(requests):
            answer = client.ask(request)
            if answer != right:
                wrong.append(answer)

    threads = [
        threading.Thread(target=ask, args=(client, *what))
        for client, what in zip(clients, asked, strict=True)
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(clients) * requests / (time.perf_counter() - start), len(wrong)


if __name__ == "__main__":
    main()
