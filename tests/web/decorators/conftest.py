"""What `token_required` is called with: fixtures."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from flask_tokenguard import token_required

from ...conftest import MakeApp
from ..conftest import HeadersWith
from ..support import new_view
from .support import Ask


@pytest.fixture
def ask(make_app: MakeApp, headers_with: HeadersWith) -> Ask:
    """Ask a view with this demand, with a token that has these claims."""

    def ask(demand: dict[str, Any], **claims: Any) -> TestResponse:
        app = make_app()
        app.add_url_rule("/", view_func=token_required(**demand)(new_view()))
        return app.test_client().get("/", headers=headers_with(**claims))

    return ask
