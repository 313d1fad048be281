"""The journeys of a token through the files: `python -m benchmarks.journeys`.

For each journey: the files of the package that it enters, its calls there, and how often it goes
from one file to another. These counts repeat exactly, so that `tests/test_journeys.py` holds them.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from flask import Flask

import flask_tokenguard
from flask_tokenguard import TokenGuard, issue_token, issue_token_pair, token_required

# How long a secret is looked at to see what it is depends on its letters: 60 calls more or less.
_SECRET = "hV4qZt8mWc2RyXk7NpLs9GdJf3BaUe6T"
_PACKAGE = str(Path(flask_tokenguard.__file__).parent)


class Journey(NamedTuple):
    """What one journey enters.

    Attributes:
        files: Files of the package.
        calls: Calls of functions in them.
        changes: Calls into another file than that of the function before.
    """

    files: int
    calls: int
    changes: int


def follow(step: Callable[[], object]) -> Journey:
    """Take a step, and count what it enters."""
    entered: list[str] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(_PACKAGE):
            entered.append(frame.f_code.co_filename)

    # What is collected on the way belongs to no step.
    gc.collect()
    gc.disable()
    sys.setprofile(note)
    try:
        step()
    finally:
        sys.setprofile(None)
        gc.enable()
    changes = sum(here != before for here, before in zip(entered, [None, *entered], strict=False))
    return Journey(len(set(entered)), len(entered), changes)


def journeys() -> Iterator[tuple[str, Journey]]:
    """Follow each journey, warmed up, with one HS256 secret."""
    app = Flask(__name__)
    app.config["TOKENGUARD_KEY"] = _SECRET
    yield "start-up with one secret", follow(lambda: TokenGuard(app))
    yield from _requests(make_app())
    places = {"TOKENGUARD_TOKEN_LOCATIONS": "header,cookie"}
    yield "the same cookie again", _cookie(make_app(**places))
    yield "rotation", _rotation(make_app(TOKENGUARD_STORAGE_URI="memory://"))


def make_app(**settings: str) -> Flask:
    """Make an app with a guarded view and, where there is a store, the token endpoints."""
    app = Flask(__name__)
    app.config.update(settings, TOKENGUARD_KEY=_SECRET)
    guard = TokenGuard(app)
    app.add_url_rule("/", view_func=token_required(lambda: ""), methods=["GET", "POST"])
    if "TOKENGUARD_STORAGE_URI" in settings:
        app.register_blueprint(guard.token_endpoints())
    return app


def _requests(app: Flask) -> Iterator[tuple[str, Journey]]:
    client = app.test_client()
    with app.app_context():
        tokens = [issue_token("alice") for _ in range(2)]

    def ask(token: str) -> None:
        answer = client.get("/", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.status

    ask(tokens[0])
    yield "a token never seen", follow(lambda: ask(tokens[1]))
    ask(tokens[1])
    yield "the same token again", follow(lambda: ask(tokens[1]))


def _cookie(app: Flask) -> Journey:
    client = app.test_client(use_cookies=False)
    with app.app_context():
        cookie = f"__Host-access_token={issue_token('alice')}"

    def ask() -> None:
        answer = client.post("/", headers={"Cookie": cookie, "Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 200, answer.status

    ask()
    return follow(ask)


def _rotation(app: Flask) -> Journey:
    client = app.test_client()
    with app.app_context():
        token = issue_token_pair("alice")["refresh_token"]

    def rotate() -> None:
        nonlocal token
        answer = client.post("/token", data={"grant_type": "refresh_token", "refresh_token": token})
        assert answer.status_code == 200, answer.status
        token = answer.get_json()["refresh_token"]

    rotate()
    # Once a second the store looks whether its file is still there, which is not the usual way.
    return min(follow(rotate) for _ in range(4))


def main() -> None:
    """Print a row a journey."""
    for name, journey in journeys():
        counts = ", ".join(f"{count} {what}" for what, count in journey._asdict().items())
        print(f"{name}: {counts}")


if __name__ == "__main__":
    main()
