"""Instants and devices in words."""

import time
from datetime import UTC, datetime

_BROWSERS = {
    "Edg/": "Edge",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
    "Werkzeug/": "A test client",
    "curl/": "curl",
}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "an iPhone",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def device(origin: str) -> str:
    """Name the browser and the system of a user agent; another text is its own name."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in origin), origin)
    system = next((f" on {name}" for mark, name in _SYSTEMS.items() if mark in origin), "")
    return f"{browser}{system}" or "An unnamed device"


def in_words(instant: float | datetime | None) -> str:
    """Write how far away an instant is, and when it is in UTC.

    Args:
        instant: A datetime, seconds since the epoch, or None for one that no calendar has.
    """
    if instant is None:
        return "out of range"
    seconds = instant.timestamp() if isinstance(instant, datetime) else instant
    return f"{distance(seconds)} ({datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC)"


def seconds_left(instant: float) -> int:
    """Return how many seconds an instant lies ahead, at least 0."""
    return max(0, int(instant - time.time()))


def distance(instant: float | datetime) -> str:
    """Write how far away an instant is."""
    seconds = instant.timestamp() if isinstance(instant, datetime) else instant
    ahead = seconds - time.time()
    noun, size = next((unit for unit in _UNITS if abs(ahead) >= 2 * unit[1]), _UNITS[-1])
    number = round(abs(ahead) / size)
    amount = f"{number} {noun}" if number == 1 else f"{number} {noun}s"
    if number == 0:
        return "now"
    return f"in {amount}" if ahead > 0 else f"{amount} ago"
