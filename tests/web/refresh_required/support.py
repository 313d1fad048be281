"""`refresh_required`: what the tests share."""

from functools import wraps
from typing import Any

from flask import Flask

from flask_tokenguard import (
    issue_token_pair,
    refresh_required,
    refresh_token_pair,
)

from ..support import View

Pair = dict[str, Any]
Body = dict[str, Any]


def rotate() -> Any:
    """Rotate; bare, so that each use decorates a function of its own."""
    return dict(refresh_token_pair())


def new_rotation() -> View:
    """Make a marked view of its own."""

    def view() -> Any:
        return rotate()

    return refresh_required(view)


def catching_all(view: View) -> View:
    """Make a server error of whatever a view raises."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except Exception:  # noqa: BLE001 - as an app may do it
            return "caught", 500

    return wrapper


def log_in(app: Flask) -> Pair:
    with app.app_context():
        return dict(issue_token_pair("alice", scope="read write"))


def body_of(pair: Pair, **parameters: Any) -> Body:
    return {"refresh_token": pair["refresh_token"], **parameters}
