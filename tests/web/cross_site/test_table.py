"""Requests from other sites: table."""

from itertools import product

import pytest

from .support import CLAIMS, HOST, METHODS, OWN, TRUSTED, Browser, Row

SITES = [None, "same-origin", "none", "same-site", "cross-site", "Same-Origin"]
ORIGINS = [None, OWN, TRUSTED, f"http://{HOST}", "https://evil.example", "null"]
SAFE = ["GET", "HEAD"]
COOKIES = ["no cookie", "fresh", "expired", "foreign", "two"]
AUTHORIZATIONS = ["no header", "good", "bad", "another scheme"]
# The claim matters where nothing else is there; another value elsewhere is seen to change nothing.
ROWS = [
    Row(site, origin, csrf)
    for site, origin, csrf in product(SITES, ORIGINS, CLAIMS)
    if csrf == "another" or site is origin is None
]


def _passes(method: str, cookie: str, row: Row) -> bool:
    """Whether a request passes whose credential is a good cookie."""
    if method in SAFE or row.verdict is not None:
        return method in SAFE or bool(row.verdict)
    return cookie == "fresh" and row.csrf == "the claim"


def _guarded(method: str, cookie: str, authorization: str, row: Row) -> int:
    """Look up the status of a guarded view."""
    if authorization in ("good", "bad"):
        return 200 if authorization == "good" else 401
    if cookie in ("no cookie", "expired", "two"):
        return 400 if cookie == "two" else 401
    return 200 if _passes(method, cookie, row) else 403


def _change(method: str, cookie: str, authorization: str, row: Row) -> int:
    """Look up the status of a view that sets or deletes cookies."""
    if method in SAFE or authorization == "good":
        return 200
    if row.verdict is not None:
        return 200 if row.verdict else 403
    is_good = cookie == "fresh" or (cookie == "foreign" and authorization != "bad")
    return 403 if is_good and not _passes(method, cookie, row) else 200


each_authorization = pytest.mark.parametrize("authorization", AUTHORIZATIONS)
each_cookie = pytest.mark.parametrize("cookie", COOKIES)


@each_authorization
@each_cookie
def test_a_cookie_counts_only_for_requests_of_the_own_site(
    browser: Browser, cookie: str, authorization: str
) -> None:
    for method, row in product(METHODS, ROWS):
        response = browser.send("/guarded", method, cookie, authorization, row)
        assert response.status_code == _guarded(method, cookie, authorization, row), (method, row)


@each_authorization
@each_cookie
def test_cookies_are_changed_only_by_requests_of_the_own_site(
    browser: Browser, cookie: str, authorization: str
) -> None:
    for method, row in product(METHODS, ROWS):
        response = browser.send("/logout", method, cookie, authorization, row)
        status = _change(method, cookie, authorization, row)
        assert response.status_code == status, (method, row)
        assert ("Set-Cookie" in response.headers) == (status == 200)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_open_view_is_anonymous_for_another_site(browser: Browser, method: str) -> None:
    for row in ROWS:
        response = browser.send("/open", method, "fresh", "no header", row)
        where = "cookie" if _passes(method, "fresh", row) else None
        assert (response.status_code, response.get_json()) == (200, where), row
