"""An app that publishes its keys on loopback, and what a reader gets from it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from flask import Flask
from werkzeug.serving import make_server

from flask_tokenguard import TokenGuard, issue_token, public
from flask_tokenguard.cli.commands import tokenguard

AUDIENCE = "notes-api"
# What OpenSSL 3.0 can read, which is Debian's.
BEFORE_ML_DSA = ("RS256", "ES256", "EdDSA", "Ed25519")
ALGORITHMS = (*BEFORE_ML_DSA, "ML-DSA-44")

Member: TypeAlias = dict[str, str]


# Without a repr, which would show a token where a test fails.
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Published:
    """What a reader gets.

    Attributes:
        alg: What our tokens are signed with.
        audience: Who they are for.
        issuer: Who we are, which is our address; our metadata is at the usual place.
        jwks_url: Where our key set is.
        jwks: The key set itself.
        pem: Our public key, as `flask tokenguard jwks` prints it.
        token: As it comes by default, with `iss` and `aud`.
    """

    alg: str
    audience: str = AUDIENCE
    issuer: str
    jwks_url: str
    jwks: dict[str, list[Member]]
    pem: str
    token: str

    @property
    def job(self) -> dict[str, Any]:
        """All of it for a program in another language."""
        return asdict(self)


@contextmanager
def publishing(*keys: dict[str, str], typ: str = "at+jwt", **options: Any) -> Iterator[Published]:
    """Serve an app with keys, and issue a token.

    Args:
        keys: As in TOKENGUARD_KEYS; the first signs.
        typ: The token's.
        options: Those of `issue_token`.
    """
    # The port is known before the app, whose name it is part of.
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    issuer = f"http://127.0.0.1:{server.port}/"
    app = server.app = _app(issuer, typ, keys)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        with app.app_context():
            token = issue_token("ada", scope="notes:read", **options)
        jwks = app.test_client().get("/.well-known/jwks.json").get_json()
        pem = ["jwks", "--format", "pem", "--kid", jwks["keys"][0]["kid"]]
        yield Published(
            alg=keys[0]["alg"],
            issuer=issuer,
            jwks_url=f"{issuer}.well-known/jwks.json",
            jwks=jwks,
            pem=app.test_cli_runner().invoke(tokenguard, pem).stdout,
            token=token,
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _app(issuer: str, typ: str, keys: tuple[dict[str, str], ...]) -> Flask:
    app = Flask(__name__)
    active, *others = keys
    states = [{**active, "state": "active"}, *({**key, "state": "verify-only"} for key in others)]
    settings = {"KEYS": states, "ISSUER": issuer, "AUDIENCE": AUDIENCE, "TYPES": [typ]}
    app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
    TokenGuard(app)

    # Some readers find a key set by OpenID Connect Discovery alone.
    @app.get("/.well-known/openid-configuration")
    @public
    def metadata() -> dict[str, str]:
        return {"issuer": issuer, "jwks_uri": f"{issuer}.well-known/jwks.json"}

    return app
