"""Sends the tour's requests, prints each with its answer, and judges whether it is right."""

import json
import os
import re
import sys
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlencode

import requests
from werkzeug.datastructures import WWWAuthenticate

_TOKEN = re.compile(r"(eyJ[\w-]{7})[\w-]+\.[\w.-]*")
_COLOURS = {"green": "32", "red": "31;1", "faint": "2", "bold": "1"}
_TIMEOUT = 10  # seconds, for connecting and again for each wait


class Expected(NamedTuple):
    """The right answer.

    Attributes:
        challenge: What the challenge says, but for its realm and description; None where there must
            be none.
        holds: A text that the body must hold.
    """

    status: int
    challenge: dict[str, str] | None = None
    holds: str = ""


class Narrator:
    """Tells a story in requests to one server, and counts the answers that are wrong."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        # No proxy and no .netrc comes between us and our own server.
        self._session.trust_env = False
        self._told = 0
        self._wrong = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.close()

    def chapter(self, title: str) -> None:
        """Begin a part of the story."""
        print(f"\n{_painted(title, 'bold')}")

    def ask(
        self,
        sentence: str,
        request: str,
        expected: Expected,
        *,
        token: str | None = None,
        body: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> requests.Response:
        """Tell one step: send a request, print and judge its answer.

        Args:
            sentence: What happens and why.
            request: The method and the path, such as `GET /notes`.
            expected: The right answer.
            token: Sent as `Authorization: Bearer`.
            body: Sent as JSON.
            form: Sent as a form, as the OAuth endpoints expect it.
        """
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._told += 1
        print(f"\n{self._told:2}. {sentence}")
        _show_request(request, headers, body, form)
        method, path = request.split()
        response = self._session.request(
            method,
            self._url + path,
            headers=headers,
            json=body,
            data=form,
            timeout=_TIMEOUT,
            allow_redirects=False,
        )
        _show_response(response)
        self._judge(_faults(response, expected))
        return response

    def break_off(self, error: Exception) -> None:
        """Stop where the story cannot go on."""
        self._judge([f"the story cannot go on: {_shortened(repr(error))}"])

    def end(self) -> bool:
        """Print how it went; tell whether every answer was right."""
        verdict = f"{self._wrong} wrong" if self._wrong else "every one right"
        colour = "red" if self._wrong else "green"
        print(f"\n{_painted(f'{self._told} answers, {verdict}.', colour)}")
        return not self._wrong

    def _judge(self, faults: list[str]) -> None:
        if faults:
            self._wrong += 1
            print(f"    {_painted('✗ wrong: ' + '; '.join(faults), 'red')}")
        else:
            print(f"    {_painted('✓ right', 'green')}")


def _faults(response: requests.Response, expected: Expected) -> list[str]:
    faults = []
    if response.status_code != expected.status:
        faults.append(f"the status should be {expected.status}")
    if _challenge(response) != expected.challenge:
        faults.append(f"the challenge should say {expected.challenge}")
    if expected.holds not in response.text:
        faults.append(f"the body should hold {expected.holds}")
    return faults


def _challenge(response: requests.Response) -> dict[str, str] | None:
    challenge = WWWAuthenticate.from_header(response.headers.get("WWW-Authenticate"))
    if challenge is None or challenge.type != "bearer":
        return None
    said = challenge.parameters
    return {name: said[name] or "" for name in ("error", "scope", "max_age") if name in said}


def _show_request(
    request: str,
    headers: dict[str, str],
    body: dict[str, str] | None,
    form: dict[str, str] | None,
) -> None:
    lines = [request, *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        hidden = body | {name: "***" for name in body if "password" in name}
        lines.append(json.dumps(hidden))
    if form is not None:
        lines.append(urlencode(form))
    for line in lines:
        print(f"    > {_shortened(line)}")


def _show_response(response: requests.Response) -> None:
    lines = [f"{response.status_code} {response.reason}"]
    if "WWW-Authenticate" in response.headers:
        lines.append(f"WWW-Authenticate: {response.headers['WWW-Authenticate']}")
    for line in (*lines, *response.text.splitlines()):
        print(f"    {_painted(f'< {_shortened(line)}', 'faint')}")


def _shortened(text: str) -> str:
    """Cut tokens, so that none can be copied from a screen or a log."""
    return _TOKEN.sub(r"\1…", text)


def _painted(text: str, colour: str) -> str:
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\033[{_COLOURS[colour]}m{text}\033[0m"
