"""`flask tokenguard sessions`, `logout` and `revoke`: what an operator types at night."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from flask_tokenguard import TokenGuard, issue_token, issue_token_pair
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.memory import MemoryStore

from ..conftest import MakeApp
from ..support import status_of

Pair = dict[str, Any]


@pytest.fixture
def app(make_app: MakeApp, tmp_path: Path) -> Flask:
    """An app that serves, whose store is a file."""
    return make_app(STORAGE_URI=f"sqlite:///{tmp_path / 'store.db'}")


@pytest.fixture
def shell(make_app: MakeApp, app: Flask) -> Flask:
    """The same app, as a shell loads it beside the one that serves."""
    return make_app(STORAGE_URI=app.config["TOKENGUARD_STORAGE_URI"])


@pytest.fixture
def pair(app: Flask) -> Pair:
    """A session of Alice."""
    return log_in(app)


def log_in(app: Flask, origin: str = "Firefox") -> Pair:
    with app.app_context():
        return dict(issue_token_pair("alice", origin=origin))


def run(app: Flask, *arguments: str, **options: Any) -> Result:
    return app.test_cli_runner().invoke(tokenguard, list(arguments), **options)


def sid_of(app: Flask, pair: Pair) -> str:
    claims = app.extensions["guard"].verify(pair["access_token"]).claims
    return str(claims["sid"])


def test_the_sessions_of_a_subject_are_listed(app: Flask, shell: Flask, pair: Pair) -> None:
    result = run(shell, "sessions", "alice")
    names, session = result.stdout.splitlines()
    assert names.split() == ["sid", "started", "last_used", "expires_at", "origin"]
    assert session.split()[0] == sid_of(app, pair)
    assert session.endswith('Z  "Firefox"')
    assert result.exit_code == 0


def test_an_origin_cannot_speak_to_the_terminal(app: Flask, shell: Flask) -> None:
    log_in(app, "\x1b[2J\nroot")
    assert run(shell, "sessions", "alice").stdout.endswith('"\\u001b[2J\\nroot"\n')


def test_sessions_are_data_for_programs(app: Flask, shell: Flask, pair: Pair) -> None:
    (session,) = json.loads(run(shell, "sessions", "alice", "--json").stdout)
    assert session.keys() == {"sid", "started", "last_used", "expires_at", "origin"}
    assert (session["sid"], session["origin"]) == (sid_of(app, pair), "Firefox")


def test_a_subject_without_a_session_is_named(shell: Flask) -> None:
    result = run(shell, "sessions", "alice", "--json")
    assert (result.exit_code, result.stdout, result.stderr) == (
        *(0, "[]\n"),
        '"alice" has no session\n',
    )


def test_a_logout_ends_all_that_a_subject_has(app: Flask, shell: Flask, pair: Pair) -> None:
    with app.app_context():
        alone = issue_token("alice")
    result = run(shell, "logout", "alice")
    assert (result.exit_code, result.stdout) == (
        *(0,),
        '1 session ended; no token that "alice" has is accepted\n',
    )
    assert [status_of(app, token) for token in (pair["access_token"], alone)] == [401, 401]


def test_a_logout_names_the_sessions_for_programs(app: Flask, shell: Flask, pair: Pair) -> None:
    sid = sid_of(app, pair)
    ended = json.loads(run(shell, "logout", "alice", "--json").stdout)
    assert ended == {"subject": "alice", "issuer": None, "sessions": [sid]}


def test_a_logout_of_another_issuers_subject_leaves_ours(
    app: Flask, shell: Flask, pair: Pair
) -> None:
    result = run(shell, "logout", "alice", "--issuer", "https://id.example", "--json")
    assert json.loads(result.stdout)["issuer"] == "https://id.example"
    assert status_of(app, pair["access_token"]) == 200


def test_our_own_issuer_may_be_named(make_app: MakeApp) -> None:
    app = make_app(ISSUER="us", STORAGE_URI="memory://")
    log_in(app)
    ended = json.loads(run(app, "logout", "alice", "--issuer", "us", "--json").stdout)
    assert len(ended["sessions"]) == 1


def test_a_session_is_ended_by_its_name(app: Flask, shell: Flask, pair: Pair) -> None:
    other = log_in(app)
    result = run(shell, "logout", "--sid", sid_of(app, pair))
    assert (result.exit_code, result.stdout) == (0, "1 session ended\n")
    assert [status_of(app, each["access_token"]) for each in (pair, other)] == [401, 200]


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["people", "programs"])
def test_a_session_that_is_none_exits_with_1(shell: Flask, options: list[str]) -> None:
    result = run(shell, "logout", "--sid", "nonsense", *options)
    assert result.exit_code == 1
    assert (result.stdout or result.stderr) == (
        '{"sid": "nonsense", "ended": false}\n' if options else "There is no such session\n"
    )


def test_a_token_is_revoked_as_it_is(app: Flask, shell: Flask, pair: Pair) -> None:
    other = log_in(app)
    result = run(shell, "revoke", pair["access_token"])
    assert result.exit_code == 0
    assert result.stdout.startswith("The token is refused: jti ")
    assert [status_of(app, each["access_token"]) for each in (pair, other)] == [401, 200]


def test_a_token_is_read_from_standard_input(app: Flask, shell: Flask, pair: Pair) -> None:
    result = run(shell, "revoke", "-", input=pair["access_token"] + "\n")
    assert pair["access_token"] not in result.output
    assert (result.exit_code, status_of(app, pair["access_token"])) == (0, 401)


def test_a_refresh_token_ends_its_session(app: Flask, shell: Flask, pair: Pair) -> None:
    sid = sid_of(app, pair)
    result = run(shell, "revoke", pair["refresh_token"], "--json")
    assert json.loads(result.stdout) == {"revoked": "session", "sid": sid, "sub": "alice"}
    assert status_of(app, pair["access_token"]) == 401


def test_the_jti_that_issue_prints_revokes(app: Flask, shell: Flask) -> None:
    issued = json.loads(run(shell, "issue", "alice", "--json").stdout)
    assert status_of(app, issued["access_token"]) == 200
    result = run(shell, "revoke", "--jti", issued["jti"], "--json")
    assert json.loads(result.stdout) == {"revoked": "token", "jti": issued["jti"]}
    assert status_of(app, issued["access_token"]) == 401


@pytest.mark.parametrize("token", ["nonsense", "", "a.b.c"])
def test_a_token_that_nobody_accepts_exits_with_1(shell: Flask, token: str) -> None:
    result = run(shell, "revoke", "-", input=token)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: Nothing is revoked: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["logout"],
        ["logout", ""],
        ["revoke", ""],
        ["logout", "alice", "--sid", "x"],
        ["logout", "--sid", "x", "--issuer", "y"],
        ["revoke"],
        ["revoke", "x", "--jti", "y"],
        ["revoke", "x", "--issuer", "y"],
        ["sessions"],
    ],
    ids=" ".join,
)
def test_what_to_end_is_named_once(app: Flask, arguments: list[str]) -> None:
    result = run(app, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["sessions", "alice"],
        ["logout", "alice"],
        ["logout", "--sid", "x"],
        ["revoke", "--jti", "x"],
    ],
    ids=" ".join,
)
def test_an_app_without_a_store_ends_nothing(make_app: MakeApp, arguments: list[str]) -> None:
    result = run(make_app(), *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "set TOKENGUARD_STORAGE_URI" in result.stderr


class AwayStore(MemoryStore):
    """A store that cannot be reached."""

    def sessions_of(self, _: bytes) -> Any:
        """Fail."""
        raise Unavailable("The token store is out of reach")

    def revoke(self, *_: Any, **__: Any) -> None:
        """Fail."""
        raise Unavailable("The token store is out of reach")


@pytest.mark.parametrize(
    "arguments",
    [["sessions", "alice"], ["logout", "alice"], ["revoke", "--jti", "x"]],
    ids=" ".join,
)
def test_a_store_that_is_away_exits_with_2(make_app: MakeApp, arguments: list[str]) -> None:
    result = run(make_app(TokenGuard(store=AwayStore())), *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("Error: The token store is out of reach\n")


@pytest.mark.parametrize("command", ["sessions", "logout"])
def test_a_store_in_memory_is_not_the_servers(make_app: MakeApp, command: str) -> None:
    result = run(make_app(STORAGE_URI="memory://"), command, "alice")
    assert result.stderr.startswith("memory:// is the memory of one process")
