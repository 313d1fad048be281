"""Signals, by blinker: the sender is the app, and the token is never sent.

A receiver listens, and decides nothing: one that raises is logged, and the answer goes out.

Attributes:
    token_issued: With `claims`, the dict that was signed.
    token_accepted: With `token`, the `VerifiedToken`.
    token_rejected: With `error`, the `Rejected` or `Unavailable`; its `reason`; `refused`, whether
        the request was refused for it, or the route was open; and for counting the `issuer` and
        `kid` of the error, and the request's `endpoint`, each of which may be None. No value of the
        four can be chosen by a client.
    refresh_reused: With `subject`, which is ours, `sid`, `successor_age` and `successor_used`, as
        `RefreshReused` has them: a refresh token came twice, and its session has ended.
"""

import logging
from collections.abc import Callable
from traceback import extract_tb
from typing import Any, Protocol

from blinker import NamedSignal, Namespace

_logger = logging.getLogger("flask_tokenguard")
_signals = Namespace()

token_issued = _signals.signal("token-issued")
token_accepted = _signals.signal("token-accepted")
token_rejected = _signals.signal("token-rejected")
refresh_reused = _signals.signal("refresh-reused")


class Sender(Protocol):
    """What sends: a Flask app, which knows how to run a receiver that is async."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Make a function sync."""
        ...


def send(signal: NamedSignal, sender: Sender, **members: Any) -> None:
    """Send a signal to each of its receivers, also where another one raises.

    By then a token may be spent or a session ended: an error would hide that from the client. The
    log names the place, and never the error's text, which may quote the request.
    """
    if signal.is_muted:
        return
    for receiver in signal.receivers_for(sender):
        try:
            sender.ensure_sync(receiver)(sender, **members)
        except Exception as error:  # noqa: BLE001 - whatever a receiver does
            log_raised(f"a receiver of the signal {signal.name}", error)


def log_raised(what: str, error: Exception) -> None:
    """Log what a function of the app's raised, by type and place: its text may quote a token."""
    place = extract_tb(error.__traceback__)[-1]
    _logger.error(
        "%s raised %s in %s, line %s", what, type(error).__name__, place.filename, place.lineno
    )
