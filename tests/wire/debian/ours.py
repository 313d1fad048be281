"""What we hand to readers: tokens, good and bad, and our keys as `flask tokenguard jwks` writes them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from flask_tokenguard import TokenGuard, issue_token, issue_token_pair
from flask_tokenguard.cli.commands import tokenguard

from ..readers.published import ALGORITHMS

# As the page has them.
ISSUER, AUDIENCE = "https://id.example.com/", "notes-api"
CLIENT_ID = "notes-app"
# The header's `typ`, and what it is called in a row.
TYPES = {"`at+jwt`": "at+jwt", "`JWT`": "JWT", "no `typ`": None}
_SCOPE = f"notes:read {AUDIENCE}.read:*/* {AUDIENCE}.tag:management"
_CLAIMS = {"jid": "ada@localhost"}


# Without a repr, which would show tokens where a test fails.
@dataclass(frozen=True, slots=True, repr=False)
class Ours:
    """An issuer with a key for each algorithm, which is also the key's `kid`.

    Attributes:
        pems: The private keys.
        folder: Has `{kid}.pem`, `{kid}.jwk` and `jwks.json`.
    """

    pems: Mapping[str, str]
    folder: Path

    def write_keys(self) -> None:
        """Write what readers get, which is the same whichever key signs."""
        runner = self._app("ES256", "JWT").test_cli_runner()
        for form in ("jwks", "jwk", "pem"):
            command = ["jwks", "--format", form, "--out", str(self.folder)]
            answer = runner.invoke(tokenguard, command)
            assert answer.exit_code == 0, answer.output

    def token(self, alg: str, typ: str | None, **settings: Any) -> str:
        """Issue a token.

        Args:
            alg: Names the key that signs.
            typ: In the header, or None.
            settings: Others than ours, without their prefix.
        """
        with self._app(alg, typ, **settings).app_context():
            return issue_token("ada", scope=_SCOPE, claims=_CLAIMS)

    def bad_tokens(self, alg: str, typ: str | None) -> dict[str, str]:
        """Issue what no reader should take, by what is wrong with it."""
        head, _, signature = self.token(alg, typ).rpartition(".")
        forged = signature[:9] + ("A" if signature[9] != "A" else "B") + signature[10:]
        past = TokenGuard(clock=lambda: time.time() - 3600)
        with self._app(alg, typ, past).app_context():
            expired = issue_token("ada", scope=_SCOPE, claims=_CLAIMS)
        with self._app(alg, typ, STORAGE_URI="memory://").app_context():
            pair = issue_token_pair("ada", scope=_SCOPE, claims=_CLAIMS)
        return {
            "forged": f"{head}.{forged}",
            "expired": expired,
            "another issuer": self.token(alg, typ, ISSUER="https://other.example.com/"),
            "another audience": self.token(alg, typ, AUDIENCE="other-api"),
            "refresh token": pair["refresh_token"],
        }

    def _app(
        self, alg: str, typ: str | None, guard: TokenGuard | None = None, **settings: Any
    ) -> Flask:
        app = Flask(__name__)
        keys = [
            {"value": self.pems[kid], "alg": kid, "kid": kid, "state": _state(kid == alg)}
            for kid in ALGORITHMS
        ]
        ours = {"KEYS": keys, "ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "CLIENT_ID": CLIENT_ID}
        ours |= {"TYPES": [typ], **settings}
        app.config.update({f"TOKENGUARD_{name}": value for name, value in ours.items()})
        (guard or TokenGuard()).init_app(app)
        return app


def _state(is_active: bool) -> str:
    return "active" if is_active else "verify-only"
