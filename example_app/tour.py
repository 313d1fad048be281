"""The tour: a story against a real socket, with what the guard lets through and what it refuses.

It has its own server, keys and database in a temporary folder, which are gone afterwards.
"""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import requests
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from flask_tokenguard import issue_token

from . import create_app, tour_of_sessions
from .first_start import make_key, prepare
from .narrator import Expected, Narrator

INVALID_TOKEN = Expected(401, {"error": "invalid_token"})
WRONG_LOGIN = Expected(400, holds="invalid_grant")


def main() -> int:
    """Play the story; return 0 if every answer was right, else 1."""
    with TemporaryDirectory() as folder:
        story = Story(Path(folder))
        with _serving(story.app) as url, Narrator(url) as narrator:
            try:
                story.play(narrator)
            except (requests.RequestException, LookupError) as error:
                narrator.break_off(error)
            return 0 if narrator.end() else 1


class Story:
    """Alice writes notes, Bob may only read his own, Carol is an admin, and someone forges."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._passwords = prepare(folder)
        self.app = create_app(instance=folder)

    def play(self, narrator: Narrator) -> None:
        """Play every chapter."""
        alice = self._tell_of_passwords(narrator)
        note = _tell_of_notes(narrator, alice)
        self._tell_of_others(narrator, alice, note)
        _tell_of_bad_credentials(narrator, alice)
        self._tell_of_foreign_tokens(narrator, alice)
        tour_of_sessions.play(
            narrator,
            self.app,
            alice=str(_members(alice)["sub"]),
            password=self._passwords["alice"],
        )

    def _tell_of_passwords(self, narrator: Narrator) -> str:
        narrator.chapter("Logging in")
        narrator.ask(
            "Alice mistypes her password.",
            "POST /login",
            WRONG_LOGIN,
            body={"name": "alice", "password": "guess"},
        )
        narrator.ask(
            "A name that nobody has gets the same answer.",
            "POST /login",
            WRONG_LOGIN,
            body={"name": "mallory", "password": "guess"},
        )
        return self._log_in(narrator, "alice")

    def _tell_of_others(self, narrator: Narrator, alice: str, note: str) -> None:
        narrator.chapter("Who may do what")
        bob = self._log_in(narrator, "bob")
        narrator.ask(
            "Bob looks for Alice's note: not his.", f"GET {note}", Expected(404), token=bob
        )
        narrator.ask(
            "Bob's token may not write; the challenge names the scope that it lacks.",
            "POST /notes",
            Expected(403, {"error": "insufficient_scope", "scope": "notes:write"}),
            token=bob,
            body={"text": "Bob was here"},
        )
        narrator.ask(
            "Alice is no admin.",
            "GET /admin/users",
            Expected(403, {"error": "insufficient_scope"}),
            token=alice,
        )
        carol = self._log_in(narrator, "carol")
        narrator.ask(
            "Carol is one.", "GET /admin/users", Expected(200, holds='"alice"'), token=carol
        )

    def _tell_of_foreign_tokens(self, narrator: Narrator, alice: str) -> None:
        narrator.chapter("Tokens from elsewhere, and from yesterday")
        other_key = self._folder / "other.pem"
        make_key(other_key)
        other_app = create_app({"TOKENGUARD_KEY_FILE": str(other_key)}, instance=self._folder)
        subject = str(_members(alice)["sub"])
        narrator.ask(
            "The same claims, signed with another app's key.",
            "GET /me",
            INVALID_TOKEN,
            token=_issue(other_app, subject),
        )
        expired = _issue(self.app, subject, lifetime=1)
        time.sleep(max(0, _members(expired)["exp"] - time.time()))
        narrator.ask(
            "A token that lived for a second, a second later.",
            "GET /me",
            INVALID_TOKEN,
            token=expired,
        )
        narrator.ask(
            "On an open route it does no harm: nobody is locked out by a stale token.",
            "GET /",
            Expected(200),
            token=expired,
        )

    def _log_in(self, narrator: Narrator, name: str) -> str:
        response = narrator.ask(
            f"{name.capitalize()} logs in and gets a token.",
            "POST /login",
            Expected(200, holds="access_token"),
            body={"name": name, "password": self._passwords[name]},
        )
        return str(response.json()["access_token"])


def _tell_of_notes(narrator: Narrator, alice: str) -> str:
    narrator.chapter("Using the token")
    narrator.ask("The token tells who asks.", "GET /me", Expected(200, holds="alice"), token=alice)
    written = narrator.ask(
        "Alice writes a note.",
        "POST /notes",
        Expected(201, holds="Buy milk"),
        token=alice,
        body={"text": "Buy milk"},
    )
    narrator.ask("She lists them.", "GET /notes", Expected(200, holds="Buy milk"), token=alice)
    return written.headers["Location"]


def _tell_of_bad_credentials(narrator: Narrator, alice: str) -> None:
    narrator.chapter("Tokens missing, doubled and changed")
    narrator.ask(
        "No token: the challenge asks for one, without an error.", "GET /notes", Expected(401, {})
    )
    narrator.ask(
        "Two tokens at once: which should count?",
        "GET /notes",
        Expected(400, {"error": "invalid_request"}),
        token=f"{alice}, Bearer {alice}",
    )
    narrator.ask(
        "Alice makes herself an admin in her token: its signature no longer fits.",
        "GET /admin/users",
        INVALID_TOKEN,
        token=_promoted(alice),
    )
    narrator.ask(
        "She takes the signature off, and writes that there is none (alg none).",
        "GET /admin/users",
        INVALID_TOKEN,
        token=_unsigned(_promoted(alice)),
    )


def _issue(app: Flask, subject: str, *, lifetime: int | None = None) -> str:
    with app.app_context():
        return issue_token(subject, scope="notes:read", lifetime=lifetime)


def _promoted(token: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{_segment(_members(token) | {'role': 'admin'})}.{signature}"


def _unsigned(token: str) -> str:
    _, payload, _ = token.split(".")
    return f"{_segment(_members(token, 0) | {'alg': 'none'})}.{payload}."


def _members(token: str, segment: int = 1) -> dict[str, Any]:
    """Read a segment, by default the payload, as an attacker does: anyone can, without a key."""
    members: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[segment] + "=="))
    return members


def _segment(members: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


class _SilentHandler(WSGIRequestHandler):
    """Leaves the terminal to the story."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


@contextmanager
def _serving(app: Flask) -> Iterator[str]:
    """Serve an app at a free port, from a thread of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_SilentHandler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
