"""The hints name what exists, and stand in the errors of every function that takes such a name."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from flask_tokenguard import (
    IssueError,
    IssueOptions,
    TokenGuard,
    issue_token,
    issue_token_pair,
    require_token,
)
from flask_tokenguard import token_required as token_required_typed
from flask_tokenguard.arguments import hints
from flask_tokenguard.config.settings import PREFIX, Settings
from flask_tokenguard.web.guards.demands import Demanded

from ..conftest import MakeApp

token_required: Callable[..., Any] = token_required_typed
DEMANDED = {*Demanded.__annotations__, "optional"}
TABLES = [hints.SETTINGS, hints.DEMANDS, hints.OPTIONS]
OPTIONS = {*IssueOptions.__annotations__}
# An option's hint may name the demand that goes with it, or the other function's argument.
BESIDE = {"role", "max_age", "origin"}


@pytest.mark.parametrize(
    "advice", sorted({advice for table in TABLES for advice in table.values()})
)
def test_a_hint_names_a_setting_that_exists(advice: str) -> None:
    settings = {PREFIX + name.upper() for name in Settings.__dataclass_fields__}
    assert set(re.findall(rf"{PREFIX}\w+", advice)) <= settings


@pytest.mark.parametrize(
    ("table", "known"), [(hints.DEMANDS, DEMANDED), (hints.OPTIONS, OPTIONS | BESIDE)]
)
def test_a_hint_names_an_argument_that_exists(table: dict[str, str], known: set[str]) -> None:
    named = {name for advice in table.values() for name in re.findall(r"(\w+)=", advice)}
    assert named
    assert named <= known


@pytest.mark.parametrize(("table", "known"), [(hints.DEMANDS, DEMANDED), (hints.OPTIONS, OPTIONS)])
def test_what_exists_needs_no_hint(table: dict[str, str], known: set[str]) -> None:
    assert not [name for name in known for row in table if re.fullmatch(row, name)]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("scopes", 'write scope="a b", or any_scope='),
        ("roles", "write role="),
        ("fresh", "write max_age=300"),
        ("refresh", "write @refresh_required"),
        ("verify_type", "set TOKENGUARD_TYPES"),
        ("any_scop", "did you mean any_scope=?"),
        ("tenant", 'claims={"tenant": ...}'),
    ],
)
@pytest.mark.parametrize("function", [token_required, require_token])
def test_a_demand_that_does_not_exist_gets_a_hint(
    function: Callable[..., Any], name: str, hint: str
) -> None:
    with pytest.raises(TypeError, match=rf"no argument {name}=; .*{re.escape(hint)}"):
        function(**{name: True})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("role", 'write claims={"roles": ["admin"]}'),
        ("expires_delta", "write lifetime="),
        ("additional_claims", "write claims="),
        ("audienc", "did you mean audience=?"),
        ("tenant", 'claims={"tenant": ...}'),
    ],
)
@pytest.mark.parametrize("issue", [issue_token, issue_token_pair])
def test_an_option_that_does_not_exist_gets_a_hint(
    make_app: MakeApp, issue: Callable[..., Any], name: str, hint: str
) -> None:
    app = make_app(STORAGE_URI="memory://")
    with app.app_context(), pytest.raises(TypeError, match=re.escape(hint)):
        issue("alice", **{name: "hush"})


@pytest.mark.parametrize("issue", [issue_token, issue_token_pair])
@pytest.mark.parametrize(
    ("options", "defaults", "fault"),
    [
        ({"claims": "role"}, {}, "claims must be a mapping, such as"),
        ({"claims": ["role"]}, {"home": "/"}, "claims must be a mapping, such as"),
        ({"header": "kid"}, {}, "header must be a mapping, such as"),
        ({}, ["role"], "what default_claims returns must be a mapping, such as"),
        ({"scope": ["a b"]}, {}, 'write scope="a b" or ["a", "b"]'),
        ({"scope": {"a": True}}, {}, "the scope must be a str, or several; it is of type dict"),
        ({"scope": b"a"}, {}, "the scope must be a str, or several; it is of type bytes"),
        ({"audience": 7}, {}, "the audience must be a str, or several; it is of type int"),
        ({"claims": {"exp": 1}}, {}, "the claim exp is reserved; write lifetime="),
        ({"claims": {"scope": "a"}}, {}, "the claim scope is reserved; write scope="),
        ({"header": {"alg": "none"}}, {}, "the header alg is reserved; set TOKENGUARD_ALGORITHM"),
        ({"claims": {"cnf": {}}}, {}, "the claim cnf is reserved; see the arguments of"),
    ],
    ids=str,
)
def test_an_option_of_another_type_gets_a_hint(
    make_app: MakeApp,
    issue: Callable[..., Any],
    options: dict[str, Any],
    defaults: Any,
    fault: str,
) -> None:
    guard = TokenGuard()
    guard.default_claims(lambda _: defaults)
    app = make_app(guard, STORAGE_URI="memory://")
    with app.app_context(), pytest.raises(IssueError, match=re.escape(fault)):
        issue("alice", **options)


@pytest.mark.parametrize("function", [token_required, require_token])
@pytest.mark.parametrize(
    ("misplaced", "hint"),
    [
        (("notes:read",), "(scope='notes:read')"),
        (("a", "b"), "(scope='a')"),
        ((300,), "(scope='notes:read')"),
        ((None,), "(scope='notes:read')"),
        ((len, "a"), "call it first"),
    ],
    ids=str,
)
def test_what_is_demanded_goes_by_name(
    function: Callable[..., Any], misplaced: tuple[Any, ...], hint: str
) -> None:
    with pytest.raises(TypeError, match=f"{function.__name__}.*{re.escape(hint)}"):
        function(*misplaced)
