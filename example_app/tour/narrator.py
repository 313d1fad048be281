"""Narrator: sends a story's requests, and judges whether each answer is right."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from werkzeug.datastructures import WWWAuthenticate

from .exchange import Answer, Exchange, Request, Send


class Expected(NamedTuple):
    """The right answer.

    Attributes:
        code: Its status code.
        challenge: What the challenge states, but for its realm and description; None where there
            must be none.
        holds: A text that the body must hold.
    """

    code: int
    challenge: dict[str, str] | None = None
    holds: str = ""


class Narrator:
    """Sends the requests of a story and judges the answers."""

    def __init__(
        self,
        send: Send,
        show: Callable[[Exchange], None],
        begin: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Take the ways out.

        Args:
            send: Sends a request.
            show: Shows a step.
            begin: Shows the title of a chapter.
        """
        self._send = send
        self._show = show
        self.chapter = begin

    def ask(
        self,
        sentence: str,
        line: str,
        expected: Expected,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Take one step: send a request, judge its answer and show both.

        Args:
            sentence: What happens and why.
            line: The method and the path, such as `GET /notes`.
            expected: The right answer.
            token: Sent as `Authorization: Bearer`.
            headers: Sent besides.
            body: Sent as JSON.
            form: Sent as a form.
        """
        credential = {} if token is None else {"Authorization": f"Bearer {token}"}
        request = Request(line, {**credential, **(headers or {})}, body, form)
        answer = self._send(request)
        self._show(Exchange(sentence, request, answer, tuple(_faults(answer, expected))))
        return answer


def _faults(answer: Answer, expected: Expected) -> list[str]:
    faults = []
    if answer.code != expected.code:
        faults.append(f"the status should be {expected.code}")
    if _challenge(answer) != expected.challenge:
        faults.append(f"the challenge should be {expected.challenge}")
    if expected.holds not in answer.text:
        faults.append(f"the body should hold {expected.holds}")
    return faults


def _challenge(answer: Answer) -> dict[str, str] | None:
    challenge = WWWAuthenticate.from_header(answer.headers.get("WWW-Authenticate"))
    if challenge is None or challenge.type != "bearer":
        return None
    found = challenge.parameters
    return {name: found[name] or "" for name in ("error", "scope", "max_age") if name in found}
