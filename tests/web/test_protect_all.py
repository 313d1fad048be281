"""`TOKENGUARD_PROTECT = "all"`: every endpoint that is not public demands a token."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask, g
from flask.views import MethodView

from flask_tokenguard import public, token_required
from flask_tokenguard.testing import assert_challenge

from ..conftest import MakeApp
from .conftest import GuardApp, Headers, HeadersWith
from .support import PREFLIGHT, View, foreign, new_view


@pytest.fixture
def app(guard_app: GuardApp, tmp_path: Path) -> Flask:
    """An app where all is guarded, with a static file of its own and one of a blueprint."""
    (tmp_path / "style.css").write_text("p {}")
    static: dict[str, Any] = {"static_folder": str(tmp_path), "static_url_path": "/static"}
    app: Flask = guard_app(Flask(__name__, **static), PROTECT="all")
    inner = Blueprint("inner", __name__, url_prefix="/inner", **static)
    outer = Blueprint("outer", __name__, url_prefix="/outer", **static)
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.add_url_rule("/unmarked", "unmarked", new_view(), methods=["GET", "POST"])
    app.add_url_rule("/folder/", "folder", new_view())
    return app


def test_an_unmarked_endpoint_demands_a_token(
    app: Flask, headers: Headers, stale_headers: Headers
) -> None:
    client = app.test_client()
    assert_challenge(client.get("/unmarked"))
    assert_challenge(client.get("/unmarked", headers=stale_headers), error="invalid_token")
    assert client.get("/unmarked", headers=headers).text == "served"


def test_unmarked_endpoints_are_open_by_default(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/unmarked", view_func=new_view())
    assert app.test_client().get("/unmarked").text == "served"


def test_a_marked_endpoint_demands_what_its_mark_says(
    app: Flask, headers: Headers, headers_with: HeadersWith
) -> None:
    app.add_url_rule("/marked", view_func=token_required(scope="a")(new_view()))
    client = app.test_client()
    assert_challenge(client.get("/marked", headers=headers), error="insufficient_scope")
    assert client.get("/marked", headers=headers_with(scope="a")).text == "served"


def test_an_optional_endpoint_stays_open_to_the_anonymous(
    app: Flask, headers: Headers, stale_headers: Headers
) -> None:
    app.add_url_rule("/optional", view_func=token_required(optional=True)(new_view()))
    client = app.test_client()
    assert client.get("/optional").text == "served"
    assert client.get("/optional", headers=headers).text == "served"
    assert_challenge(client.get("/optional", headers=stale_headers), error="invalid_token")


# The answer to a request that reaches no view


def test_404_stays_404(app: Flask) -> None:
    response = app.test_client().get("/nowhere")
    assert response.status_code == 404
    assert "WWW-Authenticate" not in response.headers


def test_405_stays_405(app: Flask) -> None:
    response = app.test_client().delete("/unmarked")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_a_redirect_stays_a_redirect(app: Flask) -> None:
    response = app.test_client().get("/folder")
    assert (response.status_code, response.location) == (308, "http://localhost/folder/")


def test_where_a_redirect_leads_is_guarded(app: Flask) -> None:
    assert_challenge(app.test_client().get("/folder", follow_redirects=True))


@pytest.mark.parametrize("path", ["/nowhere", "/folder"])
def test_a_stale_token_changes_no_routing_error(
    app: Flask, stale_headers: Headers, path: str
) -> None:
    response = app.test_client().get(path, headers=stale_headers)
    assert response.status_code in {404, 308}


def test_an_error_page_knows_who_asks(app: Flask, headers: Headers) -> None:
    app.register_error_handler(404, lambda _: (f"nothing here, {g.claims['sub']}", 404))
    assert app.test_client().get("/nowhere", headers=headers).text == "nothing here, alice"


# What stays open


@pytest.mark.parametrize("path", ["/static", "/outer/static", "/outer/inner/static"])
def test_static_files_stay_open_even_to_a_stale_token(
    app: Flask, stale_headers: Headers, path: str
) -> None:
    response = app.test_client().get(f"{path}/style.css", headers=stale_headers)
    assert response.text == "p {}"
    response.close()


def test_a_public_view_stays_open_even_to_a_stale_token(app: Flask, stale_headers: Headers) -> None:
    app.add_url_rule("/login", view_func=public(new_view()), methods=["POST"])
    assert app.test_client().post("/login").text == "served"
    assert app.test_client().post("/login", headers=stale_headers).text == "served"


def test_a_public_view_knows_who_asks(app: Flask, headers: Headers) -> None:
    app.add_url_rule("/", "who", public(lambda: {"claims": g.claims}))
    client = app.test_client()
    assert client.get("/").get_json() == {"claims": None}
    assert client.get("/", headers=headers).get_json()["claims"]["sub"] == "alice"


def test_public_above_the_route_opens_nothing(app: Flask) -> None:
    @public
    @app.get("/login")
    def login() -> str:
        return "served"

    assert_challenge(app.test_client().get("/login"))


def test_public_on_a_function_opens_no_other_route_of_it(app: Flask) -> None:
    view = new_view()
    app.add_url_rule("/open", "open", public(view))
    app.add_url_rule("/closed", "closed", view)
    assert app.test_client().get("/open").text == "served"
    assert_challenge(app.test_client().get("/closed"))


def test_public_under_a_foreign_decorator_opens_its_route(app: Flask) -> None:
    app.add_url_rule("/login", view_func=foreign(public(new_view())))
    assert app.test_client().get("/login").text == "served"


def test_public_on_a_function_opens_no_decorated_route_of_it(app: Flask) -> None:
    view = new_view()
    app.add_url_rule("/open", "open", foreign(public(view)))
    app.add_url_rule("/closed", "closed", foreign(view))
    assert app.test_client().get("/open").text == "served"
    assert_challenge(app.test_client().get("/closed"))


def test_public_on_a_method_opens_that_method(app: Flask) -> None:
    class Notes(MethodView):
        @public
        def get(self) -> str:
            return "served"

        def post(self) -> str:
            return "served"

    app.add_url_rule("/notes", view_func=Notes.as_view("notes"))
    assert app.test_client().get("/notes").text == "served"
    assert app.test_client().head("/notes").status_code == 200
    assert_challenge(app.test_client().post("/notes"))


def test_public_on_a_class_opens_its_methods_but_for_marked_ones(app: Flask) -> None:
    class Notes(MethodView):
        decorators: ClassVar[list[View]] = [public]

        def get(self) -> str:
            return "served"

        @token_required
        def post(self) -> str:
            return "served"

    app.add_url_rule("/notes", view_func=Notes.as_view("notes"))
    assert app.test_client().get("/notes").text == "served"
    assert_challenge(app.test_client().post("/notes"))


def test_an_async_view_may_be_public(app: Flask) -> None:
    @app.get("/")
    @public
    async def view() -> str:
        return "served"

    assert app.test_client().get("/").text == "served"


def test_public_changes_nothing_where_marks_alone_guard(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/", view_func=public(new_view()))
    assert app.test_client().get("/").text == "served"


@pytest.mark.parametrize(
    ("patterns", "endpoint", "is_open"),
    [
        (["health"], "health", True),
        (["health"], "healthy", False),
        (["health"], "Health", False),
        (["health"], "api.health", False),
        (["docs.*"], "docs.page", True),
        (["docs.*"], "docs.v1.page", True),
        (["docs.*"], "docsXpage", False),
        (["*.health"], "api.health", True),
        (["a", "b"], "b", True),
        ("a,b", "b", True),
        (["static"], "other", False),
    ],
)
def test_named_endpoints_stay_open(
    guard_app: GuardApp, patterns: Any, endpoint: str, is_open: bool
) -> None:
    app = guard_app(Flask(__name__), PROTECT="all", PUBLIC_ENDPOINTS=patterns)
    for name in endpoint.split(".")[:-1]:
        app.register_blueprint(Blueprint(name, __name__))
    app.add_url_rule("/", endpoint, new_view())
    assert (app.test_client().get("/").status_code == 200) is is_open


def test_named_endpoints_add_to_the_static_ones(guard_app: GuardApp, tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("p {}")
    app = Flask(__name__, static_folder=str(tmp_path), static_url_path="/files")
    guard_app(app, PROTECT="all", PUBLIC_ENDPOINTS=["health"])
    with app.test_client().get("/files/style.css") as answer:
        assert answer.get_data() == b"p {}"


@pytest.mark.parametrize("protect", ["all", "marked"])
def test_a_public_endpoint_that_is_none_is_logged_once(
    guard_app: GuardApp, caplog: pytest.LogCaptureFixture, protect: str
) -> None:
    app = guard_app(Flask(__name__), PROTECT=protect, PUBLIC_ENDPOINTS=["helth", "a*", "view"])
    app.add_url_rule("/", view_func=new_view())
    client = app.test_client()
    for _ in range(2):
        client.get("/")
    assert caplog.messages == [
        f"TOKENGUARD_PUBLIC_ENDPOINTS names {name!r}, which no endpoint matches; write it as"
        " `flask routes` lists it, not as a path"
        for name in ("helth", "a*")
    ]


def test_without_named_endpoints_nothing_is_logged(
    guard_app: GuardApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = guard_app(Flask(__name__, static_folder=None), PROTECT="all")
    app.add_url_rule("/", view_func=public(new_view()))
    app.test_client().get("/")
    assert caplog.messages == []


def test_an_empty_list_opens_nothing(guard_app: GuardApp, tmp_path: Path) -> None:
    app = Flask(__name__, static_folder=str(tmp_path), static_url_path="/files")
    guard_app(app, PROTECT="all", PUBLIC_ENDPOINTS=[])
    assert_challenge(app.test_client().get("/files/style.css"))


def test_a_named_endpoint_that_is_marked_is_still_guarded(guard_app: GuardApp) -> None:
    app = guard_app(Flask(__name__), PROTECT="all", PUBLIC_ENDPOINTS=["view"])
    app.add_url_rule("/", view_func=token_required(new_view()))
    assert_challenge(app.test_client().get("/"))


@pytest.mark.parametrize("path", ["/unmarked", "/outer/static/style.css"])
def test_a_preflight_needs_no_token(app: Flask, path: str) -> None:
    response = app.test_client().options(path, headers=PREFLIGHT)
    assert (response.status_code, response.data) == (200, b"")
    assert "GET" in response.headers["Allow"]


def test_the_hook_of_one_app_demands_nothing_in_another(make_app: MakeApp) -> None:
    make_app(PROTECT="all")
    app = make_app()
    app.add_url_rule("/", view_func=new_view())
    assert app.test_client().get("/").text == "served"
