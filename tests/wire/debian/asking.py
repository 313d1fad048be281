"""Asking a reader about a token."""

from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from typing import TypeAlias

# The algorithm and the token -> the user's name, or None where the token is refused.
Ask: TypeAlias = Callable[[str, str], str | None]


def get(port: int, path: str, token: str) -> tuple[int, bytes]:
    """Send a token, and return the status and the body."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
