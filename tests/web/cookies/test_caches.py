"""Tokens in cookies: caches."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import (
    issue_token,
    token_required,
    unset_token_cookies,
)

from ...support import bearer
from ..browser import (
    ACCESS,
    HOST,
    SETTINGS,
    get,
    post,
)
from ..conftest import GuardApp
from ..support import View
from .support import with_views


def _cache(response: TestResponse) -> tuple[str | None, str | None]:
    return response.headers.get("Vary"), response.headers.get("Cache-Control")


PRIVATE = ("Cookie", "private, no-store")


def test_an_answer_to_a_cookie_is_for_one_browser(app: Flask, client: FlaskClient) -> None:
    assert _cache(get(client, "/where")) == PRIVATE
    assert _cache(get(client, "/form")) == PRIVATE
    with app.app_context():
        headers = bearer(issue_token("alice"))
    assert _cache(get(client, "/where", headers=headers)) == (None, None)
    assert _cache(get(app.test_client(), "/form")) == (None, None)


@pytest.mark.parametrize(
    ("is_guarded", "settings", "cached"),
    [
        (False, {}, (None, "no-cache")),
        (False, {"PROTECT": "all"}, (None, "no-cache")),
        (False, {"PROTECT": "all", "PUBLIC_ENDPOINTS": []}, ("Cookie", "no-cache")),
        (True, {}, ("Cookie", "no-cache")),
    ],
    ids=["open", "open under all", "closed", "guarded"],
)
def test_a_static_file_is_for_all_unless_it_is_guarded(
    guard_app: GuardApp,
    tmp_path: Path,
    is_guarded: bool,
    settings: dict[str, Any],
    cached: tuple[str | None, str],
) -> None:
    (tmp_path / "style.css").write_text("")
    app = Flask(__name__, static_folder=tmp_path, static_url_path="/files")
    app = with_views(guard_app(app, **SETTINGS | settings))
    if is_guarded:
        serve: View = app.view_functions["static"]
        app.view_functions["static"] = token_required(serve)
    client = app.test_client()
    with app.app_context():
        client.set_cookie(ACCESS, issue_token("alice"), domain=HOST)
    response = get(client, "/files/style.css", buffered=True)
    assert (response.status_code, _cache(response)) == (200, cached)


def test_a_page_with_the_claim_for_its_forms_is_for_one_browser(
    client: FlaskClient,
) -> None:
    client.delete_cookie(ACCESS, domain=HOST)
    assert _cache(get(client, "/form")) == PRIVATE


def test_a_view_decides_how_its_answer_is_cached(client: FlaskClient) -> None:
    assert _cache(get(client, "/cached")) == ("Accept, Cookie", "private, max-age=60")


def test_an_answer_that_changes_cookies_is_for_one_browser(app: Flask) -> None:
    @app.post("/gone")
    def gone() -> Any:
        return unset_token_cookies(jsonify())

    assert _cache(post(app.test_client(), "/gone")) == PRIVATE
    assert _cache(post(app.test_client(), "/login")) == PRIVATE
    assert _cache(post(app.test_client(), "/revoke")) == PRIVATE
