"""What the hook and the wrapper see of a demand: class views."""

from typing import ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask.views import MethodView
from flask.views import View as ClassView

from flask_tokenguard import token_required

from ..conftest import Headers, HeadersWith
from ..support import View, foreign
from .support import REACHED, _refused_by_hook


class _Guarded(MethodView):
    @token_required
    def get(self) -> str:
        return "served"

    def post(self) -> str:
        return "served"


def test_a_method_of_a_class_view_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    app.add_url_rule("/", view_func=_Guarded.as_view("notes"))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


def test_a_method_without_a_mark_stays_open_beside_a_marked_one(
    app: Flask, client: FlaskClient
) -> None:
    app.add_url_rule("/", view_func=_Guarded.as_view("notes"))
    assert client.post("/").text == "served"


def test_head_falls_back_to_get_and_its_demand(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    app.add_url_rule("/", view_func=_Guarded.as_view("notes"))
    assert _refused_by_hook(client, method="HEAD")
    assert client.head("/", headers=headers).status_code == 200


def test_head_has_its_own_demand_where_there_is_such_a_method(
    app: Flask, client: FlaskClient
) -> None:
    class WithHead(_Guarded):
        def head(self) -> str:
            return ""

    app.add_url_rule("/", view_func=WithHead.as_view("notes"))
    assert client.head("/").status_code == 200
    assert _refused_by_hook(client)


def test_an_inherited_method_keeps_its_demand(app: Flask, client: FlaskClient) -> None:
    class Derived(_Guarded):
        init_every_request = False

    app.add_url_rule("/", view_func=Derived.as_view("notes"))
    assert _refused_by_hook(client)


def test_an_overriding_method_has_only_its_own_demand(app: Flask, client: FlaskClient) -> None:
    class Opened(_Guarded):
        def get(self) -> str:
            return "open"

    app.add_url_rule("/", view_func=Opened.as_view("notes"))
    assert client.get("/").text == "open"


def test_the_decorators_of_a_class_view_guard_all_its_methods(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    class Notes(MethodView):
        decorators: ClassVar[list[View]] = [token_required]

        def get(self) -> str:
            return "served"

        post = get

    app.add_url_rule("/", view_func=Notes.as_view("notes"))
    assert _refused_by_hook(client)
    assert _refused_by_hook(client, method="POST")
    assert client.post("/", headers=headers).text == "served"


@pytest.mark.parametrize(("scope", "status"), [("a", 403), ("b", 403), ("a b", 200)])
def test_the_demands_of_class_and_method_must_both_be_met(
    app: Flask, client: FlaskClient, headers_with: HeadersWith, scope: str, status: int
) -> None:
    class Notes(MethodView):
        decorators: ClassVar[list[View]] = [token_required(scope="a")]

        @token_required(scope="b")
        def get(self) -> str:
            return "served"

    app.add_url_rule("/", view_func=Notes.as_view("notes"))
    response = client.get("/", headers=headers_with(scope=scope))
    assert response.status_code == status
    assert (response.headers["X-Hook"] == REACHED) == (status == 200)


def test_dispatch_request_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    class Notes(ClassView):
        @token_required
        def dispatch_request(self) -> str:
            return "served"

    app.add_url_rule("/", view_func=Notes.as_view("notes"))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


def test_a_class_view_decorated_as_a_view_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    class Notes(MethodView):
        def get(self) -> str:
            return "served"

    view: View = Notes.as_view("notes")
    app.add_url_rule("/", view_func=token_required(view))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


def test_a_method_is_guarded_under_a_decorator_of_its_class(
    app: Flask, client: FlaskClient
) -> None:
    class Notes(_Guarded):
        decorators: ClassVar[list[View]] = [foreign]

    app.add_url_rule("/", view_func=Notes.as_view("notes"))
    assert _refused_by_hook(client)


def test_a_class_view_inside_another_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    class Outer(ClassView):
        decorators: ClassVar[list[View]] = [lambda _: foreign(_Guarded.as_view("inner"))]

    app.add_url_rule("/", view_func=Outer.as_view("outer"))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"
