"""An app as it was: its tokens are those of the real flask-jwt-extended."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from flask import Flask, jsonify
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    jwt_required,
)
from jwt.warnings import InsecureKeyLengthWarning

from ..support import bearer

SHORT_SECRET = "tiny-but-ours"
PROFILE = "flask-jwt-extended"


@contextmanager
def short_secrets() -> Iterator[None]:
    """Let PyJWT take a short secret without a word, as it did for years."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureKeyLengthWarning)
        yield


class FormerApp:
    """An app that flask-jwt-extended guards.

    Attributes:
        revoked: The `jti` of each token in its blocklist.
    """

    def __init__(self, secret: str = SHORT_SECRET, **config: Any) -> None:
        self.app = app = Flask("former")
        app.config.update(JWT_SECRET_KEY=secret)
        app.config.update({f"JWT_{name}": value for name, value in config.items()})
        self.revoked: set[str] = set()
        manager = JWTManager(app)
        manager.token_in_blocklist_loader(lambda _, payload: payload["jti"] in self.revoked)
        for path, options in (("/claims", {}), ("/fresh", {"fresh": True})):
            self._add(path, **options)
        self._add("/refresh", refresh=True)

    def _add(self, path: str, **options: Any) -> None:
        view: Callable[[], Any] = lambda: jsonify(get_jwt())  # noqa: E731 - decorated below
        self.app.add_url_rule(path, path, jwt_required(**options)(view))

    def access(self, identity: Any = "alice", **options: Any) -> str:
        """Issue an access token."""
        with self.app.app_context(), short_secrets():
            return str(create_access_token(identity, **options))

    def refresh(self, identity: Any = "alice", **options: Any) -> str:
        """Issue a refresh token, for an hour."""
        options = {"expires_delta": timedelta(hours=1)} | options
        with self.app.app_context(), short_secrets():
            return str(create_refresh_token(identity, **options))

    def accepts(self, token: str, path: str = "/claims") -> bool:
        """Return whether a view of the app serves a token."""
        with short_secrets():
            return self.app.test_client().get(path, headers=bearer(token)).status_code == 200
