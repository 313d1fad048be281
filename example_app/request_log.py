"""One line a request for the terminal that serves; never a token."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .tour.exchange import shortened

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LONGEST_PATH = 80


def print_requests(app: "WSGIApplication") -> "WSGIApplication":
    """Wrap an app, so that each answer is printed as it begins.

    Of the address only the path is printed, since a query may hold a secret, and it is printed as
    ASCII, so that nothing that a client sends can speak to the terminal.
    """

    def run(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, *more: Any) -> Callable[[bytes], object]:
            path = ascii(shortened(str(environ.get("PATH_INFO", ""))))[1:-1][:_LONGEST_PATH]
            method = ascii(environ["REQUEST_METHOD"])[1:-1][:10]
            print(f"{time.strftime('%H:%M:%S')}  {status[:3]}  {method:6} {path}", flush=True)
            return start_response(status, *more)

        return app(environ, start)

    return run
