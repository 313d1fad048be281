"""What `token_required` is called with, and what it means; `public`."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask, g
from werkzeug.test import TestResponse

from flask_tokenguard import Claims, TokenGuard, current_user, public, require_token, token_required
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.web.parts import Callbacks

from ..conftest import MakeApp
from .conftest import Headers, HeadersWith
from .support import foreign, new_view

Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(make_app: MakeApp, headers_with: HeadersWith) -> Ask:
    """Ask a view with this demand, with a token that has these claims."""

    def ask(demand: dict[str, Any], **claims: Any) -> TestResponse:
        app = make_app()
        app.add_url_rule("/", view_func=token_required(**demand)(new_view()))
        return app.test_client().get("/", headers=headers_with(**claims))

    return ask


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


# scope, any_scope


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


# claims


@pytest.mark.parametrize(
    ("demanded", "claim", "status"),
    [
        ("admin", "admin", 200),
        ("admin", ["user", "admin"], 200),
        (["admin", "owner"], "owner", 200),
        (("admin", "owner"), "owner", 200),
        ({"admin", "owner"}, "owner", 200),
        (["admin", "owner"], ["user", "owner"], 200),
        (1, 1, 200),
        (1, 1.0, 200),
        (1.0, 1, 200),
        (1, [0, 1], 200),
        (True, True, 200),
        (False, False, 200),
        (None, None, 200),
        ([None, "a"], None, 200),
        ("", "", 200),
        ("admin", "admins", 403),
        ("admin", "not-admin", 403),
        ("admin", "Admin", 403),
        ("a", "abc", 403),
        ("", "abc", 403),
        ("admin", ["admins"], 403),
        ("admin", [["admin"]], 403),
        ("admin", {"admin": True}, 403),
        ("admin", None, 403),
        ("admin", [], 403),
        (["admin", "owner"], "user", 403),
        (["a", "b"], "ab", 403),
        (1, True, 403),
        (True, 1, 403),
        (True, 1.0, 403),
        (True, [1], 403),
        (True, "true", 403),
        (0, False, 403),
        (False, 0, 403),
        (False, None, 403),
        (None, False, 403),
        (None, 0, 403),
        (None, "", 403),
        (None, [], 403),
        (1, "1", 403),
        ("1", 1, 403),
        (0, -1, 403),
    ],
)
def test_a_claim_equals_or_holds_a_value_of_the_same_json_type(
    ask: Ask, demanded: Any, claim: Any, status: int
) -> None:
    assert ask({"claims": {"role": demanded}}, role=claim).status_code == status


@pytest.mark.parametrize("demanded", ["admin", None, False, 0, ""])
def test_a_claim_that_is_absent_equals_nothing(ask: Ask, demanded: Any) -> None:
    assert_challenge(ask({"claims": {"role": demanded}}), error="insufficient_scope")


@pytest.mark.parametrize(
    ("claims", "status"),
    [({"a": 1, "b": 2}, 200), ({"a": 1}, 403), ({"a": 1, "b": 1}, 403), ({"b": 2}, 403)],
)
def test_several_names_must_all_be_met(ask: Ask, claims: dict[str, Any], status: int) -> None:
    assert ask({"claims": {"a": 1, "b": 2}}, **claims).status_code == status


def test_a_registered_claim_can_be_demanded_too(ask: Ask) -> None:
    assert ask({"claims": {"sub": "alice"}}).status_code == 200
    assert ask({"claims": {"sub": "bob"}}).status_code == 403


# check


@pytest.mark.parametrize("result", [True, 1, "yes", [0]])
def test_a_truthy_check_lets_a_token_pass(ask: Ask, result: object) -> None:
    assert ask({"check": lambda _: result}).text == "served"


@pytest.mark.parametrize("result", [False, 0, "", None, [], {}])
def test_a_falsy_check_is_403(ask: Ask, result: object) -> None:
    assert_challenge(ask({"check": lambda _: result}), error="insufficient_scope")


def test_a_check_gets_the_claims(ask: Ask) -> None:
    def check(claims: Claims) -> bool:
        return (claims.subject, claims["role"]) == ("alice", "admin")

    assert ask({"check": check}, role="admin").text == "served"
    assert_challenge(ask({"check": check}, role="user"), error="insufficient_scope")


def test_a_check_is_asked_only_when_all_else_is_met(ask: Ask) -> None:
    asked: list[Claims] = []
    ask({"check": asked.append, "scope": "a"})
    ask({"check": asked.append, "claims": {"role": "admin"}})
    ask({"check": asked.append}, exp=1)
    assert asked == []


async def _check_later(_: Claims) -> bool:
    return False


async def _yields_later(_: Claims) -> Any:
    yield True


def _yields(_: Claims) -> Iterator[bool]:
    yield False


class _Later:
    """An awaitable that, unlike a coroutine, does not complain when nobody awaits it."""

    def __await__(self) -> Iterator[None]:
        yield


@pytest.mark.parametrize("check", [_check_later, partial(_check_later)])
def test_an_async_check_is_refused_at_import(check: Any) -> None:
    with pytest.raises(TypeError, match="check"):
        token_required(check=check)


@pytest.mark.parametrize(
    "late", [_Later, partial(_yields, Claims()), partial(_yields_later, Claims())]
)
def test_a_check_that_only_turns_out_to_be_late_serves_nobody(
    ask: Ask, late: Callable[[], object]
) -> None:
    assert ask({"check": lambda _: late()}).status_code == 500


# issuers


@pytest.mark.parametrize(
    ("issuers", "status"),
    [
        ("https://a.example", 200),
        (["https://b.example", "https://a.example"], 200),
        ("https://b.example", 403),
        ("https://a.example/", 403),
        ("https://a", 403),
    ],
)
def test_issuers_means_one_of_these(
    make_app: MakeApp, headers_with: HeadersWith, issuers: Any, status: int
) -> None:
    app = make_app(ISSUER="https://a.example")
    app.add_url_rule("/", view_func=token_required(issuers=issuers)(new_view()))
    headers = headers_with(iss="https://a.example")
    assert app.test_client().get("/", headers=headers).status_code == status


def test_a_token_without_an_issuer_is_from_none_of_them(ask: Ask) -> None:
    assert_challenge(ask({"issuers": "https://a.example"}), error="insufficient_scope")


# optional


@pytest.fixture
def optional_app(make_app: MakeApp) -> Flask:
    """An app with a view that knows its visitor, if there is a token of the scope `a`."""
    app = make_app()

    @app.get("/")
    @token_required(optional=True, scope="a")
    def view() -> Any:
        return {"claims": g.claims}

    return app


def test_no_token_is_anonymous_where_one_is_optional(optional_app: Flask) -> None:
    assert optional_app.test_client().get("/").get_json() == {"claims": None}


def test_a_good_token_is_known_where_one_is_optional(
    optional_app: Flask, headers_with: HeadersWith
) -> None:
    response = optional_app.test_client().get("/", headers=headers_with(scope="a"))
    assert response.get_json()["claims"]["sub"] == "alice"


def test_a_bad_token_is_refused_where_one_is_optional(
    optional_app: Flask, stale_headers: Headers
) -> None:
    assert_challenge(
        optional_app.test_client().get("/", headers=stale_headers), error="invalid_token"
    )


def test_a_token_that_is_short_is_refused_where_one_is_optional(
    optional_app: Flask, headers: Headers
) -> None:
    assert_challenge(
        optional_app.test_client().get("/", headers=headers), error="insufficient_scope"
    )


# user


@pytest.fixture
def users_app(make_app: MakeApp) -> Flask:
    """An app that knows alice, and whose views demand a user, or do if there is a token."""
    guard = TokenGuard()
    app = make_app(guard)

    @guard.user_loader
    def load(claims: Claims) -> str | None:
        return {"alice": "Alice"}.get(claims["sub"])

    for path, optional in (("/user", False), ("/optional", True)):
        view = token_required(user=True, optional=optional)(lambda: f"hello {current_user}")
        app.add_url_rule(path, path[1:], view)
    return app


@pytest.mark.parametrize("path", ["/user", "/optional"])
def test_a_view_that_demands_a_user_gets_one(users_app: Flask, headers: Headers, path: str) -> None:
    assert users_app.test_client().get(path, headers=headers).text == "hello Alice"


@pytest.mark.parametrize("path", ["/user", "/optional"])
def test_a_token_whose_user_is_gone_is_bad(
    users_app: Flask, headers_with: HeadersWith, path: str
) -> None:
    response = users_app.test_client().get(path, headers=headers_with(sub="bob"))
    assert_challenge(response, error="invalid_token")


def test_an_anonymous_visitor_has_no_user(users_app: Flask) -> None:
    assert users_app.test_client().get("/optional").text == "hello None"


def test_a_user_loader_that_returns_an_awaitable_is_an_error() -> None:
    class Pending:
        def __await__(self) -> Iterator[None]:
            return iter(())

    with pytest.raises(TypeError, match="awaitable"):
        Callbacks(user_loader=lambda _: Pending()).load_user(Claims())


def test_an_async_user_loader_is_refused_as_an_async_check_is() -> None:
    async def load(_: Claims) -> None:
        return None

    with pytest.raises(TypeError, match="async"):
        TokenGuard().user_loader(load)


# Errors at import


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
