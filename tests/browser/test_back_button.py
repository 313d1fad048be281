"""The back button after a sign-out, with Chromium's back/forward cache on."""

from collections.abc import Iterator

import pytest

from .chromium import Chromium, ChromiumTab
from .conftest import Site
from .visitor import shows, submit


@pytest.fixture
def tab(caching_chromium: Chromium) -> Iterator[ChromiumTab]:
    """A tab of a visitor."""
    with caching_chromium.visit() as visitor:
        yield visitor.open_tab()


def sign_out_and_go_back(tab: ChromiumTab, site: Site) -> None:
    """Sign in, leave a mark in the page, sign out and go back."""
    tab.open(site.url())
    tab.run(submit())
    tab.wait_for(shows("Notes"))
    tab.run(f"window.mark = true; {submit(1)}")
    tab.wait_for(shows("Sign in"))
    site.app.record.take("GET", "/notes")
    tab.run("setTimeout(() => history.back())")


def test_a_page_that_reloads_shows_nothing_after_a_sign_out(tab: ChromiumTab, site: Site) -> None:
    sign_out_and_go_back(tab, site)
    assert site.app.record.take("GET", "/notes").status == 401
    tab.wait_for("document.readyState === 'complete' && !document.body.innerText.includes('alice')")


def test_a_page_that_does_not_is_shown_from_the_cache(tab: ChromiumTab, site: Site) -> None:
    site.app.reloads = False
    sign_out_and_go_back(tab, site)
    tab.wait_for(shows("Notes"))
    assert tab.run("return window.mark")
