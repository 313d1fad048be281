"""WebKitGTK: Debian's MiniBrowser on a display of its own, driven by selenium."""

import os
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from .visitor import PATIENCE, Cookie, named

_MINI_BROWSER = "*/webkit2gtk-4.*/MiniBrowser"
# What selenium gives a script to call with its value, and what an async function's body needs.
_ASYNC = """
const done = arguments[arguments.length - 1];
(async () => { %s })().then((value) => done({ value }), (error) => done({ error: String(error) }));
"""


class WebKit:
    """Runs a browser for each visitor: a driver has one session, and a session one profile."""

    def __init__(self, webdriver: Any, binary: Path, driver: str, display: str) -> None:
        self._webdriver = webdriver
        self._binary = binary
        self._driver = driver
        self._display = display

    @contextmanager
    def visit(self) -> Iterator["WebKitVisitor"]:
        """Let a visitor come."""
        options = self._webdriver.WebKitGTKOptions()
        options.binary_location = str(self._binary)
        options.add_argument("--automation")
        options.set_capability("acceptInsecureCerts", True)
        environment = {**os.environ, "DISPLAY": self._display}
        service = self._webdriver.WebKitGTKService(
            executable_path=self._driver, env=environment, log_output=subprocess.DEVNULL
        )
        with warnings.catch_warnings():
            # selenium's class for WebKitGTK calls its own base in a way that is deprecated.
            warnings.filterwarnings("ignore", "setting remote_server_addr", DeprecationWarning)
            driver = self._webdriver.WebKitGTK(options=options, service=service)
        driver.set_page_load_timeout(PATIENCE)
        driver.set_script_timeout(PATIENCE)
        try:
            yield WebKitVisitor(driver)
        finally:
            driver.quit()


class WebKitVisitor:
    """A session of WebDriver."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._is_new = True

    def open_tab(self) -> "WebKitTab":
        """Open an empty tab, which is the first one at first."""
        if not self._is_new:
            self._driver.switch_to.new_window("tab")
        self._is_new = False
        return WebKitTab(self._driver, self._driver.current_window_handle)

    def cookies(self, _: str) -> dict[str, Cookie]:
        """Return what is kept for the page of the current tab."""
        return named(map(_cookie, self._driver.get_cookies()))


class WebKitTab:
    """A window of WebDriver's."""

    def __init__(self, driver: Any, handle: str) -> None:
        self._driver = driver
        self._handle = handle

    def open(self, url: str) -> None:
        """Go to a page."""
        self._driver.switch_to.window(self._handle)
        self._driver.get(url)

    def run(self, script: str) -> Any:
        """Run the body of an async function."""
        self._driver.switch_to.window(self._handle)
        answer = self._driver.execute_async_script(_ASYNC % script)
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def wait_for(self, condition: str) -> None:
        """Wait for an expression to be true."""
        wait = import_module("selenium.webdriver.support.wait")
        self._driver.switch_to.window(self._handle)
        wait.WebDriverWait(self._driver, PATIENCE, 0.05).until(
            lambda driver: driver.execute_script(f"return {condition}")
        )


@contextmanager
def webkit(give_up: Callable[[str], NoReturn]) -> Iterator[WebKit]:
    """Have WebKitGTK ready, with a display.

    Args:
        give_up: Skips or fails, with the reason.
    """
    try:
        webdriver = import_module("selenium.webdriver")
    except ImportError:
        give_up("there is no selenium; the extra browser brings it")
    binary = next(Path("/usr/lib").glob(_MINI_BROWSER), None)
    driver, server = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    if binary is None or driver is None or server is None:
        give_up("there is no WebKitWebDriver or no Xvfb; Debian has webkit2gtk-driver and xvfb")
    with display(server) as number:
        yield WebKit(webdriver, binary, driver, number)


@contextmanager
def display(server: str) -> Iterator[str]:
    """Run an X server without a screen, on a number that is free."""
    reading, writing = os.pipe()
    command = [server, "-displayfd", str(writing), "-screen", "0", "1280x800x24"]
    with subprocess.Popen(  # noqa: S603 - Debian's, found on PATH
        [*command, "-nolisten", "tcp"],
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(writing)
        try:
            with os.fdopen(reading) as numbers:
                yield f":{numbers.readline().strip()}"
        finally:
            process.terminate()


def _cookie(kept: Any) -> Cookie:
    return Cookie.of(
        kept,
        same_site=kept.get("sameSite", ""),
        expires=kept.get("expiry"),
    )
