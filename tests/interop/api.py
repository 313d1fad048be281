"""An API that only checks the tokens of one issuer."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask, g
from werkzeug.test import TestResponse

from flask_tokenguard import TokenGuard, token_required
from flask_tokenguard.errors import InvalidToken

from ..support import bearer

AUDIENCE = "notes-api"
_REQUESTS = 40
_THREADS = 4


class Api:
    """An app that trusts an issuer by one entry."""

    def __init__(self, issuer: str, **entry: Any) -> None:
        entry.setdefault("audience", AUDIENCE)
        if not entry.keys() & {"discovery", "metadata_url", "jwks_url", "jwks_file", "keys"}:
            entry["discovery"] = True
        app = Flask(__name__)
        app.config["TOKENGUARD_ISSUERS"] = {issuer: entry}
        app.config["TOKENGUARD_ALLOW_INSECURE_HTTP"] = True
        self._guard = TokenGuard(app)

        @app.get("/claims")
        @token_required
        def claims() -> Any:
            return dict(g.claims)

        @app.get("/names")
        @token_required
        def names() -> Any:
            sets = {"scopes": sorted(g.claims.scopes), "roles": sorted(g.claims.roles)}
            return {"subject": g.claims.subject, "audience": g.claims.audience, **sets}

        @app.get("/notes")
        @token_required(scope="notes:read")
        def notes() -> Any:
            return {"notes of": g.claims.subject}

        @app.delete("/notes")
        @token_required(scope="notes:write")
        def delete_notes() -> Any:
            return "", 204

        self.app = app

    def get(self, token: str, path: str = "/claims") -> TestResponse:
        """Ask for the claims of a token, or for what else there is."""
        return self.app.test_client().get(path, headers=bearer(token))

    def names_of(self, token: str) -> dict[str, Any]:
        """Return what a token that is accepted names: its subject, audience, scopes and roles."""
        answer = self.get(token, "/names")
        assert answer.status_code == 200, answer.get_json()
        names: dict[str, Any] = answer.get_json()
        return names

    def refusal_of(self, token: str) -> InvalidToken | None:
        """Return why a token is refused; None for one that is accepted."""
        try:
            self._guard.verify(token)
        except InvalidToken as error:
            return error
        return None

    def statuses(self, tokens: list[str]) -> set[int]:
        """Send tokens from several threads, again and again, and collect what they get."""
        with ThreadPoolExecutor(_THREADS) as threads:
            answers = threads.map(self.get, tokens * _REQUESTS)
            return {answer.status_code for answer in answers}
