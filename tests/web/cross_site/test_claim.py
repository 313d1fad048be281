"""Requests from other sites: what the token's claim comes in."""

from io import BytesIO
from typing import Any

from flask_tokenguard import (
    token_required,
)

from ...conftest import MakeApp
from ..conftest import Sign
from ..support import new_view
from .support import ACCESS, OWN, Browser


def _send_claim(browser: Browser, **request: Any) -> int:
    headers = {"Cookie": browser.cookies["fresh"]}
    return browser.client.post("/guarded", headers=headers, base_url=OWN, **request).status_code


def test_a_form_may_hold_the_claim(browser: Browser) -> None:
    assert _send_claim(browser, data={"csrf_token": browser.csrf}) == 200
    assert _send_claim(browser, data={"csrf_token": "another"}) == 403


def test_a_form_with_a_file_may_hold_the_claim(browser: Browser) -> None:
    file = (BytesIO(b"content"), "name.txt")
    assert _send_claim(browser, data={"csrf_token": browser.csrf, "file": file}) == 200


def test_a_form_beyond_the_bound_is_not_looked_into(browser: Browser) -> None:
    assert _send_claim(browser, data={"csrf_token": browser.csrf, "more": "x" * 40_000}) == 403


def test_json_holds_no_claim(browser: Browser) -> None:
    assert _send_claim(browser, json={"csrf_token": browser.csrf}) == 403


def test_a_token_of_before_the_cookies_passes_by_no_claim(
    make_app: MakeApp, sign: Sign, good_claims: dict[str, Any]
) -> None:
    app = make_app(TOKEN_LOCATIONS=["cookie"])
    app.add_url_rule("/", "guarded", token_required(new_view()), methods=["POST"])
    for csrf in ({}, {"csrf": ""}, {"csrf": None}, {"csrf": 1}):
        headers = {"Cookie": f"{ACCESS}={sign(good_claims | csrf)}", "X-CSRF-Token": ""}
        assert app.test_client(use_cookies=False).post("/", headers=headers).status_code == 403
