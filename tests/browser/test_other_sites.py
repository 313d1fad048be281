"""Requests that pages of others make a browser send: our check refuses what `SameSite` lets in."""

from typing import NamedTuple

import pytest

from .app import Came
from .attacks import GETS, POSTS, SOCKET, attack
from .conftest import OWN, Serve, Site
from .visitor import Browser, Tab, Visitor, get, post
from .webkit import WebKit

# What changes something, or the cookies.
CHANGES = ("/notes", "/login", "/logout", "/auth/token", "/auth/revoke")


class Origins(NamedTuple):
    """Two origins.

    Attributes:
        own, other: The hosts of ours and of somebody else's, which differ in their ports too.
        is_same_site: Whether the browser sends our cookie with requests from the other.
    """

    own: str
    other: str
    is_same_site: bool


PORT = Origins(OWN, OWN, is_same_site=True)
SIBLING = Origins(OWN, "evil.example.localhost", is_same_site=True)
ELSEWHERE = Origins("localhost", "127.0.0.1", is_same_site=False)
# One of each kind is for Chromium in every run.
each_origin = pytest.mark.parametrize(
    "origins",
    [
        pytest.param(SIBLING, id="sibling"),
        pytest.param(PORT, id="port", marks=pytest.mark.browser),
        pytest.param(ELSEWHERE, id="elsewhere", marks=pytest.mark.browser),
    ],
)
each_way = pytest.mark.parametrize(
    "way",
    ["form", *(pytest.param(way, marks=pytest.mark.browser) for way in POSTS if way != "form")],
)


def sign_in(visitor: Visitor, site: Site, host: str) -> Tab:
    """Sign Alice in at the app."""
    tab = visitor.open_tab()
    tab.open(site.url(host=host))
    tab.run(post("/login", name="alice"))
    site.app.record.take("POST", "/login")
    site.app.record.take("GET", "/notes")
    return tab


def send(visitor: Visitor, site: Site, origins: Origins, script: str, path: str) -> Came:
    """Let a page of somebody else, in a tab of its own, attack a path of the app."""
    tab = visitor.open_tab()
    tab.open(site.other(origins.other))
    tab.run(attack(script, site.url(path, origins.own), name="mallory", text="evil"))
    method = "POST" if script in POSTS.values() else "GET"
    return site.app.record.take(method, path)


def all_changes(visitor: Visitor, site: Site, origins: Origins, way: str) -> dict[str, Came]:
    """Let a page of somebody else attack all there is."""
    return {path: send(visitor, site, origins, POSTS[way], path) for path in CHANGES}


@each_origin
@each_way
def test_no_page_of_another_origin_changes_anything(
    browser: Browser, visitor: Visitor, site: Site, origins: Origins, way: str
) -> None:
    tab = sign_in(visitor, site, origins.own)
    kept = visitor.cookies(site.url(host=origins.own))
    came = all_changes(visitor, site, origins, way)
    # The cookie came where the site is the same. A sandbox is of no site, but to WebKit.
    is_of_no_site = way == "sandbox" and not isinstance(browser, WebKit)
    has_cookie = origins.is_same_site and not is_of_no_site
    assert [request.has_cookie for request in came.values()] == [has_cookie] * len(CHANGES)
    refused = dict.fromkeys(CHANGES, (403, "cross_site"))
    if not has_cookie:
        refused["/notes"] = (401, "token_missing")
    assert {path: (one.status, one.error) for path, one in came.items()} == refused
    assert tab.run(get("/me")) == 200
    assert site.app.notes == []
    assert visitor.cookies(site.url(host=origins.own)) == kept


@each_origin
@each_way
def test_no_page_of_another_origin_signs_a_person_in(
    visitor: Visitor, site: Site, origins: Origins, way: str
) -> None:
    came = send(visitor, site, origins, POSTS[way], "/login")
    assert (came.status, came.error, came.has_cookie) == (403, "cross_site", False)
    tab = visitor.open_tab()
    tab.open(site.url(host=origins.own))
    assert visitor.cookies(site.url(host=origins.own)) == {}


@pytest.mark.browser
@each_origin
@pytest.mark.parametrize("way", GETS)
def test_images_and_frames_of_others_change_nothing(
    visitor: Visitor, site: Site, origins: Origins, way: str
) -> None:
    tab = sign_in(visitor, site, origins.own)
    came = [send(visitor, site, origins, GETS[way], path) for path in ("/notes", "/logout")]
    assert [request.has_cookie for request in came] == [origins.is_same_site] * 2
    assert [request.status for request in came] == [200 if origins.is_same_site else 401, 405]
    assert tab.run(get("/me")) == 200


@each_origin
def test_no_page_of_another_origin_opens_a_socket(
    visitor: Visitor, site: Site, origins: Origins
) -> None:
    sign_in(visitor, site, origins.own)
    came = send(visitor, site, origins, SOCKET, "/socket")
    assert came.has_cookie == origins.is_same_site
    expected = (403, "cross_site") if origins.is_same_site else (401, "token_missing")
    assert (came.status, came.error) == expected


def test_the_own_page_opens_a_socket(visitor: Visitor, site: Site) -> None:
    tab = sign_in(visitor, site, OWN)
    tab.run(attack(SOCKET, site.url("/socket")))
    assert site.app.record.take("GET", "/socket").status == 200


@pytest.mark.browser
@each_origin
@pytest.mark.parametrize("way", ["form", "fetch"])
def test_plain_http_of_loopback_is_no_way_around_it(
    visitor: Visitor, serve: Serve, origins: Origins, way: str
) -> None:
    with serve("http", COOKIE_INSECURE=True) as site:
        tab = sign_in(visitor, site, origins.own)
        came = all_changes(visitor, site, origins, way)
        assert all(request.has_cookie == origins.is_same_site for request in came.values())
        assert {request.error for request in came.values()} <= {"cross_site", "token_missing"}
        assert tab.run(get("/me")) == 200
        assert site.app.notes == []


@pytest.mark.browser
def test_an_origin_that_is_trusted_writes(visitor: Visitor, serve: Serve) -> None:
    # Its port is known once it listens, and the settings before.
    with (
        serve() as site,
        serve(TRUSTED_ORIGINS=[site.other(SIBLING.other).rstrip("/")]) as trusting,
    ):
        sign_in(visitor, trusting, OWN)
        tab = visitor.open_tab()
        tab.open(site.other(SIBLING.other))
        tab.run(attack(POSTS["form"], trusting.url("/notes"), text="let in"))
        assert trusting.app.record.take("POST", "/notes").status == 303
        assert trusting.app.notes == ["let in"]
