"""What an endpoint demands is found once and remembered; what is looked at may be anything."""

from collections.abc import Callable
from typing import Any, ClassVar
from unittest.mock import call
from weakref import ref

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask.views import MethodView
from werkzeug.local import LocalProxy
from werkzeug.routing import Rule

from flask_tokenguard import public, token_required
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.web.guards.marks import demands_on
from flask_tokenguard.web.hook import RememberedDemands

from ..conftest import MakeApp
from .support import View, foreign, new_view


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """An app where every endpoint that is not public demands a token."""
    return make_app(PROTECT="all")


class _Open(MethodView):
    @public
    def get(self) -> str:
        return "served"


class _Guarded(MethodView):
    @token_required
    def get(self) -> str:
        return "guarded"


# What changes after the first request


def test_a_view_that_is_replaced_is_looked_at_anew(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/", "replaced", public(new_view()))
    assert client.get("/").text == "served"
    app.view_functions["replaced"] = token_required(new_view())
    assert_challenge(client.get("/"))
    app.view_functions["replaced"] = public(new_view())
    assert client.get("/").text == "served"


def test_a_class_that_is_replaced_is_looked_at_anew(app: Flask, client: FlaskClient) -> None:
    view: Any = _Open.as_view("notes")
    app.add_url_rule("/", view_func=view)
    assert [client.get("/").text for _ in range(2)] == ["served", "served"]
    view.view_class = _Guarded
    assert_challenge(client.get("/"))


def test_a_view_that_is_marked_late_is_looked_at_anew(make_app: MakeApp) -> None:
    app, view = make_app(), new_view()
    app.add_url_rule("/", view_func=view)
    assert app.test_client().get("/").text == "served"
    token_required(foreign(view))
    assert_challenge(app.test_client().get("/"))


def test_what_was_found_once_is_not_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    remembered, view = RememberedDemands(), token_required(new_view())
    first = remembered.of("notes", view, "GET")
    monkeypatch.setattr("flask_tokenguard.web.guards.marks.demands_on", None)
    assert remembered.of("notes", view, "GET") is first


def test_methods_that_a_client_invents_do_not_fill_the_memory(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_tokenguard.web.hook._MOST_REMEMBERED", 3)
    remembered = RememberedDemands()
    monkeypatch.setattr("flask_tokenguard.web.hook.RememberedDemands", lambda **_: remembered)
    app = make_app()
    app.url_map.add(Rule("/", endpoint="any"))
    app.view_functions["any"] = token_required(new_view())
    statuses = {app.test_client().open("/", method=f"M{number}").status_code for number in range(9)}
    assert statuses == {401}
    assert len(remembered._known) <= 3


# What others wrote


def _raise(*_: object) -> Any:
    raise RuntimeError("not here")


class _Raising:
    """Raises whatever is asked of it, but when it is called."""

    __wrapped__ = __dict__ = property(_raise)

    def __getattr__(self, name: str) -> Any:
        # Python's own are asked for by Flask: from 3.12 on a mark of coroutines among them.
        is_pythons_own = name.startswith(("__", "_is_coroutine")) and name != "__tokenguard__"
        raise AttributeError if is_pythons_own else RuntimeError("not here")

    def __call__(self) -> str:
        return "served"


class _WithoutClass(_Raising):
    __class__ = property(_raise)


class _Endless:
    """Wraps ever more of its kind."""

    def __call__(self) -> str:
        return "served"

    @property
    def __wrapped__(self) -> "_Endless":
        return _Endless()


class _Unhashable(list[int]):
    def __call__(self) -> str:
        return "served"


class _EndlessClasses:
    def __call__(self) -> str:
        return "served"

    @property
    def view_class(self) -> "_EndlessClasses":
        return _EndlessClasses()

    dispatch_request = property(lambda self: self)


def _circle() -> View:
    view = new_view()
    view.__wrapped__ = foreign(view)  # type: ignore[attr-defined]  # as functools.wraps does
    return view


# Made in the tests alone: pytest looks at its parameters itself.
STRANGE: dict[str, Callable[[], Any]] = {
    "raising": _Raising,
    "without a class": _WithoutClass,
    "endless": _Endless,
    "endless classes": _EndlessClasses,
    "unhashable": _Unhashable,
    "circle": _circle,
    "mock's call": lambda: call,
    "unbound proxy": lambda: LocalProxy(_raise),
    "class": lambda: int,
    "none": lambda: None,
}
each_strange = pytest.mark.parametrize("make", STRANGE.values(), ids=STRANGE)


@each_strange
def test_a_strange_view_is_looked_at_without_harm(make: Callable[[], Any]) -> None:
    assert demands_on(make(), "GET").demands == ()


@pytest.mark.parametrize("name", ["raising", "endless", "unhashable", "circle"])
def test_a_strange_view_is_served(make_app: MakeApp, name: str) -> None:
    app = make_app()
    app.add_url_rule("/", "strange")
    app.view_functions["strange"] = STRANGE[name]()
    assert [app.test_client().get("/").text for _ in range(2)] == ["served", "served"]


@each_strange
def test_a_guard_beside_a_strange_class_is_seen(make: Callable[[], Any]) -> None:
    view = foreign(token_required(new_view()))
    view.view_class = make()  # type: ignore[attr-defined]  # Flask reads it
    assert len(demands_on(view, "GET").demands) == 1


@each_strange
def test_strange_method_decorators_demand_nothing(make: Callable[[], Any]) -> None:
    class Notes(MethodView):
        method_decorators: ClassVar[Any] = [make()]

        def get(self) -> str:
            return "served"

    assert demands_on(Notes.as_view("notes"), "GET").demands == ()


@each_strange
def test_a_strange_list_of_method_decorators_demands_nothing(make: Callable[[], Any]) -> None:
    class Notes(MethodView):
        method_decorators: ClassVar[Any] = make()

        def get(self) -> str:
            return "served"

    assert demands_on(Notes.as_view("notes"), "GET").demands == ()


def test_a_guard_above_what_raises_is_seen() -> None:
    view = token_required(_circle())
    view.__wrapped__.__wrapped__ = _Raising()  # type: ignore[attr-defined]  # as functools.wraps
    assert len(demands_on(foreign(view), "GET").demands) == 1


def test_a_guard_far_below_is_seen() -> None:
    view = token_required(new_view())
    for _ in range(200):
        view = foreign(view)
    assert len(demands_on(view, "GET").demands) == 1


def test_a_wrapper_of_one_request_goes_with_it() -> None:
    gone = ref(token_required(new_view().__get__(1)))
    assert gone() is None
