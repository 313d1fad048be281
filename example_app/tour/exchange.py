"""Requests and answers as a reader sees them: in lines, with every token cut."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode

_TOKEN = re.compile(r"(eyJ[\w-]{7})[\w-]+\.[\w.-]*")
_SHOWN_HEADERS = ("WWW-Authenticate", "Location")


class Headers(Protocol):
    """Headers of an answer, of any client: by any case of their names."""

    def get(self, name: str, /) -> str | None:
        """Find a header."""
        ...


class Request(NamedTuple):
    """A request.

    Attributes:
        line: The method and the path, such as `GET /notes`.
        headers: Its headers.
        body: Sent as JSON.
        form: Sent as a form, as the OAuth endpoints expect it.
    """

    line: str
    headers: Mapping[str, str] = {}
    body: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None

    def lines(self) -> list[str]:
        """Write the request for a reader."""
        lines = [self.line, *(f"{name}: {value}" for name, value in self.headers.items())]
        if self.body is not None:
            hidden = {name: "***" for name in self.body if "password" in name}
            lines.append(json.dumps({**self.body, **hidden}))
        if self.form is not None:
            lines.append(urlencode(self.form))
        return [shortened(line) for line in lines]

    def token(self) -> tuple[str, str] | None:
        """Write the header and the claims of the token in `Authorization`, if there is one."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token.count(".") != 2:
            return None
        return json.dumps(members_of(token, 0)), json.dumps(members_of(token))


class Answer(NamedTuple):
    """An answer.

    Attributes:
        status: The status line without the protocol, such as `200 OK`.
        headers: Its headers.
        text: Its body.
    """

    status: str
    headers: Headers
    text: str

    @property
    def code(self) -> int:
        """The status code."""
        return int(self.status[:3])

    def json(self) -> Any:
        """Read the body as JSON."""
        return json.loads(self.text)

    def lines(self) -> list[str]:
        """Write the answer for a reader."""
        lines = (self.status, *self._headers(), *self.text.splitlines())
        return [shortened(line) for line in lines]

    def line(self) -> str:
        """Write the answer in a line that begins with what matters: the status, then why."""
        members = self.json() if self.text.startswith("{") else {}
        error, why = members.get("error"), members.get("error_description")
        body = self.text.strip() if error is None else f"{error}: {why}"
        return shortened("  ".join(filter(None, [self.status, body, *self._headers()])))

    def _headers(self) -> list[str]:
        found = ((name, self.headers.get(name)) for name in _SHOWN_HEADERS)
        return [f"{name}: {value}" for name, value in found if value is not None]


class Exchange(NamedTuple):
    """A step of a story.

    Attributes:
        sentence: What happens and why.
        request: What was sent.
        answer: What came.
        faults: What is wrong with the answer; empty if it is right.
    """

    sentence: str
    request: Request
    answer: Answer
    faults: tuple[str, ...]


Send = Callable[[Request], Answer]


def members_of(token: str, segment: int = 1) -> dict[str, Any]:
    """Read a segment of a token, by default the payload, as anyone can without a key."""
    members: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[segment] + "=="))
    return members


def shortened(text: str) -> str:
    """Cut tokens, so that none can be copied from a screen or a log."""
    return _TOKEN.sub(r"\1…", text)
