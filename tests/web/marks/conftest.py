"""What the hook and the wrapper see of a demand: fixtures."""

from typing import Any

import pytest
from flask import Flask, g

from ...conftest import MakeApp
from .support import REACHED


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """An app whose own hook notes in an answer's header that the request came that far."""
    app = make_app()

    @app.before_request
    def note() -> None:
        g.reached = REACHED

    @app.after_request
    def tell(response: Any) -> Any:
        response.headers["X-Hook"] = g.get("reached", "not reached")
        return response

    return app
