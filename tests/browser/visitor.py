"""Visitors: what a test does in any of the browsers."""

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

# In seconds: for a page, an answer, a condition.
PATIENCE = 20


class Cookie(NamedTuple):
    """A cookie as the browser has kept it.

    Attributes:
        domain: A host; with a dot before it also those below it.
        expires: In seconds since the epoch; None for one that ends with the browser.
    """

    name: str
    value: str
    domain: str
    path: str
    secure: bool
    http_only: bool
    same_site: str
    expires: float | None

    @classmethod
    def of(cls, kept: Any, *, same_site: str, expires: float | None) -> "Cookie":
        """Read what every browser writes alike; the rest differs."""
        return cls(
            kept["name"],
            kept["value"],
            kept["domain"],
            kept["path"],
            kept["secure"],
            kept["httpOnly"],
            same_site,
            expires,
        )


class Tab(Protocol):
    """A tab of a visitor."""

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is there."""
        ...

    def run(self, script: str) -> Any:
        """Run the body of an async function in the page, and return what it returns."""
        ...

    def wait_for(self, condition: str) -> None:
        """Wait until an expression is true in the page, or in one that follows it."""
        ...


class Visitor(Protocol):
    """A person with cookies of their own."""

    def open_tab(self) -> Tab:
        """Open an empty tab."""
        ...

    def cookies(self, url: str) -> dict[str, Cookie]:
        """Return, by name, what the browser keeps for a site, which a tab may have to be at."""
        ...


class Browser(Protocol):
    """A browser that runs."""

    def visit(self) -> AbstractContextManager[Visitor]:
        """Let a visitor come, whose cookies are gone when they leave."""
        ...


def named(cookies: Iterable[Cookie]) -> dict[str, Cookie]:
    """Find cookies by their names."""
    return {cookie.name: cookie for cookie in cookies}


def post(path: str, **fields: str) -> str:
    """Write the script of a page's own request, which returns the answer's status."""
    body = f"new URLSearchParams({json.dumps(fields)})"
    return f"return (await fetch({json.dumps(path)}, {{method: 'POST', body: {body}}})).status"


def get(path: str) -> str:
    """Write the script of a page's own request, which returns the answer's status."""
    return f"return (await fetch({json.dumps(path)})).status"


def submit(form: int = 0) -> str:
    """Write a script that submits a form of the page, once the script has returned."""
    return f"setTimeout(() => document.forms[{form}].submit())"


def shows(title: str) -> str:
    """Write the condition that a page is there."""
    return f"document.title === {json.dumps(title)} && document.readyState === 'complete'"
