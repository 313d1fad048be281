"""Four apps before and after the move: each client goes on as it is, and so do its tokens."""

import ast
import difflib
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.cli.migrating.codemod import rewrite

from ...stores.servers import RealServer, find_valkey, running
from ...support import ROOT, needs_source

HERE = ROOT / "tests" / "apps" / "migration"
MODULES = "tests.apps.migration"
APPS = ("cookies", "resources", "scheme", "blocklist")
SECRET = "jR4vX0s9mQ2wL7tB1nK8yF3dH6pC5zGa"
Make = Callable[..., Flask]
each_app = pytest.mark.parametrize("name", APPS)


# One of them keeps a connection to its table open as long as it lives.
_APPS: list[Flask] = []


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that holds the blocklist."""
    server = RealServer(find_valkey(), tmp_path_factory.mktemp("valkey"))
    with running(server):
        yield server.uri().replace("valkey://", "redis://")


@pytest.fixture
def make(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make an app in its old or its new form, as `flask run --debug` does; both share stores."""
    monkeypatch.setenv("FLASK_DEBUG", "1")

    def make(name: str, form: str) -> Flask:
        config = {
            "secret": SECRET,
            "until": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 2 * 86_400)),
            "store": "memory://",
            "table": tmp_path / "tokens.db",
        }
        if name == "blocklist":
            config["redis"] = request.getfixturevalue("redis")
        app: Flask = import_module(f"{MODULES}.{name}.{form}").create_app(config)
        _APPS.append(app)
        if app.config.get("TOKENGUARD_STORAGE_URI"):
            app.test_cli_runner().invoke(tokenguard, ["import-revoked", "-"], input="")
        return app

    return make


def talk(name: str, app: Flask) -> None:
    """Serve an app over plain http on loopback, and run the script of its client."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        import_module(f"{MODULES}.{name}.client").run(f"http://127.0.0.1:{server.port}")
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()


@each_app
@pytest.mark.parametrize("form", ["old", "new"])
def test_the_client_of_the_old_app_is_served(make: Make, name: str, form: str) -> None:
    talk(name, make(name, form))


@pytest.mark.parametrize(
    ("name", "login", "paths"),
    [
        ("resources", "/login", ["/items"]),
        ("scheme", "/users/login", ["/user", "/articles"]),
        ("blocklist", "/login", ["/account"]),
    ],
)
def test_who_logged_in_before_stays_logged_in(
    make: Make, name: str, login: str, paths: list[str]
) -> None:
    clients = [make(name, form).test_client() for form in ("old", "new")]
    tokens = _tokens(clients[0], login)
    scheme = "Token" if name == "scheme" else "Bearer"
    headers = {"Authorization": f"{scheme} {tokens['access']}"}
    for path in paths:
        old, new = (client.get(path, headers=headers) for client in clients)
        assert (new.status_code, new.get_json()) == (200, old.get_json())
    if "refresh" in tokens:
        headers = {"Authorization": f"Bearer {tokens['refresh']}"}
        answers = [clients[1].post("/refresh", headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]


def _tokens(client: FlaskClient, login: str) -> dict[str, str]:
    user = {"name": "ada", "username": "ada", "password": "correct horse"}
    answer = client.post(login, json=user | {"user": user}).get_json()
    token = answer.get("access_token") or answer["user"]["token"]
    refresh = answer.get("refresh_token")
    return {"access": token} | ({"refresh": refresh} if refresh else {})


def test_who_has_old_cookies_stays_logged_in(make: Make) -> None:
    clients = [make("cookies", form).test_client() for form in ("old", "new")]
    clients[0].post("/login", json={"name": "ada", "password": "correct horse"})
    names = ["access_token_cookie", "refresh_token_cookie"]
    names += ["csrf_access_token", "csrf_refresh_token"]
    kept = {name: clients[0].get_cookie(name) for name in names}
    for name, cookie in kept.items():
        clients[1].set_cookie(name, cookie.value if cookie else "")
    for path, csrf in (("/notes", names[2]), ("/refresh", names[3])):
        cookie = clients[1].get_cookie(csrf)
        headers = {"X-CSRF-TOKEN": cookie.value if cookie else ""}
        answer = clients[1].post(path, json={"text": "Still here"}, headers=headers)
        assert answer.status_code in (200, 201)
    assert clients[1].get("/notes").get_json() == {"notes": ["Still here"]}


@each_app
@needs_source
def test_the_codemod_gives_the_new_app_but_for_what_it_names(name: str) -> None:
    old, new = (HERE / name / f"{form}.py" for form in ("old", "new"))
    result = rewrite(old.read_bytes())
    named = {line.line - 1 for line in result.by_hand if line.line is not None}
    between = result.after.split("\n")
    places = _after_codemod(named, result.before.split("\n"), between)
    # A name that a hand writes has to be imported.
    places |= _imports(between)
    changed = set().union(*(lines for lines in _changes(between, new.read_text().split("\n"))))
    assert [between[line] for line in sorted(changed - places)] == []


def _after_codemod(named: set[int], before: list[str], between: list[str]) -> set[int]:
    """Return where the lines that were named are after the codemod."""
    places: set[int] = set()
    matcher = difflib.SequenceMatcher(None, before, between, autojunk=False)
    for tag, first, last, new_first, new_last in matcher.get_opcodes():
        for line in named & set(range(first, last)):
            is_same = tag == "equal"
            at = new_first + line - first
            places |= {at} if is_same else set(range(new_first, new_last))
    return places


def _changes(between: list[str], after: list[str]) -> Iterator[set[int]]:
    """List what a hand changed: lines, or for what it added the line before, if that was named."""
    matcher = difflib.SequenceMatcher(None, between, after, autojunk=False)
    for tag, first, last, *_ in matcher.get_opcodes():
        if tag != "equal":
            yield set(range(first, last)) or {first - 1}


def _imports(lines: list[str]) -> set[int]:
    """Return where imports of both packages are."""
    return {
        line
        for node in ast.parse("\n".join(lines)).body
        if isinstance(node, ast.ImportFrom)
        and node.module in ("flask_jwt_extended", "flask_tokenguard")
        for line in range(node.lineno - 1, node.end_lineno or node.lineno)
    }


@needs_source
def test_the_new_apps_import_nothing_of_the_old_package() -> None:
    for name in APPS:
        assert "flask_jwt_extended" not in (HERE / name / "new.py").read_text()


@needs_source
def test_the_old_apps_are_of_the_old_package_alone() -> None:
    for name in APPS:
        assert "flask_tokenguard" not in (HERE / name / "old.py").read_text()
