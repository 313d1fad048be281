"""What we hand to readers: good and bad tokens, and keys as `flask tokenguard jwks` writes them."""

import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from flask_tokenguard import TokenGuard, issue_token, issue_token_pair
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.jose.base64url import decode

from ...jose.tokens import encoded
from ..readers.published import BEFORE_ML_DSA

# As the page has them.
ISSUER, AUDIENCE = "https://id.example.com/", "notes-api"
CLIENT_ID = "notes-app"
# The header's `typ`, and what it is called in a row.
TYPES = {"`at+jwt`": "at+jwt", "`JWT`": "JWT", "no `typ`": None}
_SCOPE = "notes:read"
_CLAIMS = {
    "token_use": "access",
    "jid": "ada@localhost",
    "rabbitmq": f"{AUDIENCE}.read:*/* {AUDIENCE}.tag:management",
}


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

    def token(
        self, alg: str, typ: str | None, *, client_id: str | None = CLIENT_ID, **settings: Any
    ) -> str:
        """Issue a token.

        Args:
            alg: Names the key that signs.
            typ: In the header, or None.
            client_id: The client that gets it, or None.
            settings: Others than ours, without their prefix.
        """
        with self._app(alg, typ, **settings).app_context():
            return issue_token("ada", scope=_SCOPE, claims=_CLAIMS, client_id=client_id)

    def forged_tokens(self, alg: str, typ: str | None) -> list[str]:
        """Make tokens that somebody signed who has our public keys and knows where they lie."""
        good = self.token(alg, typ)
        head, _, signature = good.rpartition(".")
        other = signature[:9] + ("A" if signature[9] != "A" else "B") + signature[10:]
        path = self.folder / f"{alg}.pem"
        secrets = [path.read_bytes(), path.read_bytes().strip(), str(path).encode()]
        return [f"{head}.{other}", f"{head}.", *(_with_hmac(good, secret) for secret in secrets)]

    def bad_tokens(self, alg: str, typ: str | None) -> dict[str, str]:
        """Issue what no reader should take, by what is wrong with it."""
        past = TokenGuard(clock=lambda: time.time() - 3600)
        with self._app(alg, typ, past).app_context():
            expired = issue_token("ada", scope=_SCOPE, claims=_CLAIMS)
        stored = self._app(alg, typ, STORAGE_URI="memory://")
        with stored.app_context():
            pair = issue_token_pair("ada", scope=_SCOPE, claims=_CLAIMS)
        return {
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
            for kid in BEFORE_ML_DSA
        ]
        names = {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "CLIENT_ID": CLIENT_ID}
        ours = {"KEYS": keys, "TYPES": [typ], **names, **settings}
        app.config.update({f"TOKENGUARD_{name}": value for name, value in ours.items()})
        (guard or TokenGuard()).init_app(app)
        return app


def _state(is_active: bool) -> str:
    return "active" if is_active else "verify-only"


def _with_hmac(token: str, secret: bytes) -> str:
    """Sign a token's claims with HS256, and its header but for the `alg`."""
    header, payload, _ = token.split(".")
    signing_input = f"{encoded(json.loads(decode(header.encode())) | {'alg': 'HS256'})}.{payload}"
    return f"{signing_input}.{encoded(hmac.digest(secret, signing_input.encode(), 'sha256'))}"
