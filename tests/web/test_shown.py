"""What views, templates and shells see without asking: `g.claims` and `current_user`."""

import threading
from typing import Any, assert_type

import flask
import pytest
from click.testing import CliRunner
from flask import Flask, copy_current_request_context, get_template_attribute
from flask import render_template_string as render
from flask.cli import FlaskGroup
from flask.ctx import _AppCtxGlobals
from flask.testing import FlaskClient
from jinja2 import DictLoader

from flask_tokenguard import Claims, TokenGuard, current_user, g, token_required

from ..conftest import MakeApp
from .conftest import Headers

TEMPLATE = "{{ current_user.name or 'nobody' }}, {{ g.claims.sub or 'no token' }}"
MACROS = "{% macro who() %}" + TEMPLATE + "{% endmacro %}"
TEMPLATES = {
    "plain": TEMPLATE,
    "included": "{% include 'plain' %}",
    "macros": MACROS,
    "imported": "{% from 'macros' import who %}{{ who() }}",
    "with context": "{% from 'macros' import who with context %}{{ who() }}",
}


class _User:
    name = "Alice"


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """An app with a user and a view of each template, which is open."""
    guard = TokenGuard()
    app = make_app(guard)
    guard.user_loader(lambda _: _User())
    app.jinja_options = {"loader": DictLoader(TEMPLATES)}
    app.add_url_rule("/<template_name_or_list>", "template", flask.render_template)
    return app


# Templates


@pytest.mark.parametrize("name", ["plain", "included", "imported", "with context"])
def test_a_template_sees_user_and_claims(client: FlaskClient, headers: Headers, name: str) -> None:
    assert client.get(f"/{name}", headers=headers).text == "Alice, alice"
    assert client.get(f"/{name}").text == "nobody, no token"


@pytest.mark.parametrize("name", ["plain", "imported"])
def test_a_template_that_two_threads_came_first_for_sees_them(
    app: Flask, client: FlaskClient, headers: Headers, name: str
) -> None:
    def render_as_another_one_comes() -> str:
        template = app.jinja_env.get_template(name)
        # Flask makes another one where two threads find none, and drops one of them.
        del app.jinja_env
        return flask.render_template(template)

    app.add_url_rule("/first", view_func=render_as_another_one_comes)
    assert client.get("/first", headers=headers).text == "Alice, alice"


def test_a_template_outside_a_request_sees_nobody(app: Flask) -> None:
    with app.app_context():
        assert render(TEMPLATE) == "nobody, no token"


def test_a_macro_that_is_taken_alone_sees_them(app: Flask, headers: Headers) -> None:
    @app.get("/macro")
    def macro() -> str:
        written: str = get_template_attribute("macros", "who")()
        return written

    client = app.test_client()
    client.get("/plain")
    assert client.get("/macro", headers=headers).text == "Alice, alice"


@pytest.fixture(params=["before", "after"])
def shared_app(request: pytest.FixtureRequest, secret: str) -> Flask:
    """An app that has another `current_user`, from before or after `init_app`."""
    app = Flask(__name__)
    app.config["TOKENGUARD_KEY"] = secret
    if request.param == "after":
        TokenGuard(app)
    app.context_processor(lambda: {"current_user": {"name": "of flask-login"}})
    if request.param == "before":
        TokenGuard(app)
    return app


def test_another_current_user_of_the_app_stays(shared_app: Flask) -> None:
    with shared_app.test_request_context():
        assert render("{{ current_user.name }}") == "of flask-login"
        assert render("{{ current_user }}", current_user="a view") == "a view"


# g.claims


def test_claims_are_none_outside_a_request(app: Flask) -> None:
    with app.app_context():
        assert g.claims is None
        assert g.get("claims") is None


def test_claims_are_none_where_no_hook_ran(app: Flask, headers: Headers) -> None:
    with app.test_request_context(headers=headers):
        assert g.claims is None


def test_claims_are_none_in_a_shell(app: Flask) -> None:
    flask_command = FlaskGroup(create_app=lambda: app)
    lines = "from flask import g\nprint('claims:', g.claims)\n"
    result = CliRunner().invoke(flask_command, ["shell"], input=lines)
    assert "claims: None" in result.output


def test_claims_stand_in_a_copied_context(app: Flask, headers: Headers) -> None:
    found: list[Claims | None] = []

    @app.get("/copied")
    @token_required
    def view() -> str:
        note = copy_current_request_context(lambda: found.append(flask.g.claims))
        thread = threading.Thread(target=note)
        thread.start()
        thread.join()
        return "served"

    app.test_client().get("/copied", headers=headers)
    assert [claims and claims.subject for claims in found] == ["alice"]


def test_claims_of_one_app_are_not_shown_by_another(
    app: Flask, make_app: MakeApp, headers: Headers
) -> None:
    other = make_app()

    @app.get("/inner")
    def view() -> Any:
        with other.app_context():
            inner = g.claims
        return {"inner": inner, "outer": g.claims}

    shown = app.test_client().get("/inner", headers=headers).get_json()
    assert (shown["inner"], shown["outer"]["sub"]) == (None, "alice")


def test_an_app_may_bring_a_g_of_its_own(secret: str) -> None:
    class Own(_AppCtxGlobals):
        tenant = "red"

    app = Flask(__name__)
    app.app_ctx_globals_class = Own
    app.config["TOKENGUARD_KEY"] = secret
    TokenGuard(app)
    with app.app_context():
        assert (flask.g.tenant, g.claims) == ("red", None)


def test_g_is_that_of_flask_and_typed() -> None:
    assert g is flask.g
    with Flask(__name__).app_context():
        flask.g.claims = None
        assert_type(g.claims, Claims | None)


def test_current_user_is_of_any_type(app: Flask) -> None:
    with app.test_request_context():
        assert_type(current_user, Any)
