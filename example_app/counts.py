"""Counts of accepted and refused tokens, kept from the guard's signals in this process."""

from collections import Counter
from threading import Lock
from typing import Any

from flask import Flask

from flask_tokenguard import Reason, VerifiedToken, token_accepted, token_rejected

EXTENSION = "counts"


class Counts:
    """Listens to an app's signals and counts."""

    def __init__(self, app: Flask) -> None:
        self._lock = Lock()
        self._counter = Counter[str]()
        # A signal keeps its receivers weakly; the app keeps this one.
        app.extensions[EXTENSION] = self
        token_accepted.connect(self._accept, sender=app)
        token_rejected.connect(self._reject, sender=app)

    def by_reason(self) -> list[tuple[str, int]]:
        """List what was counted, the most frequent first: `accepted`, or a reason."""
        with self._lock:
            return self._counter.most_common()

    def _accept(self, _sender: Flask, *, token: VerifiedToken) -> None:
        del token
        self._count("accepted")

    def _reject(self, _sender: Flask, *, reason: Reason, refused: bool, **_more: Any) -> None:
        # On an open route a bad token is as good as none.
        self._count(str(reason) if refused else f"{reason} (open route)")

    def _count(self, name: str) -> None:
        with self._lock:
            self._counter[name] += 1
