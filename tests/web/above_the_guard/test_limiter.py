"""What stands above a guard: Flask-Limiter."""

from flask import Flask
from flask_limiter import Limiter

from flask_tokenguard import token_required

from ..conftest import Headers
from ..support import MISSING, new_view, refusal_of


def test_refused_requests_use_up_no_limit(plain_app: Flask, headers: Headers) -> None:
    limiter = Limiter(lambda: "everybody", app=plain_app, storage_uri="memory://")
    view = limiter.limit("1 per hour")(token_required(new_view()))
    plain_app.add_url_rule("/notes", view_func=view)
    client = plain_app.test_client()
    assert [refusal_of(client.get("/notes")) for _ in range(2)] == [MISSING, MISSING]
    assert client.get("/notes", headers=headers).text == "served"
    assert client.get("/notes", headers=headers).status_code == 429
