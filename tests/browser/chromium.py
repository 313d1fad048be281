"""Chromium: Debian's, driven by Playwright.

Playwright's own thread keeps its event loop away from tests that run one.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NoReturn, TypeVar

from .visitor import PATIENCE, Cookie, named

T = TypeVar("T")
_ARGUMENTS = ("--no-sandbox",)  # It is root's where CI runs.


class Chromium:
    """A Chromium that runs."""

    def __init__(self, browser: Any, call: Callable[[Callable[[], Any]], Any]) -> None:
        self._browser = browser
        self.call = call

    @contextmanager
    def visit(self, **options: Any) -> Iterator["ChromiumVisitor"]:
        """Let a visitor come; options are Playwright's."""
        context = self.call(lambda: self._browser.new_context(ignore_https_errors=True, **options))
        try:
            yield ChromiumVisitor(context, self.call)
        finally:
            self.call(context.close)


class ChromiumVisitor:
    """A context of Playwright's."""

    def __init__(self, context: Any, call: Callable[[Callable[[], Any]], Any]) -> None:
        self._context = context
        self._call = call

    def open_tab(self) -> "ChromiumTab":
        """Open an empty tab."""
        return ChromiumTab(self._call(self._open), self._call)

    def cookies(self, url: str) -> dict[str, Cookie]:
        """Return what is kept for a URL."""
        return named(map(_cookie, self._call(lambda: self._context.cookies(url))))

    def _open(self) -> Any:
        page = self._context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        return page


class ChromiumTab:
    """A page of Playwright's.

    Attributes:
        errors: What the console and the page's scripts named as errors; a violation of the
            Content-Security-Policy is one.
    """

    def __init__(self, page: Any, call: Callable[[Callable[[], Any]], Any]) -> None:
        self._page = page
        self._call = call
        self.errors: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, url: str) -> None:
        """Go to a page."""
        self._call(lambda: self._page.goto(url))

    def run(self, script: str) -> Any:
        """Run the body of an async function."""
        return self._call(lambda: self._page.evaluate(f"async () => {{ {script} }}"))

    def wait_for(self, condition: str) -> None:
        """Wait for an expression to be true."""
        self._call(lambda: self._page.wait_for_function(f"() => {condition}"))

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)


@contextmanager
def chromium(
    give_up: Callable[[str], NoReturn], leave_out: Sequence[str] = ()
) -> Iterator[Chromium]:
    """Run a Chromium.

    Args:
        give_up: Skips or fails, with the reason.
        leave_out: Arguments of Playwright's own that it is not given.
    """
    try:
        api = import_module("playwright.sync_api")
    except ImportError:
        give_up("there is no Playwright; the extra browser brings it")
    path = shutil.which("chromium")
    if path is None:
        give_up("there is no Chromium; Debian has it")
    with ThreadPoolExecutor(1) as thread:

        def call(do: Callable[[], T]) -> T:
            return thread.submit(do).result()

        playwright = call(lambda: api.sync_playwright().start())
        browser = call(
            lambda: playwright.chromium.launch(
                executable_path=path, args=_ARGUMENTS, ignore_default_args=list(leave_out)
            )
        )
        try:
            yield Chromium(browser, call)
        finally:
            call(browser.close)
            call(playwright.stop)


def _cookie(kept: Any) -> Cookie:
    return Cookie.of(
        kept,
        same_site=kept["sameSite"],
        expires=None if kept["expires"] == -1 else kept["expires"],
    )
