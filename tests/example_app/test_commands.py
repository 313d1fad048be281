"""Both commands of the example app, and what its first start leaves in the folder."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from threading import Timer
from typing import Any
from unittest.mock import Mock

import pytest
import requests
from flask import Flask
from werkzeug.test import Client
from werkzeug.wrappers import Response

from example_app import create_app
from example_app.__main__ import main
from example_app.first_start import PASSWORDS_FILE, prepare
from example_app.request_log import print_requests
from example_app.tour.exchange import Answer, Exchange, Request
from example_app.tour.screen import Screen
from flask_tokenguard.keys import read_ring

from ..support import ROOT, bearer
from .support import Pair, log_in, users_of

# waitress leaves its sockets to the end of the process.
WARNINGS = ["-W", "error", "-W", "ignore::ResourceWarning"]
COMMAND = [sys.executable, *WARNINGS, "-m", "example_app"]
LAST_LINE = "Ctrl-C stops it.\n"


@pytest.fixture(scope="module", autouse=True)
def interruptible() -> Iterator[None]:
    """Let children be interrupted, though a shell that runs us in the background forbids it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def environment(**more: str) -> dict[str, str]:
    """Keep the settings of the shell that runs the tests out of a command."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    return kept | {"PYTHONUTF8": "1"} | more


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Start the server with a folder, give what it printed, and end it as Ctrl-C does."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, "--port", "0"],
        cwd=ROOT,
        env=environment(EXAMPLE_APP_INSTANCE=str(folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        timer = Timer(30, process.kill)
        timer.start()
        try:
            assert process.stdout is not None
            yield "".join(takewhile(LAST_LINE.__ne__, process.stdout))
        finally:
            process.send_signal(signal.SIGINT)
            _, complaints = process.communicate(timeout=10)
            timer.cancel()
    assert (process.returncode, complaints) == (0, "")


def url_in(printed: str) -> str:
    match = re.search(r"http://127\.0\.0\.1:\d+", printed)
    assert match is not None
    return match[0]


def passwords_in(printed: str) -> dict[str, str]:
    return dict(re.findall(r"^  (\w+) +(\S+)$", printed, re.MULTILINE))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_tour_is_right_in_every_answer_and_prints_no_token() -> None:
    tour = run("tour")
    assert (tour.returncode, tour.stderr) == (0, "")
    assert tour.stdout.count("✓") >= 45
    assert "✗" not in tour.stdout
    assert re.search(r"eyJ[\w.-]{10}", tour.stdout) is None
    assert "\033" not in tour.stdout
    assert tour.stdout.endswith(" answers, every one right.\n")


@pytest.mark.usefixtures("quick_hashes")
def test_the_tour_fails_if_the_app_accepts_what_is_for_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def create_lenient_app(config: Mapping[str, Any] | None = None, **more: Path) -> Flask:
        return create_app({"TOKENGUARD_AUDIENCE": ["notes", "shop"], **(config or {})}, **more)

    monkeypatch.setattr("os.environ", environment())
    monkeypatch.setattr("sys.argv", ["example_app", "tour"])
    monkeypatch.setattr("example_app.tour.story.create_app", create_lenient_app)
    assert main() == 1
    assert capsys.readouterr().out.count("✗ wrong: the status should be 401") == 1


@pytest.mark.usefixtures("quick_hashes")
def test_a_quiet_tour_prints_its_table_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.environ", environment())
    monkeypatch.setattr("sys.argv", ["example_app", "tour", "--quiet"])
    assert main() == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0].split() == ["Chapter", "answers", "right"]
    assert [line.split()[-1] for line in lines[1:-2]] == ["✓"] * 10


@pytest.mark.usefixtures("quick_hashes")
def test_a_tour_in_steps_waits_for_enter_and_ends_with_the_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.environ", environment())
    monkeypatch.setattr("sys.argv", ["example_app", "tour", "--step"])
    monkeypatch.setattr("builtins.input", Mock(side_effect=["", "", EOFError]))
    assert main() == 1
    assert capsys.readouterr().out.count("✓") == 3


def test_a_terminal_gets_bright_answers_cut_to_its_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Screen()
    for status in ("200 OK", "401 UNAUTHORIZED"):
        screen.show(Exchange("A step.", Request("GET /"), Answer(status, {}, "x" * 99), ()))
    printed = capsys.readouterr().out
    assert "\033[92;1m✓  200 OK" in printed
    assert "\033[93;1m✓  401 UNAUTHORIZED" in printed
    plain = re.sub(r"\033\[[0-9;]*m", "", printed)
    assert max(map(len, plain.splitlines())) == 60


def test_the_serving_terminal_shows_a_line_a_request_no_token(
    capsys: pytest.CaptureFixture[str], pair: Pair, app: Flask
) -> None:
    served = Client(print_requests(app), Response)
    token = pair["access_token"]
    served.get("/notes", headers=bearer(token))
    served.get(f"/{token}?token={token}")
    served.get("/%1b]0;title%07")
    lines = [line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "200  GET    /notes",
        f"404  GET    /{token[:10]}\\u2026",
        "404  GET    /\\x1b]0;title\\x07",
    ]


def test_a_second_start_keeps_the_key_the_users_and_the_notes(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    with serving(folder) as printed:
        passwords = passwords_in(printed)
        token = _log_in_over_http(url_in(printed), passwords["alice"])
        requests.post(
            f"{url_in(printed)}/notes", headers=token, json={"text": "Buy milk"}, timeout=10
        )
    with serving(folder) as printed:
        notes = requests.get(f"{url_in(printed)}/notes", headers=token, timeout=10)
    assert passwords_in(printed) == passwords
    assert [note["text"] for note in notes.json()] == ["Buy milk"]


@pytest.mark.usefixtures("quick_hashes")
def test_the_demo_ignores_the_settings_of_the_shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {
        "FLASK_TOKENGUARD_KEYRING": "none",
        "TOKENGUARD_ISSUER": "us",
        "FLASK_MAX_CONTENT_LENGTH": "1",
    }
    monkeypatch.setattr("os.environ", environment(**settings))
    monkeypatch.setattr("sys.argv", ["example_app", "tour", "--quiet"])
    assert main() == 0
    assert capsys.readouterr().out.startswith(
        "Not used from the environment, as the demo has settings of its own:"
        " FLASK_MAX_CONTENT_LENGTH, FLASK_TOKENGUARD_KEYRING, TOKENGUARD_ISSUER\n"
    )


def _log_in_over_http(url: str, password: str) -> dict[str, str]:
    response = requests.post(
        f"{url}/login", json={"name": "alice", "password": password}, timeout=10
    )
    return bearer(response.json()["access_token"])


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_printed_curl_lines_can_be_pasted(tmp_path: Path) -> None:
    with serving(tmp_path) as printed:
        lines = [line for line in printed.splitlines() if re.match(r"TOKEN=|curl|  -[dH]", line)]
        pasted = subprocess.run(  # noqa: S603 - lines of our own making
            ["/bin/sh", "-c", "\n".join(lines)], capture_output=True, text=True, check=True
        )
    assert re.findall(r"HTTP/1.1 (\d+)", pasted.stdout) == [
        "201",
        "200",
        "401",
        "204",
        "401",
    ]


def test_a_port_in_use_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        refused = run("--port", port, "--instance", str(tmp_path))
    assert refused.returncode == 1
    assert re.fullmatch(rf"Port {port} cannot be used .*; try --port\n", refused.stderr)


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_a_port_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], port: str
) -> None:
    monkeypatch.setattr("sys.argv", ["example_app", f"--port={port}"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "argument --port: must be a number from 0 to 65535" in capsys.readouterr().err


@pytest.mark.usefixtures("app")
def test_what_the_first_start_makes_is_for_its_owner_only(folder: Path) -> None:
    modes = {path.name: mode_of(path) for path in folder.rglob("*") if path.is_file()}
    assert modes.keys() >= {"ring.json", PASSWORDS_FILE, "notes.db", "tokenguard.db"}
    assert set(modes.values()) == {0o600}
    assert [mode_of(path) for path in (folder, folder / "keyring")] == [0o700] * 2


@pytest.mark.usefixtures("quick_hashes")
def test_a_file_of_passwords_is_private_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path)
    (tmp_path / PASSWORDS_FILE).unlink()
    monkeypatch.setattr("example_app.first_start.os.fdopen", Mock(side_effect=os.close))
    with pytest.raises(TypeError):
        prepare(tmp_path)
    assert mode_of(tmp_path / PASSWORDS_FILE) == 0o600


@pytest.mark.usefixtures("quick_hashes")
def test_a_second_start_changes_neither_key_nor_users(
    folder: Path, passwords: dict[str, str]
) -> None:
    before = read_ring(folder / "keyring"), users_of(folder)
    assert prepare(folder) == passwords
    assert (read_ring(folder / "keyring"), users_of(folder)) == before


@pytest.mark.usefixtures("quick_hashes")
def test_two_first_starts_share_no_secret(
    tmp_path: Path, folder: Path, passwords: dict[str, str]
) -> None:
    assert not set(prepare(tmp_path).values()) & set(passwords.values())
    assert not {*read_ring(tmp_path / "keyring")} & {*read_ring(folder / "keyring")}


@pytest.mark.usefixtures("quick_hashes")
def test_without_their_file_the_demo_users_get_new_passwords(tmp_path: Path) -> None:
    first, users = prepare(tmp_path), users_of(tmp_path)
    (tmp_path / PASSWORDS_FILE).unlink()
    second = prepare(tmp_path)
    client = create_app(instance=tmp_path).test_client()
    statuses = [log_in(client, "bob", each["bob"]).status_code for each in (first, second)]
    assert (statuses, users_of(tmp_path)) == ([400, 200], users)


def test_by_default_the_instance_folder_is_beside_the_package(
    monkeypatch: pytest.MonkeyPatch, folder: Path, passwords: dict[str, str]
) -> None:
    assert passwords
    monkeypatch.setenv("FLASK_TOKENGUARD_KEYRING", str(folder / "keyring"))
    monkeypatch.setenv("FLASK_TOKENGUARD_STORAGE_URI", "memory://")
    assert Path(create_app().instance_path) == ROOT / "instance"
