"""`flask tokenguard doctor`: requests."""

from pathlib import Path

import pytest

from flask_tokenguard import public, refresh_required, token_required

from ...conftest import MakeApp
from ...support import Config
from ...web.support import foreign, new_view
from .support import examine, findings, rows_of


def test_an_endpoint_that_is_open_by_omission_is_found(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe)
    app.add_url_rule("/b", "second", lambda: "")
    app.add_url_rule("/a", "first", lambda: "", methods=["GET", "POST"])
    result = examine(app)
    assert result.exit_code == 1
    assert "These are open, and nothing marks them as public: first, second." in result.stdout


def test_a_view_that_takes_a_token_in_its_url_is_found(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe)
    app.add_url_rule("/a", "a", token_required(locations=["query:jwt"])(new_view()))
    app.add_url_rule("/b", "b", token_required(locations=["form:jwt"])(new_view()))
    (row,) = rows_of(app)
    assert (row["level"], row["about"]) == ("advice", "locations=")
    assert row["why"].endswith(": a.")


def test_a_refresh_token_that_no_store_can_know_is_found(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe)
    app.add_url_rule("/refresh", "refresh", refresh_required(new_view()), methods=["POST"])
    result = examine(app)
    assert "answer 500 without a store: refresh." in result.stdout


def test_a_refresh_token_that_a_store_knows_is_no_risk(
    make_app: MakeApp, safe: Config, tmp_path: Path
) -> None:
    app = make_app(**safe, STORAGE_URI=f"sqlite:///{tmp_path / 'tokenguard.db'}")
    app.add_url_rule("/refresh", "refresh", refresh_required(new_view()), methods=["POST"])
    assert findings(app) == []


def test_an_endpoint_that_is_public_is_no_risk(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe)
    app.add_url_rule("/", "open", public(lambda: ""))
    assert findings(app) == []


def test_a_public_endpoint_that_is_none_is_found(make_app: MakeApp, safe: Config) -> None:
    result = examine(make_app(**safe, PUBLIC_ENDPOINTS=["helth"]))
    assert "No endpoint matches 'helth'." in result.stdout


def test_a_login_view_that_is_none_is_found(make_app: MakeApp, safe: Config) -> None:
    result = examine(make_app(**safe, LOGIN_VIEW="auth.logn"))
    assert "Nobody is sent to the login: 'auth.logn' is no endpoint" in result.stdout
    assert findings(make_app(**safe, LOGIN_VIEW="claims")) == []


def test_the_endpoints_that_the_config_opens_are_listed(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe, PUBLIC_ENDPOINTS=["a*"])
    for name in ("api", "about"):
        app.add_url_rule(f"/{name}", name, new_view())
    result = examine(app)
    assert "These need no token: about, api, static." in result.stdout


def test_a_guard_under_another_decorator_is_no_risk(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe)
    app.add_url_rule("/guarded", "guarded", foreign(token_required(new_view())))
    app.add_url_rule("/open", "open", foreign(public(new_view())))
    assert findings(app) == []


def test_an_unmarked_endpoint_is_no_risk_where_all_are_guarded(
    make_app: MakeApp, safe: Config
) -> None:
    app = make_app(PROTECT="all", **safe)
    app.add_url_rule("/", "closed", lambda: "")
    assert findings(app) == []


def test_the_debugger_is_found(
    make_app: MakeApp, safe: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert findings(make_app(**safe)) == [("warning", "DEBUG")]
