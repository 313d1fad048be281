"""That the benchmark of encryption runs, in its short mode; never how fast, as no test can tell."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS = [
    f"{way} {what}" for way in ("A256KW A256CBC-HS512", "dir A256GCM") for what in ("issue", "read")
]


def test_the_benchmark_prints_its_rows() -> None:
    command = [sys.executable, "-W", "error", "-m", "benchmarks.encryption", "--short"]
    run = subprocess.run(  # noqa: S603 - our own module, by the interpreter that runs this
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    starts = [line.split("  ")[0] for line in run.stdout.splitlines()]
    assert [start for start in starts if start in ROWS] == ROWS
