"""What the hook and the wrapper see of a demand: what the tests share."""

from flask.testing import FlaskClient

from ..support import MISSING, refusal_of

REACHED = "reached"


def _refused_by_hook(client: FlaskClient, path: str = "/", method: str = "GET") -> bool:
    response = client.open(path, method=method)
    return refusal_of(response) == MISSING and response.headers["X-Hook"] != REACHED


def _refused_by_wrapper(client: FlaskClient, path: str = "/", method: str = "GET") -> bool:
    response = client.open(path, method=method)
    return refusal_of(response) == MISSING and response.headers["X-Hook"] == REACHED
