"""`flask tokenguard`: routes."""

import json
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.typing import ResponseReturnValue
from flask.views import MethodView

from flask_tokenguard import TokenGuard, public, token_required

from ...conftest import MakeApp
from ...support import Config
from .support import run


def routes_by_endpoint(result: Result) -> dict[tuple[str, str], Any]:
    """Read what each endpoint's methods demand, or that they are public."""
    return {
        (row["endpoint"], row["methods"]): "public" if row["public"] else row["demands"]
        for row in json.loads(result.stdout)
    }


def test_routes_lists_what_each_endpoint_demands(make_app: MakeApp) -> None:
    result = run(make_app(), "routes")
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["endpoint", "methods", "rule", "demands"],
        ["claims", "GET", "HEAD", "/claims", "a", "token"],
        ["static", "GET", "HEAD", "/static/<path:filename>", "public"],
    ]


def test_routes_tells_scopes_and_other_demands(make_app: MakeApp) -> None:
    app = make_app()
    view = token_required(scope="read")(token_required(claims={"tier": "gold"})(lambda: ""))
    app.add_url_rule("/reports", "reports", view)
    found = routes_by_endpoint(run(app, "routes", "--json"))
    assert found["reports", "GET HEAD"] == [{"scope": ["read"]}, {"claims": {"tier": ["gold"]}}]


def test_routes_puts_each_demand_into_words_in_a_table(make_app: MakeApp) -> None:
    app = make_app()
    view = token_required(scope="read")(token_required(claims={"tier": "gold"})(lambda: ""))
    app.add_url_rule("/reports", "reports", view)
    words = " a token, scope read; a token, claim tier: 'gold'\n"
    assert words in run(app, "routes").stdout


@pytest.mark.parametrize(
    ("demanded", "data"),
    [
        ({"any_scope": "a b"}, {"any_scope": ["a", "b"]}),
        ({"role": "admin"}, {"role": ["admin"]}),
        ({"claims": {"level": [1, None]}}, {"claims": {"level": [1, None]}}),
        ({"check": bool}, {"check": True}),
        ({"issuers": "own"}, {"issuers": ["own"]}),
        ({"max_age": 0}, {"max_age": 0}),
        ({"optional": True}, {"optional": True}),
        ({"user": True}, {"user": True}),
    ],
    ids=lambda value: next(iter(value)),
)
def test_routes_gives_programs_the_fields_of_a_demand(
    make_app: MakeApp, demanded: Any, data: dict[str, Any]
) -> None:
    app = make_app()
    app.add_url_rule("/reports", "reports", token_required(**demanded)(lambda: ""))
    assert routes_by_endpoint(run(app, "routes", "--json"))["reports", "GET HEAD"] == [data]


def test_routes_tells_the_methods_of_a_class_view_apart(make_app: MakeApp) -> None:
    class Item(MethodView):
        @public
        def get(self) -> ResponseReturnValue:
            return ""

        @token_required(scope="write")
        def put(self) -> ResponseReturnValue:
            return ""

    app = make_app()
    app.add_url_rule("/item", view_func=Item.as_view("item"))
    found = routes_by_endpoint(run(app, "routes", "--json"))
    assert found["item", "GET HEAD"] == "public"
    assert found["item", "PUT"] == [{"scope": ["write"]}]


def test_routes_lists_options_where_the_view_answers_it(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/open", "open", lambda: "", methods=["OPTIONS"])
    assert routes_by_endpoint(run(app, "routes", "--json"))["open", "OPTIONS"] == []


def test_an_endpoint_that_nobody_spoke_of_demands_nothing(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/open", "open", lambda: "")
    result = run(app, "routes", "--json")
    assert result.exit_code == 0
    assert routes_by_endpoint(result)["open", "GET HEAD"] == []


def test_an_unmarked_endpoint_demands_a_token_where_all_do(make_app: MakeApp) -> None:
    app = make_app(PROTECT="all")
    app.add_url_rule("/closed", "closed", lambda: "")
    result = run(app, "routes", "--json", "--strict")
    assert result.exit_code == 0
    assert routes_by_endpoint(result)["closed", "GET HEAD"] == [{}]


@pytest.mark.parametrize("settings", [{}, {"PROTECT": "all"}])
def test_a_public_endpoint_is_called_public(make_app: MakeApp, settings: Config) -> None:
    app = make_app(PUBLIC_ENDPOINTS=["health*"], **settings)
    app.add_url_rule("/open", "open", public(lambda: ""))
    app.add_url_rule("/healthz", "healthz", lambda: "")
    found = routes_by_endpoint(run(app, "routes", "--json"))
    assert found["open", "GET HEAD"] == found["healthz", "GET HEAD"] == "public"


def test_strict_fails_for_an_endpoint_that_is_open_by_omission(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/open", "open", lambda: "")
    assert run(app, "routes", "--strict").exit_code == 1


def test_strict_passes_where_somebody_spoke_of_every_endpoint(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/open", "open", public(lambda: ""))
    assert run(app, "routes", "--strict").exit_code == 0


def test_a_rule_that_only_builds_urls_has_no_row(make_app: MakeApp) -> None:
    app = make_app()
    app.url_map.add(app.url_rule_class("/built", endpoint="built", build_only=True))
    assert "built" not in run(app, "routes").stdout


def test_an_app_without_endpoints_has_an_empty_table() -> None:
    app = Flask(__name__, static_folder=None)
    app.config["TOKENGUARD_KEY"] = "0123456789" * 8
    TokenGuard(app)
    assert run(app, "routes").stdout == ""
    assert run(app, "routes", "--json").stdout == "[]\n"
