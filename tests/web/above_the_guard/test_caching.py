"""What stands above a guard: Flask-Caching, wherever it stands."""

from flask import Flask
from flask_caching import Cache

from flask_tokenguard.testing import assert_challenge

from ..conftest import GuardApp, Headers, HeadersWith
from ..support import PREFLIGHT, new_view
from .support import SCOPE, Build, _app_of, guarded, routes


def test_a_cached_answer_is_given_to_good_tokens_alone(
    app: Flask, headers: Headers, stale_headers: Headers, headers_with: HeadersWith
) -> None:
    client = app.test_client()
    assert client.get("/notes", headers=headers_with(scope=SCOPE)).status_code == 200
    assert_challenge(client.get("/notes"))
    assert_challenge(client.get("/notes", headers=stale_headers), error="invalid_token")
    assert_challenge(client.get("/notes", headers=headers), error="insufficient_scope")
    assert_challenge(client.head("/notes"))


def test_a_refusal_is_cached_for_nobody(app: Flask, headers_with: HeadersWith) -> None:
    client = app.test_client()
    assert_challenge(client.get("/notes"))
    assert client.get("/notes", headers=headers_with(scope=SCOPE)).status_code == 200


def test_routes_lists_what_is_demanded_below(build: Build, guard_app: GuardApp) -> None:
    result = routes(_app_of(build, guard_app))
    row = next(line for line in result.stdout.splitlines() if " /notes " in line)
    assert row.endswith(f"a token, scope {SCOPE}")


def test_a_preflight_is_answered_by_no_cache(plain_app: Flask, headers_with: HeadersWith) -> None:
    view = Cache(plain_app).cached(60)(guarded(new_view()))
    plain_app.add_url_rule("/notes", view_func=view, methods=["GET", "OPTIONS"])
    client, headers = plain_app.test_client(), headers_with(scope=SCOPE)
    assert client.get("/notes", headers=headers).text == "served"
    assert client.options("/notes", headers=PREFLIGHT).data == b""
    assert client.get("/notes", headers=headers).text == "served"
