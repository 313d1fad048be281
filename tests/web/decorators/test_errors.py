"""What `token_required` is called with: errors at import."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from flask_tokenguard import public, require_token, token_required

from ...conftest import MakeApp
from ..support import foreign, new_view
from .support import _yields, _yields_later

SEVERAL = "must be a text, or several; it is of type"
ONE = "must name at least one"
SPACE = "no scope has a space in it; write"
CLAIM = "the claim role must be a text"
MAPPING = "claims must be a mapping"
SECONDS = "max_age must be a timedelta or a number of seconds"
FUNCTION = "check must be a function of"
FLAG = "must be True or False; it is of type"


@pytest.mark.parametrize(
    ("demanded", "fault"),
    [
        ({"scope": ""}, ONE),
        ({"scope": "  "}, ONE),
        ({"scope": []}, ONE),
        ({"scope": [""]}, ONE),
        ({"scope": [1]}, ONE),
        ({"scope": 1}, SEVERAL),
        ({"scope": True}, SEVERAL),
        ({"scope": b"a"}, SEVERAL),
        ({"scope": {"a": True}}, SEVERAL),
        ({"scope": ["a b"]}, SPACE),
        ({"scope": ["a", "b "]}, SPACE),
        ({"any_scope": ""}, ONE),
        ({"any_scope": []}, ONE),
        ({"any_scope": {"a b", "c"}}, SPACE),
        ({"role": ""}, ONE),
        ({"role": 7}, SEVERAL),
        ({"role": ["admin", None]}, ONE),
        ({"issuers": ""}, ONE),
        ({"issuers": []}, ONE),
        ({"issuers": [None]}, ONE),
        ({"issuers": {"https://a.example": {}}}, SEVERAL),
        ({"claims": {"role": []}}, CLAIM),
        ({"claims": {"role": {}}}, CLAIM),
        ({"claims": {"role": {"a": 1}}}, CLAIM),
        ({"claims": {"role": [["a"]]}}, CLAIM),
        ({"claims": {"role": ...}}, CLAIM),
        ({"claims": {"role": b"admin"}}, CLAIM),
        ({"claims": {"role": float("nan")}}, CLAIM),
        ({"claims": "role"}, MAPPING),
        ({"claims": ["role"]}, MAPPING),
        ({"claims": {}}, "claims must name at least one"),
        ({"claims": {7: "a"}}, "claims must name at least one, as text"),
        ({"check": "admin"}, FUNCTION),
        ({"check": True}, FUNCTION),
        ({"check": lambda: True}, FUNCTION),
        ({"check": lambda _claims, _level: True}, FUNCTION),
        ({"check": _yields}, FUNCTION),
        ({"check": _yields_later}, FUNCTION),
        ({"max_age": -1}, SECONDS),
        ({"max_age": timedelta(seconds=-1)}, SECONDS),
        ({"max_age": True}, SECONDS),
        ({"max_age": "300"}, SECONDS),
        ({"max_age": float("nan")}, SECONDS),
        ({"max_age": float("inf")}, SECONDS),
        ({"optional": "yes"}, FLAG),
        ({"optional": None}, FLAG),
        ({"user": "alice"}, FLAG),
        ({"view": None}, "no argument view="),
    ],
)
@pytest.mark.parametrize("function", [token_required, require_token])
def test_what_no_token_can_meet_is_an_error_at_import(
    function: Callable[..., Any], demanded: dict[str, Any], fault: str
) -> None:
    with pytest.raises(TypeError, match=fault):
        function(**demanded)


@pytest.mark.parametrize("check", [len, all, str], ids=repr)
def test_a_check_may_be_any_function_of_the_claims(check: Any) -> None:
    assert callable(token_required(check=check))


def test_a_view_and_arguments_in_one_call_are_an_error_at_import() -> None:
    decorate: Any = token_required
    with pytest.raises(TypeError):
        decorate(new_view(), scope="admin")


@pytest.mark.parametrize("view", ["notes:read", 1, b"view", ["a"]])
@pytest.mark.parametrize("decorate", [token_required, token_required(), public])
def test_what_is_no_view_is_an_error_at_import(decorate: Any, view: object) -> None:
    with pytest.raises(TypeError, match="not a view"):
        decorate(view)


@pytest.mark.parametrize("decorate", [token_required, token_required(), public])
def test_a_class_is_an_error_at_import(decorate: Any) -> None:
    class View:
        pass

    with pytest.raises(TypeError, match="decorators"):
        decorate(View)


@pytest.mark.parametrize("decorate", [token_required, token_required(scope="a")])
def test_public_and_token_required_on_one_view_are_an_error(decorate: Any) -> None:
    with pytest.raises(TypeError, match="public"):
        decorate(public(new_view()))
    with pytest.raises(TypeError, match="guarded"):
        public(decorate(new_view()))


@pytest.mark.parametrize("decorate", [token_required, token_required(scope="a")])
def test_public_and_token_required_with_one_between_are_an_error(
    decorate: Any,
) -> None:
    with pytest.raises(TypeError, match="public"):
        decorate(foreign(public(new_view())))
    with pytest.raises(TypeError, match="guarded"):
        public(foreign(decorate(new_view())))


def test_public_twice_is_an_error_at_import() -> None:
    with pytest.raises(TypeError, match="public already"):
        public(public(new_view()))


def test_public_changes_nothing_else_of_a_view(make_app: MakeApp) -> None:
    app = make_app(PROTECT="all")

    @app.get("/<name>")
    @public
    def greet(name: str) -> str:
        """Greet."""
        return f"hello {name}"

    assert (greet.__name__, greet.__doc__) == ("greet", "Greet.")
    assert app.test_client().get("/bob").text == "hello bob"
