"""Results of a form that was sent, for the page that the browser is redirected to.

A page that answers a form itself could be left by the back button, and not be come back to. They
are kept in this process, which the demonstration has one of.
"""

from collections import OrderedDict
from threading import Lock
from typing import Any

from flask import g

_MOST = 100
_results = OrderedDict[tuple[object, ...], dict[str, Any]]()
_lock = Lock()


def keep(page: str, **result: object) -> None:
    """Keep a result of the request's session, in place of the one before."""
    with _lock:
        _results[_key(page)] = result
        while len(_results) > _MOST:
            _results.popitem(last=False)


def find(page: str) -> dict[str, Any]:
    """Find the last result of the request's session; empty if there is none."""
    return _results.get(_key(page), {})


def _key(page: str) -> tuple[object, ...]:
    return g.claims["sub"], g.claims.get("sid"), page
