"""Sessions of people in browsers: they sign in, their tokens end, and they sign out."""

import threading
from collections.abc import Callable

from .conftest import Site
from .visitor import Tab, Visitor, get, post, shows, submit

A_DAY = 86_400


def sign_in(visitor: Visitor, site: Site) -> Tab:
    """Sign Alice in by the form of the page."""
    tab = visitor.open_tab()
    tab.open(site.url())
    tab.run(submit())
    tab.wait_for(shows("Notes"))
    return tab


def test_a_form_signs_in(visitor: Visitor, site: Site) -> None:
    tab = sign_in(visitor, site)
    assert tab.run("return document.querySelector('h1').textContent") == "alice"


def test_a_form_of_the_own_page_writes(visitor: Visitor, site: Site) -> None:
    tab = sign_in(visitor, site)
    tab.run(submit())
    came = site.app.record.take("POST", "/notes")
    assert (came.status, came.origin) == (303, "null")
    assert site.app.notes == ["own"]


def test_a_token_that_has_ended_is_refreshed(visitor: Visitor, site: Site) -> None:
    tab = sign_in(visitor, site)
    site.app.clock.now += A_DAY
    assert tab.run(get("/me")) == 401
    assert tab.run(post("/auth/token")) == 200
    assert tab.run(get("/me")) == 200


def test_two_tabs_that_refresh_at_once_stay_signed_in(visitor: Visitor, site: Site) -> None:
    one = sign_in(visitor, site)
    other = visitor.open_tab()
    other.open(site.url())
    site.app.refreshes = threading.Barrier(2)
    one.run("window.answer = fetch('/auth/token', { method: 'POST' }).then(({ status }) => status)")
    assert other.run(post("/auth/token")) == 200
    assert one.run("return window.answer") == 200
    site.app.refreshes = threading.Barrier(1)
    assert [tab.run(post("/auth/token")) for tab in (one, other)] == [200, 200]
    assert [tab.run(get("/me")) for tab in (one, other)] == [200, 200]


def test_a_sign_out_ends_this_session_alone(visit: Callable[[], Visitor], site: Site) -> None:
    here, elsewhere = (sign_in(visit(), site) for _ in range(2))
    assert here.run(post("/logout")) == 200
    assert [here.run(get("/me")), here.run(post("/auth/token"))] == [401, 400]
    assert [elsewhere.run(get("/me")), elsewhere.run(post("/auth/token"))] == [200, 200]


def test_a_sign_out_everywhere_ends_every_session(visit: Callable[[], Visitor], site: Site) -> None:
    here, elsewhere = (sign_in(visit(), site) for _ in range(2))
    assert here.run(post("/logout/everywhere")) == 204
    assert [elsewhere.run(get("/me")), elsewhere.run(post("/auth/token"))] == [401, 400]
