"""Plays: requests that the app sends to itself, to show them with their answers on a page."""

from flask import current_app, request

from ..tour.exchange import Answer, Exchange, Request
from ..tour.narrator import Narrator


class Play:
    """A story of requests to the app that shows it.

    Attributes:
        narrator: Sends them.
        steps: What was sent, and what came.
    """

    def __init__(self) -> None:
        self.steps: list[Exchange] = []
        self.narrator = Narrator(_send, self.steps.append)


def _send(sent: Request) -> Answer:
    method, path = sent.line.split()
    # No cookies but those that a step names.
    client = current_app.test_client(use_cookies=False)
    response = client.open(
        path,
        method=method,
        base_url=request.host_url,
        headers=dict(sent.headers),
        json=sent.body,
        data=sent.form,
    )
    return Answer(response.status, response.headers, response.get_data(as_text=True))
