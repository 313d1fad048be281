"""Browsers, each started once for a run, and the app that they visit.

A short part in Chromium runs wherever it and Playwright are, the rest with `-m browser`. What is
missing is skipped, unless BROWSER=required.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeAlias

import pytest

from ..interop.conftest import HERE as INTEROP
from ..interop.node import Node, install_packages
from ..support import SettableClock
from .app import App, make_other, serving
from .chromium import Chromium, chromium
from .firefox import Firefox, firefox
from .visitor import Browser, Visitor
from .webkit import WebKit, webkit

HERE = Path(__file__).parent
OWN = "app.example.localhost"


def give_up(why: str) -> NoReturn:
    """Skip, or fail where these tests are required."""
    if os.environ.get("BROWSER") == "required":
        pytest.fail(why)
    pytest.skip(why)


class Site(NamedTuple):
    """The app and the one of somebody else, where they listen.

    Attributes:
        app: Ours.
        scheme: That of both.
        port, other_port: Theirs.
    """

    app: App
    scheme: str
    port: int
    other_port: int

    def url(self, path: str = "/", host: str = OWN) -> str:
        """Write a URL of the app."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    def other(self, host: str) -> str:
        """Write the URL of somebody else's page."""
        return f"{self.scheme}://{host}:{self.other_port}/"


Serve: TypeAlias = Callable[..., AbstractContextManager[Site]]


@pytest.fixture
def serve(secret: str, clock: SettableClock, certificate: Path) -> Serve:
    """Serve an app with some settings, and the one of somebody else."""

    @contextmanager
    def serve(scheme: str = "https", **settings: Any) -> Iterator[Site]:
        app = App(
            clock,
            KEY=secret,
            TOKEN_LOCATIONS=["header", "cookie"],
            STORAGE_URI="memory://",
            **settings,
        )
        pem = certificate if scheme == "https" else None
        with serving(app.flask, pem) as port, serving(make_other(), pem) as other_port:
            yield Site(app, scheme, port, other_port)

    return serve


@pytest.fixture
def site(serve: Serve) -> Iterator[Site]:
    """The app over https."""
    with serve() as site:
        yield site


@pytest.fixture(scope="session")
def running_chromium() -> Iterator[Chromium]:
    """A Chromium."""
    with chromium(give_up) as browser:
        yield browser


@pytest.fixture(scope="session")
def caching_chromium() -> Iterator[Chromium]:
    """A Chromium with the back/forward cache, which Playwright switches off."""
    with chromium(give_up, ["--disable-back-forward-cache"]) as browser:
        yield browser


class Packages(NamedTuple):
    """What npm installed."""

    node: Node
    folder: Path


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """Install from the lock file."""
    folder = tmp_path_factory.mktemp("browser") / "scripts"
    node = install_packages(HERE, folder, give_up)
    (folder / "jobs.mjs").write_text((INTEROP / "jobs.mjs").read_text())
    return Packages(node, folder)


@pytest.fixture(scope="session")
def running_firefox(packages: Packages) -> Iterator[Firefox]:
    """A Firefox."""
    with firefox(give_up, packages.node, packages.folder) as browser:
        yield browser


@pytest.fixture(scope="session")
def running_webkit() -> Iterator[WebKit]:
    """A WebKitGTK."""
    with webkit(give_up) as browser:
        yield browser


@pytest.fixture(
    params=[
        "chromium",
        pytest.param("firefox", marks=pytest.mark.browser),
        pytest.param("webkit", marks=pytest.mark.browser),
    ]
)
def browser(request: pytest.FixtureRequest) -> Browser:
    """Each of the browsers in turn."""
    running: Browser = request.getfixturevalue(f"running_{request.param}")
    return running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """A visitor of the app."""
    with browser.visit() as visitor:
        yield visitor


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[], Visitor]]:
    """Let more than one visitor come."""
    with ExitStack() as visitors:
        yield lambda: visitors.enter_context(browser.visit())
