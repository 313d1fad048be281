"""Instructions a request, counted by valgrind: they repeat where times are noisy.

The process under it calls `getppid` between two batches, at which callgrind writes down what it has
counted and begins anew. Its processor has not all the instructions of a real one, so that hashes
and signatures count for more here than they cost.
"""

import gc
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from .contenders import (
    BARE,
    FLOOR,
    JWT_EXTENDED,
    OURS,
    Size,
    contenders,
    environ_with,
    posted,
    serve,
)
from .issuing import view_that
from .peers import ours
from .peers.note import SUBJECT
from .peers.signing_keys import ALGORITHMS, SigningKey
from .report import Comparison, Row, Spread, Table

_BATCHES = 3
_LARGEST_BATCH = 20
_TOTALS = re.compile(r"^totals: (\d+)$", re.MULTILINE)
_PARTS = re.compile(r"^desc: Trigger: --dump-before=getppid$", re.MULTILINE)


class HasSize(Protocol):
    """A load of `benchmarks.request`."""

    @property
    def fresh(self) -> Size:
        """How much is measured."""
        ...


def count_requests(load: HasSize) -> Iterator[Table]:
    """Count for every algorithm: the same token again, tokens never seen, and refreshes."""
    batch = min(load.fresh.batch, _LARGEST_BATCH)
    title = f"instructions a request, {_BATCHES} batches of {batch} requests"
    if shutil.which("valgrind") is None:
        yield Table("instructions", f"Not counted: {title}", "instructions", [], ["No valgrind."])
        return
    rows = [
        row(f"{alg} {case}", count(alg, case, batch), batch)
        for case in ("again", "never seen", "rotation")
        for alg in ALGORITHMS
    ]
    yield Table("instructions", title.capitalize(), "instructions", rows)


def count(alg: str, case: str, batch: int) -> dict[str, list[int]]:
    """Run the batches of all contenders under callgrind.

    Returns:
        The instructions of each batch, by contender.
    """
    with TemporaryDirectory() as folder:
        output = Path(folder, "counts")
        watched = [
            *("valgrind", "--tool=callgrind", "--dump-before=getppid", "--combine-dumps=yes"),
            f"--callgrind-out-file={output}",
        ]
        command = [*watched, *own_command(alg, case, batch)]
        ran = subprocess.run(  # noqa: S603 - our own module under the machine's valgrind
            command, env=environment(), capture_output=True, text=True, check=True
        )
        counts = totals(output.read_text())
    names = ran.stdout.split("\n")[:-1]
    assert len(counts) == len(names) * (_BATCHES + 1) + 1, (len(counts), names)
    # The first part is all that came before, and the first of each contender warms up.
    of_batches = counts[1:]
    step = _BATCHES + 1
    return {
        name: of_batches[step * place + 1 : step * (place + 1)] for place, name in enumerate(names)
    }


def own_command(alg: str, case: str, batch: int) -> list[str]:
    """Name this module as a program."""
    return [sys.executable, "-m", "benchmarks.instructions", alg, case, str(batch)]


def environment() -> dict[str, str]:
    """Give a process the same hashes, and so the same work, every time."""
    return {**os.environ, "PYTHONHASHSEED": "0"}


def totals(profile: str) -> list[int]:
    """Read from callgrind's file what was counted before each call of `getppid`."""
    return [int(found[1]) for found in _TOTALS.finditer(profile)][: len(_PARTS.findall(profile))]


def row(name: str, counts: dict[str, list[int]], batch: int) -> Row:
    """Write what each contender adds to a bare request."""
    bare = Spread.of(counts[BARE])
    figures = {BARE: scaled(bare, batch)}
    for peer, counted in counts.items():
        if peer != BARE:
            own = (one - other for one, other in zip(counted, counts[BARE], strict=True))
            figures[f"{peer} adds"] = scaled(Spread.of(own), batch)
    comparisons = [
        Comparison(f"{other}'s added cost", added_ratio(counts, other), form)
        for other, form in ((JWT_EXTENDED, "fraction"), (FLOOR, "ratio"))
        if other in counts
    ]
    return Row(name, figures, comparisons)


def added_ratio(counts: dict[str, list[int]], other: str) -> Spread:
    """Compare what ours and another add to a bare request."""
    return Spread.of(
        (ours - bare) / (theirs - bare)
        for ours, theirs, bare in zip(counts[OURS], counts[other], counts[BARE], strict=True)
    )


def scaled(spread: Spread, batch: int) -> Spread:
    """Divide by the requests of a batch."""
    return Spread(*(value / batch for value in spread))


def run_batches(alg: str, case: str, batch: int) -> None:
    """Serve the batches of each contender, a call of `getppid` before and after each batch."""
    key = SigningKey.generate(alg)
    count = (_BATCHES + 1) * batch
    prepared = {}
    for name, (app, issue) in {} if case == "rotation" else contenders(key).items():
        tokens = cycle(issue(key, [SUBJECT] * (1 if case == "again" else count)))
        prepared[name] = (app, in_batches(map(environ_with, tokens), batch))
    if case == "rotation":
        rotated = ours.make_app(KEY=key.text, STORAGE_URI="memory://")
        for name, app in ((BARE, view_that(lambda: None)), (OURS, rotated)):
            refreshes = map(posted, ours.refresh_tokens(rotated, count))
            prepared[name] = (app, in_batches(refreshes, batch))
    gc.collect()
    gc.disable()
    os.getppid()
    for name, (app, batches) in prepared.items():
        for environs in batches:
            serve(app, environs)
            os.getppid()
        print(name)


def in_batches(environs: Iterator[dict[str, Any]], batch: int) -> list[list[dict[str, Any]]]:
    """Make a batch that warms up, and those that are counted."""
    return [[next(environs) for _ in range(batch)] for _ in range(_BATCHES + 1)]


if __name__ == "__main__":
    run_batches(sys.argv[1], sys.argv[2], int(sys.argv[3]))
