"""The cookies as browsers have kept them, over https and over plain http."""

import time

import pytest

from .conftest import Serve, Site
from .visitor import Browser, Visitor, get, post
from .webkit import WebKit

NAMES = ["access_token", "csrf_token", "refresh_token"]
SCRIPTS_READ = "return document.cookie.split('; ').map((pair) => pair.split('=')[0])"


def test_browsers_keep_what_the_defaults_state(visitor: Visitor, site: Site) -> None:
    tab = visitor.open_tab()
    tab.open(site.url())
    assert tab.run(post("/login", name="alice")) == 200
    kept = visitor.cookies(site.url())
    assert sorted(kept) == [f"__Host-{name}" for name in NAMES]
    for name, cookie in kept.items():
        assert cookie.secure
        assert cookie.http_only == (name != "__Host-csrf_token")
        assert (cookie.path, cookie.domain) == ("/", "app.example.localhost")
        assert (cookie.same_site, cookie.expires) == ("Lax", None)


def test_scripts_read_the_cookie_for_their_header_alone(visitor: Visitor, site: Site) -> None:
    tab = visitor.open_tab()
    tab.open(site.url())
    tab.run(post("/login", name="alice"))
    assert tab.run(SCRIPTS_READ) == ["__Host-csrf_token"]


def test_a_login_to_be_remembered_outlives_the_browser(visitor: Visitor, site: Site) -> None:
    tab = visitor.open_tab()
    tab.open(site.url())
    tab.run(post("/login", name="alice", remember="yes"))
    lifetime = site.app.flask.extensions["tokenguard"].settings.refresh_token_lifetime
    for cookie in visitor.cookies(site.url()).values():
        assert cookie.expires == pytest.approx(time.time() + lifetime.total_seconds(), abs=120)


def test_a_sign_out_leaves_no_cookie(visitor: Visitor, site: Site) -> None:
    tab = visitor.open_tab()
    tab.open(site.url())
    tab.run(post("/login", name="alice"))
    assert tab.run(post("/logout")) == 200
    assert visitor.cookies(site.url()) == {}


def test_only_webkit_keeps_no_secure_cookie_of_plain_http(
    browser: Browser, visitor: Visitor, serve: Serve
) -> None:
    with serve("http") as site:
        tab = visitor.open_tab()
        tab.open(site.url(host="localhost"))
        tab.run(post("/login", name="alice"))
        assert tab.run(get("/me")) == (401 if isinstance(browser, WebKit) else 200)


def test_the_switch_for_development_signs_in_everywhere(visitor: Visitor, serve: Serve) -> None:
    with serve("http", COOKIE_INSECURE=True) as site:
        tab = visitor.open_tab()
        tab.open(site.url(host="localhost"))
        tab.run(post("/login", name="alice"))
        assert tab.run(get("/me")) == 200
        kept = visitor.cookies(site.url(host="localhost"))
        assert sorted(kept) == NAMES
        assert not any(cookie.secure for cookie in kept.values())
        assert {cookie.same_site for cookie in kept.values()} == {"Lax"}
