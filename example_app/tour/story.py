"""The story against a real socket: what the guard lets through and what it refuses.

It has its own server, keys and database in a temporary folder, which are gone afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import requests
from flask import Flask, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from flask_tokenguard import issue_token_pair, set_token_cookies

from .. import create_app
from ..first_start import prepare
from . import sessions
from .attacks import ATTACKS, Victim
from .exchange import Answer, Request, Send, members_of, shortened
from .narrator import Expected, Narrator
from .screen import Screen

WRONG_LOGIN = Expected(400, holds="invalid_grant")
_TIMEOUT = 10  # seconds, for connecting and again for each wait


def main(screen: Screen) -> int:
    """Play the story; return 0 if every answer was right, else 1."""
    with TemporaryDirectory() as folder:
        story = Story(Path(folder))
        with _serving(story.app) as url, _sending(url) as send:
            try:
                story.play(Narrator(send, screen.show, screen.begin))
            except (requests.RequestException, LookupError) as error:
                screen.break_off(shortened(repr(error)))
            return 0 if screen.end() else 1


class Story:
    """Alice writes notes, Bob may only read his own, Carol is an admin, and someone breaks in."""

    def __init__(self, folder: Path) -> None:
        self._passwords = prepare(folder)
        self.app = create_app(instance=folder)

    def play(self, narrator: Narrator) -> None:
        """Play every chapter."""
        alice = self._play_passwords(narrator)
        subject = str(members_of(alice)["sub"])
        note = _play_notes(narrator, alice)
        self._play_others(narrator, alice, note)
        _play_missing_credentials(narrator, alice)
        narrator.chapter("Trying to break in")
        for attack in ATTACKS:
            attack.play(narrator, Victim(self.app, subject, self._cookie_of(subject)))
        sessions.play(narrator, self.app, alice=subject, password=self._passwords["alice"])

    def _play_passwords(self, narrator: Narrator) -> str:
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

    def _play_others(self, narrator: Narrator, alice: str, note: str) -> None:
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

    def _log_in(self, narrator: Narrator, name: str) -> str:
        answer = narrator.ask(
            f"{name.capitalize()} logs in and gets a token.",
            "POST /login",
            Expected(200, holds="access_token"),
            body={"name": name, "password": self._passwords[name]},
        )
        return str(answer.json()["access_token"])

    def _cookie_of(self, subject: str) -> str:
        """Sign a user in, and return what the browser sends from then on."""
        with self.app.test_request_context():
            response = Response()
            set_token_cookies(response, issue_token_pair(subject, scope="notes:read notes:write"))
        cookies = response.headers.getlist("Set-Cookie")
        return "; ".join(cookie.partition(";")[0] for cookie in cookies)


def _play_notes(narrator: Narrator, alice: str) -> str:
    narrator.chapter("Using the token")
    narrator.ask("The token states who asks.", "GET /me", Expected(200, holds="alice"), token=alice)
    written = narrator.ask(
        "Alice writes a note.",
        "POST /notes",
        Expected(201, holds="Buy milk"),
        token=alice,
        body={"text": "Buy milk"},
    )
    narrator.ask("She lists them.", "GET /notes", Expected(200, holds="Buy milk"), token=alice)
    return str(written.headers.get("Location"))


def _play_missing_credentials(narrator: Narrator, alice: str) -> None:
    narrator.chapter("Tokens missing and doubled")
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
        "On an open route a broken token does no harm: nobody is locked out by a stale one.",
        "GET /",
        Expected(200),
        token=alice[:-4],
    )


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


@contextmanager
def _sending(url: str) -> Iterator[Send]:
    """Send requests to a server, without a proxy, a .netrc and cookies of its own."""
    with requests.Session() as session:
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

        def send(request: Request) -> Answer:
            method, path = request.line.split()
            response = session.request(
                method,
                url + path,
                headers=dict(request.headers),
                json=request.body,
                data=request.form,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
            status = f"{response.status_code} {response.reason}"
            return Answer(status, response.headers, response.text)

        yield send
