"""The built pages: they ask nothing of the network, and a search finds the right page first."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ..support import ROOT

pytestmark = pytest.mark.ci
FIRST = {
    "keygen": "commands",
    "pytest": "testing",
    "cookie": "browser",
    "CSRF": "browser",
    "LEEWAY": "settings",
    "curl": "quickstart",
    "gunicorn": "servers",
    "sessions": "sessions",
}
# A page whose width no table, block or picture exceeds scrolls in one direction alone.
_WIDTHS = "[document.documentElement.scrollWidth, window.innerWidth]"
PHONE = {"width": 390, "height": 844}


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and logs nothing."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages."""
    for package in ("sphinx", "furo", "myst_parser"):
        pytest.importorskip(package, reason="the extra docs is not installed")
    folder = tmp_path_factory.mktemp("html")
    build = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "docs", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, timeout=300)  # noqa: S603 - our own pages
    return folder


@pytest.fixture(scope="module")
def address(built: Path) -> Iterator[str]:
    """Where the pages are served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=built)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def open_page(address: str) -> Iterator[Callable[[str], Any]]:
    """Open a page in a Chromium as wide as a phone, which must ask nobody else."""
    if not Path("/usr/bin/chromium").exists():
        pytest.skip("there is no Chromium; Debian has it")
    playwright = pytest.importorskip("playwright.sync_api", reason="there is no Playwright")
    with playwright.sync_playwright() as api:
        browser = api.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        tab = browser.new_page(viewport=PHONE)
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))

        def open_page(path: str) -> Any:
            asked.clear()
            tab.goto(f"{address}/{path}")
            assert [url for url in asked if not url.startswith((address, "data:"))] == []
            return tab

        yield open_page
        browser.close()


def test_no_page_names_a_file_of_another_host(built: Path) -> None:
    loaded = re.compile(r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=\"(https?:)?//")
    assert [path.name for path in built.glob("*.html") if loaded.search(path.read_text())] == []


@pytest.mark.parametrize("word", FIRST)
def test_a_search_finds_the_right_page_first(open_page: Callable[[str], Any], word: str) -> None:
    tab = open_page(f"search.html?q={word}")
    first = tab.wait_for_selector("ul.search li > a").get_attribute("href")
    assert first.partition(".")[0] == FIRST[word]


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.stem)
def test_a_page_fits_a_phone(open_page: Callable[[str], Any], path: Path) -> None:
    width, screen = open_page(f"{path.stem}.html").evaluate(_WIDTHS)
    assert width <= screen
