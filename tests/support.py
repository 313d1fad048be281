"""What many tests say, in few words."""

from typing import Any

from werkzeug.test import TestResponse


class SettableClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def bearer(token: str) -> dict[str, str]:
    """Write the headers that carry a token."""
    return {"Authorization": f"Bearer {token}"}


def challenge_of(response: TestResponse) -> str:
    """Read the one challenge of an answer."""
    challenges = response.headers.getlist("WWW-Authenticate")
    assert len(challenges) == 1
    return challenges[0]


Config = dict[str, Any]
