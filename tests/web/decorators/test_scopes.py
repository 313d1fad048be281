"""What `token_required` is called with: scope, any_scope."""

from collections.abc import Callable
from typing import Any

import pytest

from flask_tokenguard import token_required
from flask_tokenguard.testing import assert_challenge

from ...conftest import MakeApp
from ..conftest import Headers
from ..support import new_view
from .support import Ask


@pytest.mark.parametrize("decorate", [token_required, token_required()], ids=["bare", "called"])
def test_it_demands_a_token_bare_or_called(
    make_app: MakeApp, headers: Headers, decorate: Callable[..., Any]
) -> None:
    app = make_app()
    app.add_url_rule("/", view_func=decorate(new_view()))
    client = app.test_client()
    assert_challenge(client.get("/"))
    assert client.get("/", headers=headers).text == "served"


def test_a_view_keeps_its_name_docstring_and_arguments(make_app: MakeApp, headers: Headers) -> None:
    @token_required
    def note(number: int) -> str:
        """Show a note."""
        return f"note {number}"

    app = make_app()
    app.add_url_rule("/notes/<int:number>", view_func=note)
    assert (note.__name__, note.__doc__) == ("note", "Show a note.")
    assert app.test_client().get("/notes/7", headers=headers).text == "note 7"


@pytest.mark.parametrize(
    ("demanded", "scope", "status"),
    [
        ("a", "a", 200),
        ("a", "b a c", 200),
        ("a b", "b a", 200),
        (["a", "b"], "b a", 200),
        (("a",), "a", 200),
        ({"a"}, "a", 200),
        (iter(["a"]), "a", 200),
        ("a b", "a", 403),
        ("a", "", 403),
        ("a", "ab", 403),
        ("a", "A", 403),
        ("a", ["a"], 403),
        ("a", {"a": 1}, 403),
        ("a", None, 403),
        ("1", 1, 403),
    ],
)
def test_scope_means_all_of_these(ask: Ask, demanded: Any, scope: Any, status: int) -> None:
    assert ask({"scope": demanded}, scope=scope).status_code == status


@pytest.mark.parametrize(
    ("demanded", "scope", "status"),
    [
        ("a b", "a", 200),
        ("a b", "c b", 200),
        (["a", "b"], "b", 200),
        ("a b", "c", 403),
        ("a b", "", 403),
        ("a b", ["a"], 403),
    ],
)
def test_any_scope_means_one_of_these(ask: Ask, demanded: Any, scope: Any, status: int) -> None:
    assert ask({"any_scope": demanded}, scope=scope).status_code == status


@pytest.mark.parametrize(("scope", "status"), [("a", 403), ("b", 403), ("a c", 200)])
def test_scope_and_any_scope_must_both_be_met(ask: Ask, scope: str, status: int) -> None:
    assert ask({"scope": "a", "any_scope": "b c"}, scope=scope).status_code == status


def test_a_token_without_a_scope_claim_has_no_scope(ask: Ask) -> None:
    assert_challenge(ask({"scope": "a"}), error="insufficient_scope")
