"""That the benchmarks run, in their short mode; never how fast, which no test can tell."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = {
    "request": [
        f"{alg} {how}"
        for alg in ("HS256", "RS256", "ES256", "EdDSA")
        for how in ("again", "never seen")
    ],
    "issuing": ["HS256", "RS256", "ES256", "EdDSA", "RS256 from PEM file"],
    "revocation": ["1,000 revoked", "2,000 revoked", "3,000 revoked"],
}


@pytest.mark.parametrize("name", ROWS)
def test_a_benchmark_prints_its_rows(name: str) -> None:
    command = [sys.executable, "-m", f"benchmarks.{name}", "--short"]
    run = subprocess.run(  # noqa: S603 - our own module, by the interpreter that runs this
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    starts = [line.split("  ")[0] for line in run.stdout.splitlines()]
    assert [start for start in starts if start in ROWS[name]] == ROWS[name]
