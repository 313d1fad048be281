"""A guard takes an app: its config is read once, and all faults are raised at once."""

import subprocess
import sys

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


_WITH_ONE_SECRET = """
import sys
from flask import Flask
from flask_tokenguard import TokenGuard
app = Flask("app")
app.config["TOKENGUARD_KEY"] = "8rGwvP1mXc3kZbT7nQyL5sHdJ9fA2uEo4iKxW6gRtVq"
guard = TokenGuard(app)
guard.verify(guard.issue_token("alice"))
print(*sys.modules)
"""


def test_what_an_app_has_not_configured_is_not_imported() -> None:
    run = subprocess.run(  # noqa: S603 - our own code, by the interpreter that runs this
        [sys.executable, "-c", _WITH_ONE_SECRET], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert "flask_tokenguard.verify.verifier" in loaded
    assert loaded.isdisjoint(
        {
            "cryptography.hazmat.primitives.asymmetric",
            "cryptography.hazmat.primitives.serialization",
            "flask_tokenguard.config.issuers",
            "flask_tokenguard.config.keys",
            "flask_tokenguard.deadline",
            "flask_tokenguard.fetching",
            "flask_tokenguard.jose.key_pairs",
            "flask_tokenguard.jose.pair_signatures",
            "flask_tokenguard.keys.encryption",
            "flask_tokenguard.verify.former",
            "flask_tokenguard.verify.issuers",
            "flask_tokenguard.web.credentials.cross_site",
            "flask_tokenguard.wiring.cookies",
        }
    )
