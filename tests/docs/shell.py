"""A page's shell and console blocks, run in order in one shell, as its reader types them."""

import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

BIN = Path(sys.executable).parent
# A block that installs, and then serves without an end or tests.
_LEFT_OUT = "pip install"
_BLOCK = re.compile(r"^```(sh|console|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PORT = "localhost:5000"
# A variable that is not set and a command that fails end the script; a server never outlives it.
_START = """\
set -eu
trap 'kill "${SERVER:-}" 2>/dev/null || :' EXIT
"""
_WAIT = "until curl -s localhost:$FLASK_RUN_PORT >/dev/null; do kill -0 $SERVER; sleep 0.05; done\n"


@dataclass(frozen=True)
class Session:
    """What a shell did.

    Attributes:
        status: Its exit status.
        stdout: What it printed, tokens among it.
        stderr: Its complaints, and the log of its servers.
        shown: The lines that the page shows as output.
    """

    status: int
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)
    shown: list[str]


def run_blocks(page: str, folder: Path, *, wheel: Path | None = None) -> Session:
    """Run a page's blocks in an empty folder; its Python goes into `app.py`, as it comes.

    A server that a block starts runs in the background as the page has it, on a free port.

    Args:
        page: Its text.
        folder: Where its reader is.
        wheel: Lets the page's blocks install it, and nothing else of ours be found.
    """
    script, shown = _START, list[str]()
    for kind, text in _BLOCK.findall(page):
        if kind == "python":
            script += f"cat >>app.py <<'PYTHON'\n{text}\n\nPYTHON\n"
        elif wheel or _LEFT_OUT not in text:
            typed, printed = (text, []) if kind == "sh" else _typed_and_printed(text)
            script += typed.replace(_PORT, "localhost:$FLASK_RUN_PORT")
            script += _WAIT if "flask run" in typed else ""
            shown += printed
    environment = _environment() if wheel is None else _bare_environment(wheel, folder)
    return Session(*_run(script, folder, environment), shown)


def exported_names(page: str) -> set[str]:
    """List the variables that a page exports."""
    return set(re.findall(r"export (\w+)=", page))


def _typed_and_printed(text: str) -> tuple[str, list[str]]:
    typed, printed, goes_on = "", list[str](), False
    for line in text.splitlines():
        if goes_on or line.startswith("$ "):
            typed += line.removeprefix("$ ") + "\n"
            goes_on = line.endswith(("|", "\\"))
        else:
            printed.append(line)
    return typed, printed


def _environment() -> dict[str, str]:
    """Return the environment of a shell that finds the programs of these tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    return {**kept, "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])}


def _bare_environment(wheel: Path, folder: Path) -> dict[str, str]:
    """Return one that finds a Python without packages, whose pip takes our wheel alone for ours."""
    constraint = folder / "constraint.txt"
    constraint.write_text(f"flask-tokenguard @ {wheel.as_uri()}\n")
    paths = [path for path in os.environ["PATH"].split(os.pathsep) if Path(path) != BIN]
    path = os.pathsep.join([str(Path(sys.base_prefix) / "bin"), *paths])
    return {**_environment(), "PATH": path, "PIP_CONSTRAINT": str(constraint)}


def _run(script: str, folder: Path, environment: dict[str, str]) -> tuple[int, str, str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with subprocess.Popen(
        ["/bin/sh"],
        cwd=folder,
        env={**environment, "FLASK_RUN_PORT": str(port)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            stdout, stderr = shell.communicate(script, timeout=300)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            raise
    return shell.returncode, stdout, stderr
