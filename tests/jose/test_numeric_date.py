"""NumericDate claims: what is an instant, and what never is (RFC 7519 section 2)."""

import ast
from pathlib import Path

import pytest

import flask_tokenguard
from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.issue import ids
from flask_tokenguard.jose import strict_json
from flask_tokenguard.jose.compact import LAST_NUMERIC_DATE, numeric_date, optional_date
from flask_tokenguard.verify.claims import Claims

from ..support import NO_INSTANTS

PACKAGE = Path(flask_tokenguard.__file__).parent
each_that_is_none = pytest.mark.parametrize("value", NO_INSTANTS, ids=lambda value: str(value)[:20])


@pytest.mark.parametrize("value", [0, 1, 1.5, -0.0, LAST_NUMERIC_DATE, float(LAST_NUMERIC_DATE)])
def test_a_number_up_to_the_year_9999_is_an_instant(value: float) -> None:
    assert numeric_date({"exp": value}, "exp") == value


@pytest.mark.parametrize(("text", "value"), [("1e3", 1000.0), ("17e8", 1.7e9), ("0.5e1", 5.0)])
def test_an_instant_may_have_an_exponent(text: str, value: float) -> None:
    claims = strict_json.parse_object(f'{{"exp": {text}}}'.encode())
    assert numeric_date(claims, "exp") == value


def test_an_absent_claim_is_no_instant() -> None:
    assert optional_date({}, "exp") is None
    with pytest.raises(InvalidToken, match="no exp"):
        numeric_date({}, "exp")


@each_that_is_none
def test_what_is_no_instant_is_refused_by_its_name(value: object) -> None:
    with pytest.raises(InvalidToken) as caught:
        optional_date({"auth_time": value}, "auth_time")
    assert caught.value.claim == "auth_time"
    assert caught.value.description == "The token has no valid auth_time"


@each_that_is_none
@pytest.mark.parametrize("name", ["expires_at", "issued_at"])
def test_claims_that_were_not_checked_have_no_such_instant(name: str, value: object) -> None:
    with pytest.raises(InvalidToken, match="no valid"):
        getattr(Claims(exp=value, iat=value), name)


def test_claims_without_an_exp_have_no_end() -> None:
    with pytest.raises(InvalidToken, match="no exp"):
        _ = Claims().expires_at


@each_that_is_none
def test_a_token_has_no_instant_of_issue_without_one(value: object) -> None:
    with pytest.raises(InvalidToken, match="no valid iat"):
        ids.instant_of({"iat": value}, is_own=False)


def test_every_instant_of_a_token_is_read_in_one_place() -> None:
    names = {"exp", "iat", "nbf", "auth_time", "session_exp"}
    modules = {path.name: ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}
    others = {
        module
        for module, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "get"
        for argument in node.args[:1]
        if isinstance(argument, ast.Constant) and argument.value in names
    }
    assert others == set()
