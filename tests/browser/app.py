"""A small app that keeps tokens in cookies, and the pages of somebody else, on free ports.

What comes to it is recorded: whether the browser sent the cookie, and what was answered.
"""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, Response, g, redirect, render_template_string, request
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from flask_tokenguard import (
    TokenGuard,
    end_all_sessions,
    end_session,
    issue_token_pair,
    require_token,
    set_token_cookies,
    token_required,
    unset_token_cookies,
)

from ..support import Config, SettableClock
from .visitor import PATIENCE

SIGN_IN = """<!doctype html><title>Sign in</title>
<form method="post" action="/login"><input name="name" value="alice"><button>Sign in</button></form>
"""
NOTES = """<!doctype html><title>Notes</title><h1>{{ g.claims.subject }}</h1>
<form method="post" action="/notes"><input name="text" value="own"><button>Add</button></form>
<form method="post" action="/logout"><button>Sign out</button></form>
{% if reloads %}<script>
addEventListener("pageshow", (event) => { if (event.persisted) location.reload() })
</script>{% endif %}
"""


class Came(NamedTuple):
    """A request that came, and its answer.

    Attributes:
        error: What its JSON names, if anything.
        has_cookie: Whether the access token's cookie came.
        site: `Sec-Fetch-Site`.
    """

    method: str
    path: str
    status: int
    error: str | None
    has_cookie: bool
    site: str | None
    origin: str | None


class Record:
    """What came to an app, which a test may wait for."""

    def __init__(self) -> None:
        self._came: list[Came] = []
        self._more = threading.Condition()

    def add(self, came: Came) -> None:
        """Note a request."""
        with self._more:
            self._came.append(came)
            self._more.notify_all()

    def take(self, method: str, path: str) -> Came:
        """Wait for a request, and forget it."""
        with self._more:
            came = self._more.wait_for(partial(self._find, method, path), PATIENCE)
            assert came is not None, f"no {method} {path} came"
            self._came.remove(came)
            return came

    def _find(self, method: str, path: str) -> Came | None:
        found = (came for came in self._came if (came.method, came.path) == (method, path))
        return next(found, None)


class App:
    """The app.

    Attributes:
        clock: Its time.
        record: What came to it.
        notes: What was written.
        refreshes: Where two requests for a refresh wait for each other, if a test wants it.
        reloads: Whether the page of notes reloads when it comes back.
    """

    def __init__(self, clock: SettableClock, **settings: Any) -> None:
        self.clock = clock
        self.record = Record()
        self.notes: list[str] = []
        self.refreshes = threading.Barrier(1)
        self.reloads = True
        self.flask = self._make(settings)

    def _make(self, settings: Config) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.testing = settings.get("COOKIE_INSECURE", False)
        app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
        guard = TokenGuard(app, clock=self.clock)
        app.after_request(self._note)
        app.before_request(self._meet)
        app.register_blueprint(guard.token_endpoints(cookies=True), url_prefix="/auth")
        for rule, view, methods in (
            ("/", sign_in, ["GET"]),
            ("/login", login, ["POST"]),
            ("/logout", logout, ["POST"]),
            ("/logout/everywhere", logout_everywhere, ["POST"]),
            ("/me", me, ["GET"]),
            ("/notes", token_required(self._notes), ["GET", "POST"]),
        ):
            app.add_url_rule(rule, view_func=view, methods=methods, endpoint=rule)
        app.add_url_rule("/socket", view_func=me, websocket=True)
        return app

    def _notes(self) -> Any:
        if request.method == "POST":
            self.notes.append(request.form["text"])
            return redirect("/notes", 303)
        response = Response(render_template_string(NOTES, reloads=self.reloads))
        # A page of its own may name no referrer; the browser's own form then has the origin `null`.
        response.headers["Referrer-Policy"] = "no-referrer"
        # With `no-store` Chromium keeps the page too, unless it notices in time that a cookie goes.
        response.headers["Cache-Control"] = "private"
        return response

    def _meet(self) -> None:
        if request.path == "/auth/token":
            self.refreshes.wait(PATIENCE)

    def _note(self, response: Response) -> Response:
        body = response.get_json(silent=True) or {}
        names = request.cookies.keys()
        came = Came(
            request.method,
            request.path,
            response.status_code,
            body.get("error"),
            any(name.endswith("access_token") for name in names),
            request.headers.get("Sec-Fetch-Site"),
            request.headers.get("Origin"),
        )
        self.record.add(came)
        return response


def sign_in() -> str:
    return SIGN_IN


def login() -> Any:
    pair = issue_token_pair(request.form["name"])
    answer = redirect("/notes", 303)
    return set_token_cookies(answer, pair, persistent="remember" in request.form)


def logout() -> Any:
    end_session()
    return unset_token_cookies(redirect("/", 303))


@token_required
def logout_everywhere() -> Response:
    end_all_sessions(require_token())
    return unset_token_cookies(Response(status=204))


@token_required
def me() -> dict[str, str]:
    return {"sub": g.claims.subject}


def make_other() -> Flask:
    """Make the app of somebody else, whose pages attack ours."""
    other = Flask("other", static_folder=None)

    @other.get("/")
    def page() -> str:
        return "<!doctype html><title>Other</title>"

    @other.post("/hop")
    def hop() -> Any:
        return redirect(request.args["to"], 307)

    return other


class _Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Print nothing."""


class _Server(ThreadedWSGIServer):
    def handle_error(self, *_: object) -> None:
        """Print nothing: a browser leaves connections that it opened to be quick."""


@contextmanager
def serving(app: Flask, pem: Path | None) -> Iterator[int]:
    """Serve an app on loopback, by TLS with a certificate; yields the port."""
    server = _Server("127.0.0.1", 0, app, _Silent)
    if pem is not None:
        server.ssl_context = context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        # The thread of a connection shakes hands, not the one that accepts all of them.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
