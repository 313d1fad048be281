"""Run every benchmark, each in a process of its own, and keep what they found in one file.

`python -m benchmarks.plot` writes it into the pages.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .contenders import PACKAGES

RESULTS = Path(__file__).with_name("results.json")
BENCHMARKS = (
    *("request", "floor", "issuing", "revocation", "growth"),
    *("stores", "many", "servers", "fleet"),
)
COUNTED = "request --instructions"
_CPU = Path("/proc/cpuinfo")


def main() -> None:
    """Run what the command line names, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--short", action="store_true", help="only show that they run; too noisy")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results are kept")
    options = parser.parse_args()
    counted = (COUNTED,) if shutil.which("valgrind") else ()
    names = options.names or (*BENCHMARKS, *counted)
    results = run(names, is_short=options.short)
    options.output.write_text(json.dumps(results, indent=1) + "\n")


def run(names: Iterable[str], *, is_short: bool) -> dict[str, Any]:
    """Run some benchmarks; return all their tables, and on what machine they were made."""
    tables: list[Any] = []
    with TemporaryDirectory() as folder:
        for name in names:
            found = Path(folder, "tables.json")
            options = [*name.split(), "--json", str(found), *(["--short"] if is_short else [])]
            command = [sys.executable, "-m", f"benchmarks.{options[0]}", *options[1:]]
            subprocess.run(command, check=True)  # noqa: S603 - our own module
            tables += json.loads(found.read_text())
    return {"is_short": is_short, "machine": machine(), "tables": tables}


def machine() -> dict[str, str]:
    """Return on what a run is made."""
    packages = ("Flask", *PACKAGES, "joserfc", "jwcrypto", "redis", "gunicorn")
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": f"{platform.python_version()} ({platform.python_compiler()})",
        **{name: version(name) for name in packages},
    }


def processor() -> str:
    """Name the processor as the system does."""
    if _CPU.exists():
        for line in _CPU.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


if __name__ == "__main__":
    main()
