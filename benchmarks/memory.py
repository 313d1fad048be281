"""What it costs to be there: the memory of a token that is remembered, and the start of a process.

Each process of the second table is a new one, which imports an app, serves one request and ends.
"""

import gc
import os
import subprocess
import sys
import tracemalloc
from collections import deque
from collections.abc import Iterator
from importlib.util import find_spec
from typing import NamedTuple

from .pairing import Spread
from .peers import jwt_extended, ours
from .peers.note import SUBJECT
from .report import Comparison, Row, Table, run
from .signing_keys import SigningKey

MUST_BYTES, REACH_BYTES = 640, 450
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
MUST_CPU, MUST_MIB = 1.35, 12.0
BARE, OURS, THEIRS = "bare", "ours", "jwt_extended"
NAMES = {BARE: "Flask alone", OURS: "ours", THEIRS: "flask-jwt-extended"}


class Load(NamedTuple):
    """How much is measured: processes of each kind, batches of tokens, and tokens in one."""

    processes: int
    batches: int
    tokens: int


FULL = Load(processes=15, batches=5, tokens=1000)
SHORT = Load(processes=2, batches=2, tokens=50)


def main() -> None:
    """Print a table for tokens, and two for processes."""
    run(__doc__, measure, full=FULL, short=SHORT, packages=("flask-jwt-extended",))


def measure(load: Load) -> Iterator[Table]:
    """Measure both."""
    yield remembered(load)
    yield from started(load.processes)


def remembered(load: Load) -> Table:
    """Let an app verify distinct tokens, and see what it keeps of them."""
    title = f"Memory of a remembered token: {load.batches} batches of {load.tokens} tokens"
    if find_spec("flask_tokenguard.verify.cache") is None:
        return Table("memory-token", title, "bytes", [], ["No cache in this version."])
    rows = []
    for alg in ("HS256", "RS256"):
        key = SigningKey.generate(alg)
        kept = Spread.of([bytes_kept(key, load.tokens) for _ in range(load.batches)])
        comparison = Comparison("nothing", kept, "bytes", MUST_BYTES, REACH_BYTES)
        rows.append(Row(f"{alg} token", {"ours": kept}, [comparison]))
    return Table("memory-token", title, "bytes", rows)


def bytes_kept(key: SigningKey, count: int) -> float:
    """Say how many bytes an app keeps for each of some tokens, once the tokens are gone."""
    first, *tokens = ours.tokens(key, [SUBJECT] * (count + 1))
    app = ours.make_app(KEY=key.text, CACHE_SIZE=count + 1)
    verify = app.extensions["tokenguard"].verifier.verify
    with app.app_context():
        verify(first)
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for token in tokens:
                # A copy: had the cache kept the text itself, it would not be seen.
                verify(f"{token[:1]}{token[1:]}")
            gc.collect()
            return (tracemalloc.get_traced_memory()[0] - before) / count
        finally:
            tracemalloc.stop()


def started(processes: int) -> Iterator[Table]:
    """Start processes in turn, each with one app that serves one request."""
    key = SigningKey.generate("HS256")
    tokens = {
        BARE: "none",
        OURS: ours.tokens(key, [SUBJECT])[0],
        THEIRS: jwt_extended.tokens(key, [SUBJECT])[0],
    }
    names, found = deque(tokens), []
    for _ in range(processes + 1):
        figures = {name: one_request(name, key.text, tokens[name]) for name in names}
        found.append({name: figures[name] for name in tokens})
        names.rotate()
    how = f"{processes} processes of each"
    # The first of each wrote the bytecode of what it imported.
    yield cpu_table([{name: cpu for name, (cpu, _) in one.items()} for one in found[1:]], how)
    yield memory_table([{name: mib for name, (_, mib) in one.items()} for one in found[1:]], how)


def one_request(name: str, secret: str, token: str) -> tuple[float, float]:
    """Run `benchmarks.one_request`; return CPU seconds and MiB."""
    command = [sys.executable, "-m", "benchmarks.one_request", name, secret, token]
    # As everywhere, bytecode is kept: compiling is no part of a start.
    writes = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
    ran = subprocess.run(  # noqa: S603 - our own module, by the interpreter that runs this
        command, capture_output=True, text=True, check=True, env=writes
    )
    cpu, mib = map(float, ran.stdout.split())
    return cpu, mib


def cpu_table(rounds: list[dict[str, float]], how: str) -> Table:
    """Divide by what Flask alone takes."""
    times = {NAMES[name]: Spread.of(one[name] * 1000 for one in rounds) for name in rounds[0]}
    ratio = {name: Spread.of(one[name] / one[BARE] for one in rounds) for name in (OURS, THEIRS)}
    comparison = Comparison("Flask alone", ratio[OURS], "ratio", MUST_CPU, ratio[THEIRS].median)
    title = f"Import and one request, CPU milliseconds of a process: {how}"
    return Table("start-cpu", title, "milliseconds", [Row("start CPU", times, [comparison])])


def memory_table(rounds: list[dict[str, float]], how: str) -> Table:
    """Subtract what Flask alone takes."""
    sizes = {NAMES[name]: Spread.of(one[name] for one in rounds) for name in rounds[0]}
    more = {name: Spread.of(one[name] - one[BARE] for one in rounds) for name in (OURS, THEIRS)}
    comparison = Comparison("Flask alone, more", more[OURS], "MiB", MUST_MIB, more[THEIRS].median)
    title = f"Import and one request, the most memory of a process: {how}"
    return Table("start-memory", title, "MiB", [Row("start memory", sizes, [comparison])])


if __name__ == "__main__":
    main()
