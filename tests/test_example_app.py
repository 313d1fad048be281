"""The example app, as its first user meets it: both commands, and each route through a client."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from itertools import takewhile
from pathlib import Path
from secrets import token_urlsafe
from threading import Timer
from typing import Any
from unittest.mock import Mock

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from example_app import create_app
from example_app.__main__ import main
from example_app.auth import guard
from example_app.database import connect
from example_app.first_start import PASSWORDS_FILE, make_key, prepare
from flask_tokenguard import Unavailable, issue_token_pair
from flask_tokenguard.jose.jwk import Key

from .jose.tokens import signed
from .support import ROOT, bearer, challenge_of

# waitress leaves its sockets to the end of the process.
WARNINGS = ["-W", "error", "-W", "ignore::ResourceWarning"]
COMMAND = [sys.executable, *WARNINGS, "-m", "example_app"]
Pair = dict[str, str]
LAST_LINE = "Ctrl-C stops it.\n"
NO_SUCH_NOTE = "00000000-0000-4000-8000-000000000000"
NO_SUCH_SESSION = "AAAAAAAAAAAAAAAAAAAAAA"
NEW_PASSWORD = "correct horse battery"


@pytest.fixture(scope="module", autouse=True)
def interruptible() -> Iterator[None]:
    """Let children be interrupted, though a shell that runs us in the background forbids it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The instance folder of the app of this module."""
    return tmp_path_factory.mktemp("example") / "instance"


@pytest.fixture(scope="module")
def passwords(folder: Path) -> dict[str, str]:
    """The demo users' passwords, made by a quick first start that no umask helps."""
    umask = os.umask(0)
    try:
        with pytest.MonkeyPatch.context() as patch:
            hash_quickly(patch)
            return prepare(folder)
    finally:
        os.umask(umask)


@pytest.fixture(scope="module")
def app(folder: Path, passwords: dict[str, str]) -> Flask:
    """The app after its first start."""
    assert passwords
    return create_app(instance=folder)


@pytest.fixture(scope="module")
def tokens(app: Flask, passwords: dict[str, str]) -> dict[str, dict[str, str]]:
    """The headers that carry each demo user's token."""
    return {
        name: bearer(_log_in(app.test_client(), name, password).get_json()["access_token"])
        for name, password in passwords.items()
    }


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords in no time, where a test is not about that."""
    hash_quickly(monkeypatch)


def hash_quickly(patch: pytest.MonkeyPatch) -> None:
    quick = partial(generate_password_hash, method="pbkdf2:sha256:1")
    patch.setattr("example_app.first_start.generate_password_hash", quick)
    patch.setattr("example_app.auth.generate_password_hash", quick)


@pytest.fixture
def pair(client: FlaskClient, passwords: dict[str, str]) -> Pair:
    """The tokens of a session of Alice's that no other test has."""
    return _pair(client, "alice", passwords["alice"])


@pytest.fixture
def own_passwords(tmp_path: Path, quick_hashes: None) -> dict[str, str]:  # noqa: ARG001 - it patches
    """The passwords of users whom the test may change."""
    return prepare(tmp_path)


@pytest.fixture
def own_client(tmp_path: Path, own_passwords: dict[str, str]) -> FlaskClient:
    """A client of the app of those users."""
    assert own_passwords
    return create_app(instance=tmp_path).test_client()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the app."""
    return app.test_client()


@pytest.fixture
def alice(tokens: dict[str, dict[str, str]]) -> dict[str, str]:
    """The headers of a user who may read and write."""
    return tokens["alice"]


@pytest.fixture
def bob(tokens: dict[str, dict[str, str]]) -> dict[str, str]:
    """The headers of a user who may only read."""
    return tokens["bob"]


@pytest.fixture
def carol(tokens: dict[str, dict[str, str]]) -> dict[str, str]:
    """The headers of an admin."""
    return tokens["carol"]


def _log_in(client: FlaskClient, name: str, password: str) -> TestResponse:
    return client.post("/login", json={"name": name, "password": password})


def _pair(client: FlaskClient, name: str, password: str) -> Pair:
    pair: Pair = _log_in(client, name, password).get_json()
    return pair


def _refresh(client: FlaskClient, pair: Pair) -> TestResponse:
    return client.post(
        "/oauth/token",
        data={"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]},
    )


def _status_of(client: FlaskClient, pair: Pair) -> int:
    return client.get("/me", headers=bearer(pair["access_token"])).status_code


def environment(**more: str) -> dict[str, str]:
    """Keep the settings of whoever runs the tests out of a command."""
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


@pytest.mark.usefixtures("quick_hashes")
def test_the_tour_fails_if_the_app_accepts_what_has_expired(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def create_lenient_app(config: Mapping[str, Any] | None = None, **more: Path) -> Flask:
        return create_app({"TOKENGUARD_LEEWAY": 300, **(config or {})}, **more)

    monkeypatch.setattr("os.environ", environment())
    monkeypatch.setattr("sys.argv", ["example_app", "tour"])
    monkeypatch.setattr("example_app.tour.create_app", create_lenient_app)
    assert main() == 1
    assert capsys.readouterr().out.count("✗ wrong: the status should be 401") == 1


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
    settings = {"FLASK_TOKENGUARD_KEYRING": "none", "FLASK_TOKENGUARD_ISSUER": "us"}
    monkeypatch.setattr("os.environ", environment(**settings))
    monkeypatch.setattr("sys.argv", ["example_app", "tour"])
    assert main() == 0
    assert capsys.readouterr().out.startswith(
        "Not used from the environment, as the demo has settings of its own:"
        " FLASK_TOKENGUARD_ISSUER, FLASK_TOKENGUARD_KEYRING\n"
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
    modes = {path.name: mode_of(path) for path in folder.iterdir()}
    assert modes.keys() >= {"signing.pem", PASSWORDS_FILE, "notes.db", "tokenguard.db"}
    assert set(modes.values()) == {0o600}
    assert mode_of(folder) == 0o700


def test_a_key_is_private_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("example_app.first_start.os.fdopen", Mock(side_effect=os.close))
    with pytest.raises(TypeError):
        make_key(tmp_path / "signing.pem")
    assert mode_of(tmp_path / "signing.pem") == 0o600


@pytest.mark.usefixtures("quick_hashes")
def test_a_second_start_changes_neither_key_nor_users(
    folder: Path, passwords: dict[str, str]
) -> None:
    before = (folder / "signing.pem").read_bytes(), _users_of(folder)
    assert prepare(folder) == passwords
    assert ((folder / "signing.pem").read_bytes(), _users_of(folder)) == before


@pytest.mark.usefixtures("quick_hashes")
def test_two_first_starts_share_no_secret(
    tmp_path: Path, folder: Path, passwords: dict[str, str]
) -> None:
    assert not set(prepare(tmp_path).values()) & set(passwords.values())
    assert (tmp_path / "signing.pem").read_bytes() != (folder / "signing.pem").read_bytes()


@pytest.mark.usefixtures("quick_hashes")
def test_without_their_file_the_demo_users_get_new_passwords(tmp_path: Path) -> None:
    first, users = prepare(tmp_path), _users_of(tmp_path)
    (tmp_path / PASSWORDS_FILE).unlink()
    second = prepare(tmp_path)
    client = create_app(instance=tmp_path).test_client()
    statuses = [_log_in(client, "bob", each["bob"]).status_code for each in (first, second)]
    assert (statuses, _users_of(tmp_path)) == ([400, 200], users)


def _users_of(folder: Path) -> dict[str, str]:
    with closing(connect(folder / "notes.db")) as connection:
        return dict(connection.execute("SELECT name, id FROM users").fetchall())


def test_by_default_the_instance_folder_is_beside_the_package(
    monkeypatch: pytest.MonkeyPatch, folder: Path, passwords: dict[str, str]
) -> None:
    assert passwords
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY_FILE", str(folder / "signing.pem"))
    monkeypatch.setenv("FLASK_TOKENGUARD_STORAGE_URI", "memory://")
    assert Path(create_app().instance_path) == ROOT / "instance"


def test_a_login_answers_as_rfc_6749_says(client: FlaskClient, passwords: dict[str, str]) -> None:
    response = _log_in(client, "alice", passwords["alice"])
    assert response.get_json().keys() == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "scope",
    }
    assert response.get_json()["token_type"] == "Bearer"
    assert response.headers["Cache-Control"] == "no-store"


def test_a_wrong_password_and_an_unknown_name_look_the_same(client: FlaskClient) -> None:
    known, unknown = (_log_in(client, name, "guess") for name in ("alice", "mallory"))
    assert known.status_code == unknown.status_code == 400
    assert known.data == unknown.data
    assert known.headers == unknown.headers


def test_an_unknown_name_costs_a_password_check_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path)
    client = create_app(instance=tmp_path).test_client()
    check = Mock(return_value=False)
    monkeypatch.setattr("example_app.auth.check_password_hash", check)
    for name in ("alice", "mallory"):
        _log_in(client, name, "guess")
    alices, nobodys = (call.args[0].split("$")[0] for call in check.call_args_list)
    assert alices == nobodys


def test_no_password_opens_the_hash_of_nobody(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("example_app.auth.check_password_hash", lambda *_: True)
    assert _log_in(client, "mallory", "lucky").status_code == 400


def test_passwords_are_kept_as_hashes(folder: Path, passwords: dict[str, str]) -> None:
    content = (folder / "notes.db").read_bytes()
    assert not any(password.encode() in content for password in passwords.values())


def test_me_tells_who_asks(client: FlaskClient, alice: dict[str, str]) -> None:
    me = client.get("/me", headers=alice).get_json()
    assert (me["name"], me["role"]) == ("alice", "member")
    assert me["scope"] == ["notes:read", "notes:write"]


def test_a_session_is_refreshed_and_has_the_origin_of_its_login(
    client: FlaskClient, pair: Pair
) -> None:
    refreshed = _refresh(client, pair).get_json()
    headers = bearer(refreshed["access_token"])
    (this,) = [
        each for each in client.get("/sessions", headers=headers).json or [] if each["is_this"]
    ]
    assert refreshed["refresh_token"] != pair["refresh_token"]
    assert this["origin"].startswith("Werkzeug")


def test_a_stolen_refresh_token_ends_its_session_for_both(client: FlaskClient, pair: Pair) -> None:
    stolen = _refresh(client, _refresh(client, pair).get_json()).get_json()
    reused = _refresh(client, pair)
    assert (reused.status_code, reused.get_json()["error"]) == (400, "invalid_grant")
    assert [_status_of(client, each) for each in (pair, stolen)] == [401, 401]
    assert _refresh(client, stolen).status_code == 400


def test_a_logout_ends_one_session_and_leaves_the_others(
    client: FlaskClient, pair: Pair, alice: dict[str, str]
) -> None:
    response = client.post("/logout", headers=bearer(pair["access_token"]))
    assert response.status_code == 204
    assert _status_of(client, pair) == 401
    assert _refresh(client, pair).status_code == 400
    assert client.get("/me", headers=alice).status_code == 200


def test_the_logout_of_a_token_without_a_session_revokes_it(app: Flask) -> None:
    with app.app_context():
        token = guard.issue_token("a job", scope="notes:read")
    client = app.test_client()
    paths = (("POST", "/logout"), ("GET", "/notes"))
    answers = [client.open(path, method=method, headers=bearer(token)) for method, path in paths]
    assert [answer.status_code for answer in answers] == [204, 401]


def test_a_refresh_token_can_be_revoked_without_an_access_token(
    client: FlaskClient, pair: Pair
) -> None:
    revoked = client.post("/oauth/revoke", data={"token": pair["refresh_token"]})
    assert revoked.status_code == 200
    assert _status_of(client, pair) == 401


def test_one_of_ones_own_sessions_can_be_ended_from_another(
    client: FlaskClient, pair: Pair, alice: dict[str, str]
) -> None:
    listed = client.get("/sessions", headers=bearer(pair["access_token"])).json or []
    sid = next(each["sid"] for each in listed if each["is_this"])
    assert client.delete(f"/sessions/{sid}", headers=alice).status_code == 204
    assert client.delete(f"/sessions/{sid}", headers=alice).status_code == 404
    assert _status_of(client, pair) == 401


def test_anothers_session_is_unknown_and_goes_on(
    client: FlaskClient, pair: Pair, bob: dict[str, str]
) -> None:
    listed = client.get("/sessions", headers=bearer(pair["access_token"])).json or []
    answers = [client.delete(f"/sessions/{each['sid']}", headers=bob) for each in listed]
    assert {answer.status_code for answer in answers} == {404}
    assert _status_of(client, pair) == 200


def test_another_issuers_user_of_the_same_name_is_nobody_here(
    tmp_path: Path, own_passwords: dict[str, str]
) -> None:
    jwk, issuer = {"kty": "oct", "k": token_urlsafe(32)}, "https://other.example"
    entry = {"audience": "notes", "keys": jwk, "algorithms": "HS256", "profile": "oidc-access"}
    config = {"TOKENGUARD_ISSUERS": {issuer: entry}, "TOKENGUARD_LEEWAY": 60}
    app = create_app(config, instance=tmp_path)
    client, now = app.test_client(), int(time.time())
    ours = bearer(_pair(client, "alice", own_passwords["alice"])["access_token"])
    subject = client.get("/me", headers=ours).get_json()["id"]
    claims = {"iss": issuer, "aud": "notes", "sub": subject, "role": "admin", "auth_time": now}
    claims |= {"iat": now + 30, "exp": now + 60}  # The store is older than that.
    claims |= {"scope": "notes:read notes:write"}
    theirs = bearer(signed(Key.from_jwk(jwk), claims, {"alg": "HS256"}))
    paths = ["/me", "/sessions", "/notes", "/admin/users"]
    statuses = [client.get(path, headers=theirs).status_code for path in paths]
    statuses += [client.delete("/sessions", headers=theirs).status_code]
    assert statuses == [403] * 5
    assert client.get("/me", headers=ours).status_code == 200


@pytest.mark.parametrize("sid", ["x", "A" * 5000, "%00", "%ff", "' OR 1=1 --"])
def test_a_session_whose_name_cannot_be_is_not_found(
    client: FlaskClient, alice: dict[str, str], sid: str
) -> None:
    assert client.delete(f"/sessions/{sid}", headers=alice).status_code == 404


def test_logging_out_everywhere_ends_ones_own_sessions_alone(
    own_client: FlaskClient, own_passwords: dict[str, str]
) -> None:
    one, other, bobs = (
        _pair(own_client, name, own_passwords[name]) for name in ("alice", "alice", "bob")
    )
    response = own_client.delete("/sessions", headers=bearer(one["access_token"]))
    assert response.status_code == 204
    assert [_status_of(own_client, pair) for pair in (one, other, bobs)] == [401, 401, 200]


def test_a_new_password_ends_every_session_and_begins_one(
    own_client: FlaskClient, own_passwords: dict[str, str]
) -> None:
    old = _pair(own_client, "alice", own_passwords["alice"])
    changed = _change_password(own_client, old, own_passwords["alice"])
    assert [_status_of(own_client, pair) for pair in (old, changed.get_json())] == [401, 200]
    statuses = [
        _log_in(own_client, "alice", password).status_code
        for password in (own_passwords["alice"], NEW_PASSWORD)
    ]
    assert statuses == [400, 200]


def test_a_password_is_not_changed_without_the_old_one(client: FlaskClient, pair: Pair) -> None:
    answer = _change_password(client, pair, "guess")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")
    assert _status_of(client, pair) == 200


def test_a_short_password_is_refused(
    client: FlaskClient, pair: Pair, passwords: dict[str, str]
) -> None:
    answer = _change_password(client, pair, passwords["alice"], new="x" * 11)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "bad_request")


def test_a_new_password_demands_a_recent_login(
    app: Flask, folder: Path, passwords: dict[str, str]
) -> None:
    with app.app_context():
        stale = issue_token_pair(_users_of(folder)["alice"], auth_time=int(time.time()) - 301)
    answer = _change_password(app.test_client(), stale, passwords["alice"])
    assert answer.status_code == 401
    assert 'error="insufficient_user_authentication"' in challenge_of(answer)
    assert 'max_age="300"' in challenge_of(answer)


def test_where_the_sessions_cannot_be_ended_the_password_stays(
    own_client: FlaskClient, own_passwords: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = _pair(own_client, "alice", own_passwords["alice"])
    monkeypatch.setattr("example_app.auth.end_all_sessions", Mock(side_effect=Unavailable))
    assert _change_password(own_client, pair, own_passwords["alice"]).status_code == 503
    assert _log_in(own_client, "alice", own_passwords["alice"]).status_code == 200


def _change_password(
    client: FlaskClient, pair: Mapping[str, Any], old: str, new: str = NEW_PASSWORD
) -> TestResponse:
    return client.post(
        "/password",
        headers=bearer(pair["access_token"]),
        json={"old_password": old, "new_password": new},
    )


def test_a_role_that_was_taken_away_is_gone_at_the_next_refresh(
    tmp_path: Path, own_client: FlaskClient, own_passwords: dict[str, str]
) -> None:
    carols = _pair(own_client, "carol", own_passwords["carol"])
    _execute(tmp_path, "UPDATE users SET role = 'member' WHERE name = 'carol'")
    refreshed = _refresh(own_client, carols).get_json()
    answers = [
        own_client.get("/admin/users", headers=bearer(each["access_token"]))
        for each in (carols, refreshed)
    ]
    assert [answer.status_code for answer in answers] == [200, 403]


def test_the_session_of_a_user_who_is_gone_cannot_be_refreshed(
    tmp_path: Path, own_client: FlaskClient, own_passwords: dict[str, str]
) -> None:
    bobs = _pair(own_client, "bob", own_passwords["bob"])
    _execute(tmp_path, "DELETE FROM users WHERE name = 'bob'")
    assert _refresh(own_client, bobs).get_json()["error"] == "invalid_grant"


def _execute(folder: Path, statement: str) -> None:
    with closing(connect(folder / "notes.db")) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize(("method", "path"), [("GET", "/me"), ("POST", "/notes")])
def test_the_token_of_a_user_who_is_gone_is_refused(app: Flask, method: str, path: str) -> None:
    with app.app_context():
        token = guard.issue_token("gone", scope="notes:write")
    response = app.test_client().open(
        path, method=method, headers=bearer(token), json={"text": "still here"}
    )
    assert response.status_code == 401
    assert 'error="invalid_token"' in challenge_of(response)


def test_a_note_is_written_read_listed_and_deleted(
    client: FlaskClient, alice: dict[str, str]
) -> None:
    written = client.post("/notes", headers=alice, json={"text": "Buy 🥛\n"})
    place = written.headers["Location"]
    assert written.status_code == 201
    assert client.get(place, headers=alice).get_json() == written.get_json()
    assert client.get("/notes", headers=alice).get_json()[0] == written.get_json()
    assert client.delete(place, headers=alice).status_code == 204
    assert client.get(place, headers=alice).status_code == 404


def test_the_newest_hundred_notes_come_newest_first(
    client: FlaskClient, folder: Path, carol: dict[str, str]
) -> None:
    owner = _users_of(folder)["carol"]
    rows = [(f"note-{number}", owner, str(number)) for number in range(101)]
    with closing(connect(folder / "notes.db")) as connection, connection:
        connection.executemany("INSERT INTO notes (id, owner, text) VALUES (?, ?, ?)", rows)
    listed = [note["text"] for note in client.get("/notes", headers=carol).get_json()]
    assert listed == [str(number) for number in range(100, 0, -1)]


def test_a_note_is_unknown_to_everyone_but_its_owner(
    app: Flask, client: FlaskClient, alice: dict[str, str], bob: dict[str, str]
) -> None:
    written = client.post("/notes", headers=alice, json={"text": "Mine"})
    place = written.headers["Location"]
    with app.app_context():
        writing_bob = bearer(guard.issue_token("bob", scope="notes:write"))
    assert client.get(place, headers=bob).status_code == 404
    assert client.delete(place, headers=writing_bob).status_code == 404
    assert written.get_json() not in client.get("/notes", headers=bob).get_json()
    assert client.get(place, headers=alice).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/notes", "notes:read"),
        ("POST", "/notes", "notes:write"),
        ("GET", f"/notes/{NO_SUCH_NOTE}", "notes:read"),
        ("DELETE", f"/notes/{NO_SUCH_NOTE}", "notes:write"),
    ],
)
def test_each_notes_route_demands_its_scope(app: Flask, method: str, path: str, scope: str) -> None:
    with app.app_context():
        token = guard.issue_token("someone", scope="profile")
    client = app.test_client()
    short = client.open(path, method=method, headers=bearer(token))
    assert client.open(path, method=method).status_code == 401
    assert short.status_code == 403
    assert f'scope="{scope}"' in challenge_of(short)


def test_only_an_admin_sees_the_users(
    client: FlaskClient, alice: dict[str, str], carol: dict[str, str]
) -> None:
    users = client.get("/admin/users", headers=carol).get_json()
    assert [user["name"] for user in users] == ["alice", "bob", "carol"]
    assert all(user.keys() == {"name", "role", "scope", "notes"} for user in users)
    assert client.get("/admin/users", headers=alice).status_code == 403
    assert client.get("/admin/users").status_code == 401


@pytest.mark.parametrize(
    "text",
    ["", "x" * 4001, "\ud800", None, 1, True, ["Buy milk"], {"text": "Buy milk"}],
    ids=repr,
)
def test_a_note_that_is_no_text_is_refused(
    client: FlaskClient, alice: dict[str, str], text: Any
) -> None:
    response = client.post("/notes", headers=alice, json={"text": text})
    assert response.status_code == 400
    assert response.get_json()["error"] == "bad_request"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"{}", 400),
        (b"\xff\xfe\x00", 400),
        (b"[" * 60_000, 400),
        (b'{"name":' * 8_000, 400),
        (b"1" * 5_000, 400),
        (b'{"name": "\\ud800", "password": "x"}', 400),
        (b'{"name": "alice", "password": "\\udfff"}', 400),
        (b'{"name": NaN, "password": Infinity}', 400),
        (b'{"name": "alice\\u0000", "password": "\\u0000"}', 400),
        (b'{"name": "\' OR 1=1 --", "password": "x"}', 400),
        (b" " * 65_537, 413),
    ],
)
def test_a_hostile_login_is_refused_in_json(client: FlaskClient, body: bytes, status: int) -> None:
    response = client.post("/login", data=body, content_type="application/json")
    assert response.status_code == status
    assert response.get_json().keys() == {"error", "error_description"}


def test_a_body_that_is_not_called_json_is_refused(client: FlaskClient) -> None:
    response = client.post("/login", data={"name": "alice", "password": "guess"})
    assert (response.status_code, response.get_json()["error"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("note", ["1", "9" * 5000, "%00", "%ff", "' OR 1=1 --"])
def test_a_note_whose_name_is_no_uuid_is_not_found(
    client: FlaskClient, alice: dict[str, str], note: str
) -> None:
    assert client.get(f"/notes/{note}", headers=alice).status_code == 404


def test_other_errors_keep_their_headers(client: FlaskClient) -> None:
    response = client.get("/login")
    assert (response.status_code, set(response.allow)) == (405, {"POST", "OPTIONS"})
    assert response.get_json()["error"] == "method_not_allowed"


def test_only_what_needs_no_access_token_is_open(app: Flask, client: FlaskClient) -> None:
    statuses = {
        rule.endpoint: client.open(
            rule.rule.replace("<uuid:note>", NO_SUCH_NOTE).replace("<sid>", NO_SUCH_SESSION),
            method=((rule.methods or set()) - {"HEAD", "OPTIONS"}).pop(),
        ).status_code
        for rule in app.url_map.iter_rules()
    }
    assert {endpoint for endpoint, status in statuses.items() if status != 401} == {
        "auth.login",
        "index",
        "tokenguard.jwks",
        "tokenguard.other_methods",
        "tokenguard.revoke",
        "tokenguard.token",
    }


def test_the_first_page_says_where_everything_is(client: FlaskClient) -> None:
    assert client.get("/").get_json()["log in"] == "/login"
