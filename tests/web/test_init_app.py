"""A guard takes an app: its config is read once, and all faults are raised at once."""

import pytest
from flask import Flask

from flask_tokenguard import ConfigurationError, TokenGuard, token_required
from flask_tokenguard.testing import assert_challenge

from ..conftest import MakeApp
from .conftest import GuardApp, Headers
from .support import new_view


def test_a_guard_takes_an_app_at_once(secret: str) -> None:
    app = Flask(__name__)
    app.config["TOKENGUARD_KEY"] = secret
    guard = TokenGuard(app)
    assert guard.verify(guard.issue_token("alice")).claims.subject == "alice"


def test_an_app_takes_one_guard_only(make_app: MakeApp) -> None:
    app = make_app()
    with pytest.raises(
        ConfigurationError, match=r"already: either TokenGuard\(app\) or init_app\(app\)"
    ):
        TokenGuard().init_app(app)


def test_an_app_without_a_key_does_not_start() -> None:
    with pytest.raises(ConfigurationError, match="TOKENGUARD_KEY"):
        TokenGuard(Flask(__name__))


def test_every_fault_is_told_at_once(guard_app: GuardApp) -> None:
    with pytest.raises(ConfigurationError) as raised:
        guard_app(Flask(__name__), PROTECT="some", TOKEN_LOCATIONS=["header", "header"], REALM='"')
    assert [fault.split()[0] for fault in sorted(raised.value.faults)] == [
        "TOKENGUARD_PROTECT",
        "TOKENGUARD_REALM",
        "TOKENGUARD_TOKEN_LOCATIONS",
    ]


def test_an_app_that_was_refused_can_be_guarded_once_repaired(guard_app: GuardApp) -> None:
    app = Flask(__name__)
    app.add_url_rule("/", view_func=token_required(new_view()))
    with pytest.raises(ConfigurationError):
        guard_app(app, PROTECT="some")
    guard_app(app, PROTECT="marked")
    assert_challenge(app.test_client().get("/"))


def test_the_config_is_read_once(make_app: MakeApp, headers: Headers) -> None:
    app = make_app()
    app.config["TOKENGUARD_KEY"] = "another secret" * 8
    app.config["TOKENGUARD_REALM"] = "another realm"
    response = app.test_client().get("/claims", headers=headers)
    assert response.get_json()["sub"] == "alice"


def test_the_config_is_not_changed(guard_app: GuardApp) -> None:
    app = guard_app(Flask(__name__), PROTECT="all", TOKEN_LOCATIONS="header,query")
    ours = {name: value for name, value in app.config.items() if name.startswith("TOKENGUARD_")}
    assert ours.keys() == {
        "TOKENGUARD_KEY",
        "TOKENGUARD_PROTECT",
        "TOKENGUARD_TOKEN_LOCATIONS",
    }
    assert ours["TOKENGUARD_TOKEN_LOCATIONS"] == "header,query"
