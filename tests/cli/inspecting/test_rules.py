"""`flask tokenguard inspect`: the app's own rules, no app."""

import json
from typing import Any

from click.testing import CliRunner
from flask.cli import ScriptInfo

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.errors import Rejected, Unavailable
from flask_tokenguard.verify.claims import VerifiedToken
from flask_tokenguard.verify.validators import has_text

from ...conftest import MakeApp
from .support import checks, forged, issued, run, run_alone


def has_tenant(token: VerifiedToken) -> None:
    """Require a tenant."""
    if "tenant" not in token.claims:
        raise Rejected("There is no tenant")


def cannot_tell(token: VerifiedToken) -> None:
    """Fail to reach what knows."""
    raise Unavailable(f"{len(token.claims)} claims, and nobody to ask")


def test_an_own_rule_has_a_verdict(make_app: MakeApp) -> None:
    app = make_app(TokenGuard(validators=[has_tenant]))
    result = run(app, issued(app, "--claim", "tenant=x"), "--json")
    assert result.exit_code == 0
    assert checks(result)["has_tenant"] == "ok"


def test_an_own_rule_refuses(make_app: MakeApp) -> None:
    app = make_app(TokenGuard(validators=[has_tenant]))
    result = run(app, issued(app), "--json")
    assert result.exit_code == 1
    assert checks(result)["has_tenant"] == "refused: There is no tenant"


def test_an_own_rule_that_cannot_tell_accepts_nothing(make_app: MakeApp) -> None:
    app = make_app(TokenGuard(validators=[cannot_tell]))
    result = run(app, issued(app), "--json")
    assert result.exit_code == 1
    assert checks(result)["cannot_tell"].endswith("nobody to ask")


def test_an_own_rule_never_sees_a_token_that_ours_refuse(make_app: MakeApp) -> None:
    app = make_app(TokenGuard(validators=[has_tenant]))
    assert checks(run(app, forged({}), "--json"))["has_tenant"] == "not checked"


def test_an_own_rule_without_a_name_has_a_verdict(make_app: MakeApp) -> None:
    class HasTenant:
        def __call__(self, token: VerifiedToken) -> None:
            has_tenant(token)

    app = make_app(TokenGuard(validators=[HasTenant()]))
    found = checks(run(app, issued(app), "--json"))
    assert found["a rule of the app"] == "refused: There is no tenant"


def test_an_own_rule_that_fails_accepts_nothing(make_app: MakeApp) -> None:
    def is_known(token: VerifiedToken) -> None:
        assert token.claims["tenant"]

    app = make_app(TokenGuard(validators=[is_known]))
    result = run(app, issued(app), "--json")
    assert result.exit_code == 1
    assert checks(result)["is_known"] == "failed: KeyError"


def test_an_own_rule_that_returns_a_value_accepts_nothing(make_app: MakeApp) -> None:
    def is_known(token: VerifiedToken) -> Any:
        return bool(token.claims)

    app = make_app(TokenGuard(validators=[is_known]))
    result = run(app, issued(app), "--json")
    assert result.exit_code == 1
    assert checks(result)["is_known"] == "failed: a value was returned"


def test_every_one_of_two_rules_with_one_name_counts(make_app: MakeApp) -> None:
    app = make_app(TokenGuard(validators=[has_text("tenant"), has_text("sub")]))
    assert run(app, issued(app)).exit_code == 1


def test_an_own_rule_does_not_hide_ours(make_app: MakeApp) -> None:
    def exp(token: VerifiedToken) -> None:
        has_tenant(token)

    app = make_app(TokenGuard(validators=[exp]))
    assert checks(run(app, forged({"exp": 1}), "--json"))["exp"].startswith("refused: ")


def test_a_token_is_read_without_an_app() -> None:
    result = run_alone(forged({"sub": "ada"}), "--json")
    assert "Could not locate a Flask application." in result.stderr
    assert json.loads(result.stdout)["claims"] == {"sub": "ada"}
    assert checks(result) == {"form": "ok"}


def test_a_token_is_never_accepted_without_an_app(make_app: MakeApp) -> None:
    assert run_alone(issued(make_app())).exit_code == 1


def test_a_token_is_read_beside_an_app_that_cannot_start(make_app: MakeApp) -> None:
    info = ScriptInfo(create_app=lambda: make_app(LEEWAY=-1))
    result = CliRunner().invoke(tokenguard, ["inspect", forged({"sub": "ada"})], obj=info)
    assert result.exit_code == 1
    assert result.stderr == "Error: TOKENGUARD_LEEWAY must be from 0 to 300 seconds, and is -1\n"
    assert '"sub": "ada"' in result.stdout
