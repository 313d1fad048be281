"""Programs of others: found or given up, started on a free port, ended by their own pid."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn
from urllib.request import urlopen

import pytest

from ..kit.loopback import free_port

_PATIENCE = 60.0


def give_up(why: str) -> NoReturn:
    """Skip, or fail where these tests are required."""
    if os.environ.get("WIRE") == "required":
        pytest.fail(why)
    pytest.skip(why, allow_module_level=True)


def version_of(distribution: str) -> str:
    """Return the version of a distribution from PyPI, which must be here."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        give_up(f"{distribution} is not installed; the extra wire brings it")


def npm_version_of(folder: Path, name: str) -> str:
    """Return the version of a package of npm's, which is installed in a folder."""
    manifest = folder / "node_modules" / name / "package.json"
    found: str = json.loads(manifest.read_text())["version"]
    return found


def debian_version_of(package: str) -> str:
    """Return the version of a package of Debian's, which must be here."""
    query = ["dpkg-query", "--show", "--showformat=${Version}", package]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, check=False)  # noqa: S603 - our words
    except OSError:
        give_up(f"{package} is Debian's, and this is another system")
    return answer.stdout or give_up(f"{package} is not installed; Debian has it")


@dataclass(frozen=True, slots=True)
class Running:
    """A program that runs.

    Attributes:
        port: Where it listens, on loopback.
        url: The same as an address, without a slash at its end.
        log: What it wrote to both outputs.
    """

    port: int
    url: str
    log: Path


def answers(url: str) -> bool:
    """Return whether something is served here."""
    with urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
        return bool(answer.status == 200)


@contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    *,
    port: int | None = None,
    path: str = "/",
    is_ready: Callable[[], object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Start a program, wait until it is ready, and end it.

    Args:
        command: Its command line; `{port}` in it becomes the port.
        folder: Its working folder, which gets its `log`.
        port: Where it listens, if that is known before.
        path: What it serves when it is ready.
        is_ready: Another sign of readiness.
        environment: Variables besides ours.
    """
    port = port or free_port()
    url, log = f"http://127.0.0.1:{port}", folder / "log"
    ready = is_ready or (lambda: answers(url + path))
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - a program that the test names
            [part.replace("{port}", str(port)) for part in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
        )
    try:
        _wait(process, ready, log)
        yield Running(port, url, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", ready: Callable[[], object], log: Path) -> None:
    give_up_at = time.monotonic() + _PATIENCE
    while True:
        assert process.poll() is None, log.read_text("utf-8", "replace")
        try:
            if ready():
                return
        except OSError:
            pass
        assert time.monotonic() < give_up_at, log.read_text("utf-8", "replace")
        time.sleep(0.05)
