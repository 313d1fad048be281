"""Notes and users, as programs read and write them, and what is hostile."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from example_app.auth import guard
from example_app.database import connect

from ..support import bearer, challenge_of
from .support import users_of

NO_SUCH_NOTE = "00000000-0000-4000-8000-000000000000"
NO_SUCH_SESSION = "AAAAAAAAAAAAAAAAAAAAAA"


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
    owner = users_of(folder)["carol"]
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
    values = {"note": NO_SUCH_NOTE, "sid": NO_SUCH_SESSION, "filename": "console.css"}
    statuses = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: values[match[1]], rule.rule)
        method = ((rule.methods or set()) - {"HEAD", "OPTIONS"}).pop()
        with client.open(path, method=method) as response:
            statuses[rule.endpoint] = response.status_code
    assert {endpoint for endpoint, status in statuses.items() if status != 401} == {
        "auth.login",
        "console.home",
        "console.sign_in",
        "console.static",
        "tokenguard.jwks",
        "tokenguard.other_methods",
        "tokenguard.revoke",
        "tokenguard.token",
    }


def test_the_first_page_says_where_everything_is(client: FlaskClient) -> None:
    assert client.get("/").get_json()["log in"] == "/login"
