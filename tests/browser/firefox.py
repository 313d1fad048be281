"""Firefox ESR: Debian's, driven by npm's puppeteer-core over WebDriver BiDi."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from ..interop.conftest import Scripts, waiting_for_jobs
from ..interop.node import Node
from .visitor import PATIENCE, Cookie, named

_SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None"}


class Firefox:
    """A Firefox that runs."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def do(self, act: str, **job: Any) -> Any:
        """Do one of the acts of `firefox.mjs`."""
        return self._scripts.run("firefox.mjs", {"act": act, **job})

    @contextmanager
    def visit(self) -> Iterator["FirefoxVisitor"]:
        """Let a visitor come."""
        visitor: int = self.do("visit")
        try:
            yield FirefoxVisitor(self, visitor)
        finally:
            self.do("leave", visitor=visitor)


class FirefoxVisitor:
    """A user context of WebDriver BiDi."""

    def __init__(self, firefox: Firefox, number: int) -> None:
        self._firefox = firefox
        self._number = number

    def open_tab(self) -> "FirefoxTab":
        """Open an empty tab."""
        return FirefoxTab(self._firefox, self._firefox.do("openTab", visitor=self._number))

    def cookies(self, url: str) -> dict[str, Cookie]:
        """Return what is kept for a URL's host."""
        kept = self._firefox.do("cookies", visitor=self._number, url=url)
        return named(map(_cookie, kept))


class FirefoxTab:
    """A page of puppeteer's."""

    def __init__(self, firefox: Firefox, number: int) -> None:
        self._firefox = firefox
        self._number = number

    def open(self, url: str) -> None:
        """Go to a page."""
        self._firefox.do("open", tab=self._number, url=url)

    def run(self, script: str) -> Any:
        """Run the body of an async function."""
        return self._firefox.do("run", tab=self._number, script=script)

    def wait_for(self, condition: str) -> None:
        """Wait for an expression to be true."""
        self._firefox.do("waitFor", tab=self._number, condition=condition, patience=PATIENCE)


@contextmanager
def firefox(give_up: Callable[[str], NoReturn], node: Node, folder: Path) -> Iterator[Firefox]:
    """Run a Firefox.

    Args:
        give_up: Skips or fails, with the reason.
        node: What runs the script.
        folder: Where the script and its packages are.
    """
    path = shutil.which("firefox-esr")
    if path is None:
        give_up("there is no Firefox ESR; Debian has it")
    with waiting_for_jobs(node, folder) as scripts:
        browser = Firefox(scripts)
        browser.do("launch", path=path)
        try:
            yield browser
        finally:
            browser.do("close")


def _cookie(kept: Any) -> Cookie:
    return Cookie.of(
        kept,
        same_site=_SAME_SITE.get(str(kept.get("sameSite")).lower(), ""),
        expires=None if kept["expires"] in (-1, None) else kept["expires"],
    )
