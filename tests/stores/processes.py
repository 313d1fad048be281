"""Real processes that use one file: started from a process without threads, ended by their pid."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

PATIENCE = 120
CONTEXT = multiprocessing.get_context("forkserver")
# One server forks the processes of all tests, and has imported what they import.
CONTEXT.set_forkserver_preload(
    [
        "flask_tokenguard.stores.redis.link",
        "flask_tokenguard.stores.sql.bounded_psycopg",
        "flask_tokenguard.stores.sql.bounded_pymysql",
        "tests.keys.test_ring",
        "tests.keys.test_ring_crash",
        "tests.stores.rotate",
        "tests.stores.sql.test_processes",
        "tests.stores.sqlite.test_forks",
        "tests.stores.sqlite.test_processes",
    ]
)


@contextmanager
def started(
    target: Callable[..., None], *args: Any
) -> Iterator[tuple[ForkServerProcess, Connection]]:
    """Start a process whose last argument is the other end of a pipe to it."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=target, args=(*args, theirs))
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        ours.close()
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()


def result_of(target: Callable[..., None], *args: Any) -> Any:
    """Run a process, and wait for what it sends."""
    with started(target, *args) as (_, pipe):
        assert pipe.poll(PATIENCE)
        return pipe.recv()


def results_of(count: int, target: Callable[..., None], *args: Any) -> list[Any]:
    """Run processes at the same time; each gets a barrier before its pipe."""
    start = CONTEXT.Barrier(count)
    pipes = [CONTEXT.Pipe(duplex=False) for _ in range(count)]
    processes = [CONTEXT.Process(target=target, args=(*args, start, theirs)) for _, theirs in pipes]
    for process in processes:
        process.start()
    try:
        answers = []
        for ours, theirs in pipes:
            theirs.close()
            assert ours.poll(PATIENCE * 10)
            answers.append(ours.recv())
            ours.close()
        return answers
    finally:
        for process in processes:
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
