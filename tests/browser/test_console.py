"""The console in Chromium: nothing for axe to find, no error, and nothing left after a sign-out."""

from collections.abc import Iterator

import pytest

from example_app import create_app
from example_app.__main__ import demo_settings
from example_app.first_start import prepare

from ..example_app.support import hash_quickly
from ..example_app.test_console import PAGES
from .app import serving
from .chromium import Chromium, ChromiumTab, ChromiumVisitor
from .conftest import Packages

THEMES = ["light", pytest.param("dark", marks=pytest.mark.browser)]
# A page, what is clicked there, and the error that Chromium names: Carol may write no note.
FORBIDDEN = "Failed to load resource: the server responded with a status of 403 (FORBIDDEN)"
CLICKS = {
    "a refused note": ("/console/notes", "form.stack button", [FORBIDDEN]),
    "a new token": ("/console/token", "button.main", []),
    "an attack": ("/console/break-in", "form.attacks button", []),
    "a theft": ("/console/sessions/theft", "button.main", []),
    "rotated keys": ("/console/admin", "button.main", []),
}
CAROL = "[...document.querySelectorAll('ul.doors button')].at(-1)"
# axe asks for the style sheets again, which the page's policy does not let it do.
FIND = """
const found = await axe.run({ preload: false })
return found.violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The example app, served as its demonstration is."""
    folder = tmp_path_factory.mktemp("console") / "instance"
    with pytest.MonkeyPatch.context() as patch:
        hash_quickly(patch)
        app = create_app(demo_settings(prepare(folder)), instance=folder)
        with serving(app, None) as port:
            yield f"http://localhost:{port}"


@pytest.fixture(scope="module")
def axe(packages: Packages) -> str:
    """A script that lists what axe-core finds in a page.

    It is run by the browser's protocol: no element of the page holds it, so that the page keeps its
    Content-Security-Policy.
    """
    source = packages.folder / "node_modules" / "axe-core" / "axe.min.js"
    return f"{source.read_text('utf-8')}; {FIND}"


@pytest.fixture(scope="module", params=THEMES)
def tab(
    running_chromium: Chromium, home: str, request: pytest.FixtureRequest
) -> Iterator[ChromiumTab]:
    """A tab of Carol's, who has signed in by a click and may see all."""
    with running_chromium.visit(color_scheme=request.param) as visitor:
        yield sign_in(visitor, home)


def sign_in(visitor: ChromiumVisitor, home: str) -> ChromiumTab:
    """Sign Carol in by a click."""
    tab = visitor.open_tab()
    tab.open(home)
    click(tab, CAROL)
    assert tab.run("return location.pathname") == "/console/notes"
    return tab


def click(tab: ChromiumTab, element: str) -> None:
    """Fill what must be filled, click an element, and wait for the page that comes."""
    tab.run(
        "for (const field of document.querySelectorAll('main [required]')) field.value ||= 'text';"
        f"window.isOld = true; setTimeout(() => {element}.click())"
    )
    tab.wait_for("!window.isOld && document.readyState === 'complete'")


@pytest.mark.parametrize("path", ["/", *PAGES])
def test_axe_and_the_console_find_nothing(tab: ChromiumTab, home: str, axe: str, path: str) -> None:
    tab.errors.clear()
    tab.open(f"{home}{path}")
    assert tab.run(axe) == []
    assert tab.errors == []


@pytest.mark.browser
@pytest.mark.parametrize(("path", "button", "errors"), CLICKS.values(), ids=CLICKS)
def test_axe_finds_nothing_in_what_a_click_shows(
    tab: ChromiumTab, home: str, axe: str, path: str, button: str, errors: list[str]
) -> None:
    tab.open(f"{home}{path}")
    tab.errors.clear()
    click(tab, f"document.querySelector('main {button}')")
    assert tab.run(axe) == []
    assert tab.errors == errors


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("path", ["/", "/console/notes"])
def test_axe_finds_nothing_before_a_sign_in(
    running_chromium: Chromium, home: str, axe: str, theme: str, path: str
) -> None:
    with running_chromium.visit(color_scheme=theme) as visitor:
        tab = visitor.open_tab()
        tab.open(f"{home}{path}")
        assert tab.run(axe) == []


def test_the_back_button_shows_nothing_after_a_sign_out(
    caching_chromium: Chromium, home: str
) -> None:
    with caching_chromium.visit() as visitor:
        tab = sign_in(visitor, home)
        assert "Your token allows" in tab.run("return document.body.innerText")
        click(tab, "document.querySelector('header form button')")
        tab.run("setTimeout(() => history.back())")
        tab.wait_for(
            "location.search === '?next=/console/notes' && document.readyState === 'complete'"
            " && !document.body.innerText.includes('Your token allows')"
        )


def test_a_page_that_comes_back_stays_on_its_site(running_chromium: Chromium, home: str) -> None:
    with running_chromium.visit() as visitor:
        tab = visitor.open_tab()
        # A path that is the address of another host where it stands alone.
        tab.open(home + home.replace("http:", "").replace("localhost", "127.0.0.1") + "/nowhere")
        event = "new PageTransitionEvent('pageshow', { persisted: true })"
        tab.run(f"window.isOld = true; setTimeout(() => dispatchEvent({event}))")
        tab.wait_for("!window.isOld && document.readyState === 'complete'")
        assert tab.run("return location.origin") == home
