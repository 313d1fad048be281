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


def run_blocks(page: str, folder: Path) -> Session:
    """Run a page's blocks in an empty folder; its Python goes into `app.py`, as it comes.

    A server that a block starts runs in the background as the page has it, on a free port.
    """
    script, shown = _START, list[str]()
    for kind, text in _BLOCK.findall(page):
        if kind == "python":
            script += f"cat >>app.py <<'PYTHON'\n{text}\n\nPYTHON\n"
        elif _LEFT_OUT not in text:
            typed, printed = (text, []) if kind == "sh" else _typed_and_printed(text)
            script += typed.replace(_PORT, "localhost:$FLASK_RUN_PORT")
            script += _WAIT if "flask run" in typed else ""
            shown += printed
    return Session(*_run(script, folder), shown)


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


def _run(script: str, folder: Path) -> tuple[int, str, str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    with subprocess.Popen(
        ["/bin/sh"],
        cwd=folder,
        env={**kept, "PATH": path, "FLASK_RUN_PORT": str(port)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            stdout, stderr = shell.communicate(script, timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            raise
    return shell.returncode, stdout, stderr
