"""Requests from other sites: fixtures."""

import time
from typing import Any

import pytest
from flask import jsonify

from flask_tokenguard import (
    current_token,
    issue_token_pair,
    set_token_cookies,
    token_required,
    unset_token_cookies,
)

from ...conftest import MakeApp
from ..conftest import ID, Issue, Sign
from ..support import new_view
from .support import METHODS, SETTINGS, Browser


@pytest.fixture
def browser(
    make_app: MakeApp,
    sign: Sign,
    good_claims: dict[str, Any],
    issue: Issue,
    entries: dict[str, Any],
) -> Browser:
    """A browser of an app that takes cookies, its own tokens and those of an issuer."""
    app = make_app(**SETTINGS, ISSUERS={ID: entries[ID]})
    methods = [method for method in METHODS if method != "WEBSOCKET"]

    def add(path: str, view: Any) -> None:
        app.add_url_rule(path, path, view, methods=methods, provide_automatic_options=False)
        app.add_url_rule(path, path, view, methods=["GET"], websocket=True)

    add("/guarded", token_required(new_view()))
    add("/open", lambda: jsonify(current_token.location if current_token else None))
    add("/login", lambda: set_token_cookies(jsonify("in"), issue_token_pair("bob")))
    add("/logout", lambda: unset_token_cookies(jsonify("out")))
    return Browser(
        app,
        expired=sign(good_claims | {"csrf": "the claim", "exp": 1}),
        # A second ahead, lest it is older than the store.
        foreign=issue(csrf="the claim", iat=int(time.time()) + 1)["Authorization"].removeprefix(
            "Bearer "
        ),
    )
