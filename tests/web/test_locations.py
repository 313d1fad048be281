"""Where on a request a token is looked for (RFC 6750 section 2)."""

import json
import time
from typing import Any

import pytest
from flask import Flask, current_app, g, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import InvalidRequest, current_token, public, token_required
from flask_tokenguard.config.locations import LocationEntry, read_locations
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.web.credentials.locations import find_token
from flask_tokenguard.web.credentials.places import Places

from ..conftest import MakeApp
from ..support import bearer
from .conftest import Headers
from .support import foreign

EVERYWHERE = ["header", "form", "query", "json"]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
FORM = "application/x-www-form-urlencoded"


def make_places() -> Places:
    """Make the places of an app without cookies."""
    return Places(configured=(LocationEntry("header"),), get_cookies=pytest.fail, bound=100)


def _add_views(app: Flask) -> Flask:
    @app.route("/where", methods=METHODS)
    @token_required
    def where() -> Any:
        return {"where": current_token.location}

    @app.route("/optional", methods=METHODS)
    @token_required(optional=True)
    def optional() -> Any:
        return {"where": current_token.location if current_token else None}

    @app.route("/wrapped", methods=METHODS)
    @foreign
    @token_required
    def wrapped() -> Any:
        return {"where": current_token.location, "sub": g.claims.subject}

    @app.route("/open", methods=METHODS)
    def open_view() -> bytes:
        return request.stream.read()

    @app.route("/public", methods=METHODS)
    @public
    def public_view() -> bytes:
        return request.stream.read()

    return app


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    """A client of an app that looks everywhere."""
    return _add_views(make_app(TOKEN_LOCATIONS=EVERYWHERE)).test_client()


@pytest.fixture
def plain_client(make_app: MakeApp) -> FlaskClient:
    """A client of an app that looks where apps look by default."""
    return _add_views(make_app()).test_client()


def _send_json(client: FlaskClient, path: str, body: str | bytes) -> TestResponse:
    return client.post(path, data=body, content_type="application/json")


# The header


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", "BEARER ", "bEaReR ", "Bearer    "])
def test_the_scheme_may_have_any_case_and_number_of_spaces(
    plain_client: FlaskClient, token: str, prefix: str
) -> None:
    response = plain_client.get("/where", headers={"Authorization": prefix + token})
    assert response.get_json() == {"where": "header"}


@pytest.mark.parametrize("end", [" ", "\t", "  \t "], ids=repr)
def test_white_space_after_a_token_is_no_part_of_it(
    plain_client: FlaskClient, token: str, end: str
) -> None:
    # Sent as it is: the client's own headers would be stripped.
    environ = {"HTTP_AUTHORIZATION": f"Bearer {token}{end}"}
    response = plain_client.get("/where", environ_overrides=environ)
    assert response.get_json() == {"where": "header"}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic YTpi",
        "Digest a=b",
        "Token abc",
        "Bearers abc",
        "Bearer-x abc",
        "Bearer2 abc",
        'Digest a="b, Bearer abc"',
        'Digest a="\\", Bearer abc"',
        "Digest a=b, bearer =c",
        "Digest a=b, bearers c",
        "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
    ],
)
def test_another_scheme_is_anonymous(plain_client: FlaskClient, value: str) -> None:
    headers = {"Authorization": value}
    assert_challenge(plain_client.get("/where", headers=headers))
    assert plain_client.get("/optional", headers=headers).get_json() == {"where": None}


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer\ta",
        "Bearer a,b",
        "Bearer a, Bearer b",
        "Bearer a=b",
        "Bearer =",
        'Bearer "a"',
        "Bearer \xe4",
        "Bearer\xe4 a",
        "Bearer: a",
        "bearer,a",
        "Bearer a\xa0",
    ],
)
@pytest.mark.parametrize("path", ["/where", "/optional", "/wrapped"])
def test_a_malformed_bearer_header_is_a_malformed_request(
    plain_client: FlaskClient, path: str, value: str
) -> None:
    response = plain_client.get(path, headers={"Authorization": value})
    assert_challenge(response, error="invalid_request")


def test_two_authorization_headers_are_a_malformed_request(
    plain_client: FlaskClient, token: str
) -> None:
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    assert_challenge(plain_client.get("/where", headers=twice), error="invalid_request")


@pytest.mark.parametrize("comma", [",", ", ", " ,\t"], ids=repr)
@pytest.mark.parametrize("other", ["Basic YTpi", 'Digest a="b", c=d', "eyJ.e30.c2ln"])
@pytest.mark.parametrize("path", ["/where", "/optional", "/wrapped"])
def test_a_token_beside_other_credentials_is_a_malformed_request(
    plain_client: FlaskClient, token: str, path: str, other: str, comma: str
) -> None:
    for value in (f"{other}{comma}Bearer {token}", f"Bearer {token}{comma}{other}"):
        assert_challenge(
            plain_client.get(path, headers={"Authorization": value}), error="invalid_request"
        )


def test_a_header_of_many_quotes_is_read_once(plain_client: FlaskClient) -> None:
    value = 'Digest ,"' + '\\"' * 500_000
    started = time.process_time()
    assert_challenge(plain_client.get("/where", headers={"Authorization": value}))
    assert time.process_time() - started < 5


KNOWN = "the Authorization header has the scheme {}; Bearer is wanted"
UNKNOWN = "the Authorization header has a scheme that is not known; Bearer is wanted"
ALONE = "the Authorization header holds {} alone; write Bearer and a space before the token"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("eyJhbGciOiJIUzI1NiJ9.hush.hush", ALONE.format("a token")),
        ("hush", ALONE.format("one word")),
        ("Token eyJhbGciOiJIUzI1NiJ9.hush.hush", KNOWN.format("Token")),
        ("jwt eyJhbGciOiJIUzI1NiJ9.hush.hush", KNOWN.format("JWT")),
        ("Basic aHVzaA==", KNOWN.format("Basic")),
        ("hush hush", UNKNOWN),
        ("Bearers hush", UNKNOWN),
    ],
)
@pytest.mark.parametrize("path", ["/where", "/wrapped"])
def test_the_log_names_what_came_in_place_of_bearer(
    plain_client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    path: str,
    value: str,
    words: str,
) -> None:
    with caplog.at_level("INFO", "flask_tokenguard"):
        response = plain_client.get(path, headers={"Authorization": value})
    assert_challenge(response)
    assert [words in message for message in caplog.messages] == [True]
    assert "hush" not in caplog.text


@pytest.mark.parametrize("value", ["", " ", None])
def test_the_log_is_silent_where_nothing_came(
    plain_client: FlaskClient, caplog: pytest.LogCaptureFixture, value: str | None
) -> None:
    with caplog.at_level("INFO", "flask_tokenguard"):
        plain_client.get("/where", headers={} if value is None else {"Authorization": value})
    assert "Authorization" not in caplog.text


def test_the_log_names_no_header_where_none_is_read(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_app(TOKEN_LOCATIONS=["query"]).test_client()
    with caplog.at_level("INFO", "flask_tokenguard"):
        client.get("/claims", headers={"Authorization": "Token x"})
    assert "Authorization" not in caplog.text


def test_a_malformed_header_does_not_close_an_open_route(plain_client: FlaskClient) -> None:
    assert plain_client.get("/open", headers={"Authorization": "Bearer"}).status_code == 200


def test_by_default_only_the_header_is_read(plain_client: FlaskClient, token: str) -> None:
    named = {"access_token": token}
    assert_challenge(plain_client.get("/where", query_string=named))
    assert_challenge(plain_client.post("/where", data=named))
    assert_challenge(plain_client.post("/where", json=named))


def test_places_that_are_off_are_no_second_credential(
    plain_client: FlaskClient, headers: Headers
) -> None:
    response = plain_client.post(
        "/where?access_token=x", json={"access_token": "x"}, headers=headers
    )
    assert response.get_json() == {"where": "header"}


# What mod_wsgi puts into every environ, also where it has taken a header out.
MOD_WSGI: dict[str, Any] = {"mod_wsgi.version": (4, 9, 4)}
WITHHELD = "no Authorization header: mod_wsgi passes it on only with WSGIPassAuthorization On"


def test_the_header_that_mod_wsgi_withholds_is_logged_once(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_app().test_client()
    for _ in range(2):
        assert client.get("/claims", environ_base=MOD_WSGI).status_code == 401
    assert caplog.messages == [WITHHELD]


@pytest.mark.parametrize(
    ("locations", "environ"),
    [
        (["header"], {}),
        (["header"], MOD_WSGI | {"HTTP_AUTHORIZATION": "Basic YTpi"}),
        (["form"], MOD_WSGI),
    ],
    ids=["another-server", "another-scheme", "no-header-wanted"],
)
def test_a_header_that_nobody_withholds_is_not_logged(
    make_app: MakeApp,
    caplog: pytest.LogCaptureFixture,
    locations: list[str],
    environ: dict[str, Any],
) -> None:
    client = make_app(TOKEN_LOCATIONS=locations).test_client()
    assert client.get("/claims", environ_base=environ).status_code == 401
    assert caplog.messages == []


# The query


def test_a_token_may_be_in_the_query(client: FlaskClient, token: str) -> None:
    response = client.get("/where", query_string={"access_token": token})
    assert response.get_json() == {"where": "query"}


@pytest.mark.parametrize("path", ["/where", "/optional", "/wrapped", "/open"])
def test_an_answer_to_a_token_in_the_query_is_private(
    client: FlaskClient, token: str, path: str
) -> None:
    response = client.get(path, query_string={"access_token": token})
    assert response.headers.getlist("Cache-Control") == ["private"]


def test_an_answer_to_a_header_token_leaves_caches_alone(
    client: FlaskClient, headers: Headers
) -> None:
    assert "Cache-Control" not in client.get("/where", headers=headers).headers


def test_a_token_in_the_query_makes_a_public_answer_private(make_app: MakeApp, token: str) -> None:
    app = make_app(TOKEN_LOCATIONS=["query"])

    @app.get("/public")
    @token_required
    def shared() -> Any:
        response = current_app.response_class("shared")
        response.cache_control.public = True
        response.cache_control.max_age = 60
        return response

    cache = app.test_client().get("/public", query_string={"access_token": token}).cache_control
    assert (cache.private, cache.public, cache.max_age) == (True, False, 60)


@pytest.mark.parametrize("value", ["", "x", "a.b.c", "\xe4", "a b"])
def test_a_bad_token_in_the_query_is_refused_and_not_anonymous(
    client: FlaskClient, value: str
) -> None:
    response = client.get("/optional", query_string={"access_token": value})
    assert_challenge(response, error="invalid_token")


def test_two_tokens_in_the_query_are_a_malformed_request(client: FlaskClient, token: str) -> None:
    query = {"access_token": [token, token]}
    assert_challenge(client.get("/where", query_string=query), error="invalid_request")


# The body


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/where", "/optional", "/wrapped"])
def test_a_token_may_be_in_a_form(client: FlaskClient, token: str, path: str, method: str) -> None:
    response = client.open(path, method=method, data={"access_token": token})
    assert response.get_json()["where"] == "form"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/where", "/optional", "/wrapped"])
def test_a_token_may_be_in_json(client: FlaskClient, token: str, path: str, method: str) -> None:
    response = client.open(path, method=method, json={"access_token": token})
    assert response.get_json()["where"] == "json"


def test_json_goes_by_its_other_media_types_too(client: FlaskClient, token: str) -> None:
    body = json.dumps({"access_token": token})
    response = client.post("/where", data=body, content_type="application/vnd.api+json")
    assert response.get_json() == {"where": "json"}


def test_claims_of_a_token_found_by_the_wrapper_alone_are_shown(
    client: FlaskClient, token: str
) -> None:
    response = client.post("/wrapped", data={"access_token": token})
    assert response.get_json() == {"where": "form", "sub": "alice"}


@pytest.mark.parametrize("content_type", [FORM, "application/json"])
def test_the_body_of_a_get_is_never_read(
    client: FlaskClient, token: str, content_type: str
) -> None:
    body = {FORM: f"access_token={token}"}.get(content_type, json.dumps({"access_token": token}))
    response = client.get("/where", data=body, content_type=content_type)
    assert_challenge(response)


def test_a_multipart_form_is_never_read(client: FlaskClient, token: str) -> None:
    response = client.post(
        "/where", data={"access_token": token}, content_type="multipart/form-data"
    )
    assert_challenge(response)


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "", None])
def test_a_form_of_another_content_type_is_not_read(
    client: FlaskClient, token: str, content_type: str | None
) -> None:
    response = client.post("/where", data=f"access_token={token}", content_type=content_type)
    assert_challenge(response)


@pytest.mark.parametrize("content_type", ["text/plain", FORM, "text/json", "", None])
def test_json_of_another_content_type_is_not_read(
    client: FlaskClient, token: str, content_type: str | None
) -> None:
    body = json.dumps({"access_token": token})
    response = client.post("/where", data=body, content_type=content_type)
    assert_challenge(response)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        '{"access_token": "x"',
        "[]",
        '["access_token"]',
        '"access_token"',
        "1",
        "null",
        "{}",
        '{"other": "x"}',
    ],
)
def test_a_json_body_without_the_member_is_anonymous(client: FlaskClient, body: str) -> None:
    assert_challenge(_send_json(client, "/where", body))


@pytest.mark.parametrize("value", ["null", "1", "1.5", "true", "[]", '["x"]', "{}"])
def test_a_json_member_that_is_not_text_is_a_malformed_request(
    client: FlaskClient, value: str
) -> None:
    body = '{"access_token": ' + value + "}"
    response = _send_json(client, "/optional", body)
    assert_challenge(response, error="invalid_request")


@pytest.mark.parametrize("kind", ["data", "json"])
def test_an_empty_token_in_a_body_counts_as_omitted(
    client: FlaskClient, headers: Headers, kind: str
) -> None:
    # RFC 6749 section 3.2.
    body: dict[str, Any] = {kind: {"access_token": ""}}
    assert_challenge(client.post("/where", **body))
    assert client.post("/optional", **body).get_json() == {"where": None}
    assert client.post("/where", **body, headers=headers).get_json() == {"where": "header"}


def test_json_that_nests_deeper_than_python_can_is_anonymous(client: FlaskClient) -> None:
    assert_challenge(_send_json(client, "/where", b'{"access_token":' * 2_000))


def test_two_tokens_in_a_form_are_a_malformed_request(client: FlaskClient, token: str) -> None:
    response = client.post("/where", data={"access_token": [token, token]})
    assert_challenge(response, error="invalid_request")


def test_two_tokens_in_json_are_a_malformed_request(client: FlaskClient, token: str) -> None:
    body = f'{{"access_token": "{token}", "access_token": "{token}"}}'
    assert_challenge(_send_json(client, "/where", body), error="invalid_request")


# Two places


@pytest.mark.parametrize("path", ["/where", "/optional", "/wrapped"])
@pytest.mark.parametrize(
    "places",
    [
        ("header", "query"),
        ("header", "data"),
        ("header", "json"),
        ("query", "data"),
        ("query", "json"),
        ("header", "query", "data"),
    ],
    ids="+".join,
)
def test_two_equal_credentials_are_a_malformed_request(
    client: FlaskClient, token: str, path: str, places: tuple[str, ...]
) -> None:
    parts: dict[str, Any] = {
        "header": {"headers": bearer(token)},
        "query": {"query_string": {"access_token": token}},
        "data": {"data": {"access_token": token}},
        "json": {"json": {"access_token": token}},
    }
    carried = {name: value for place in places for name, value in parts[place].items()}
    assert_challenge(client.post(path, **carried), error="invalid_request")


def test_a_token_elsewhere_does_not_mend_a_malformed_header(
    client: FlaskClient, token: str
) -> None:
    query = {"access_token": token}
    response = client.get("/where", query_string=query, headers={"Authorization": "Bearer"})
    assert_challenge(response, error="invalid_request")


def test_another_scheme_is_no_second_credential(client: FlaskClient, token: str) -> None:
    query = {"access_token": token}
    response = client.get("/where", query_string=query, headers={"Authorization": "Basic YTpi"})
    assert response.get_json() == {"where": "query"}


@pytest.mark.parametrize(
    ("carried", "found"),
    [
        ({}, None),
        ({"headers": bearer("x")}, "x"),
        ({"json": {"refresh_token": "x"}}, "x"),
        ({"data": {"refresh_token": "x", "access_token": "y"}}, "x"),
        ({"query_string": {"refresh_token": "x"}}, None),
    ],
)
def test_a_token_of_another_name_is_found_where_a_row_says(
    carried: dict[str, Any], found: str | None
) -> None:
    rows = make_places().refresh(read_locations(["header", "form", "json"]))
    with Flask(__name__).test_request_context(method="POST", **carried):
        token = find_token(request, rows)
        assert (token and token.token) == found


def test_a_token_of_another_name_in_two_places_is_malformed() -> None:
    rows = make_places().refresh(read_locations(["header", "form"]))
    body = {"refresh_token": "x"}
    sent = Flask(__name__).test_request_context(method="POST", data=body, headers=bearer("x"))
    with sent, pytest.raises(InvalidRequest, match="two tokens"):
        find_token(request, rows)


# Bodies that are left alone


@pytest.mark.parametrize("content_type", [FORM, "application/json"])
def test_an_open_view_can_read_its_raw_stream(client: FlaskClient, content_type: str) -> None:
    body = b'{"access_token": "x"}'
    response = client.post("/open", data=body, content_type=content_type)
    assert response.data == body


@pytest.mark.parametrize("content_type", [FORM, "application/json"])
def test_a_public_view_can_read_its_raw_stream(make_app: MakeApp, content_type: str) -> None:
    app = _add_views(make_app(TOKEN_LOCATIONS=EVERYWHERE, PROTECT="all"))
    body = b'{"access_token": "x"}'
    response = app.test_client().post("/public", data=body, content_type=content_type)
    assert response.data == body


def test_an_unmarked_view_takes_a_form_token_if_all_are_guarded(
    make_app: MakeApp, token: str
) -> None:
    app = make_app(TOKEN_LOCATIONS=EVERYWHERE, PROTECT="all")
    app.add_url_rule("/unmarked", view_func=lambda: "served", endpoint="unmarked", methods=["POST"])
    response = app.test_client().post("/unmarked", data={"access_token": token})
    assert response.text == "served"


def test_a_guarded_view_can_read_its_stream_if_bodies_are_off(
    plain_client: FlaskClient, headers: Headers
) -> None:
    app = plain_client.application

    @app.post("/raw")
    @token_required
    def raw() -> bytes:
        return request.stream.read()

    assert plain_client.post("/raw", data=b"a=b", content_type=FORM, headers=headers).data == b"a=b"


@pytest.mark.parametrize("path", ["/where", "/wrapped"])
def test_a_body_beyond_the_apps_limit_is_still_too_large(client: FlaskClient, path: str) -> None:
    client.application.config["MAX_CONTENT_LENGTH"] = 10
    response = client.post(path, data={"access_token": "x" * 100})
    assert response.status_code == 413


def test_the_view_reads_the_form_that_carried_the_token(make_app: MakeApp, token: str) -> None:
    app = make_app(TOKEN_LOCATIONS=["form"])

    @app.post("/notes")
    @token_required
    def add() -> str:
        return request.form["text"]

    response = app.test_client().post("/notes", data={"access_token": token, "text": "hello"})
    assert response.text == "hello"
