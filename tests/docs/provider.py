"""An OpenID provider on loopback with one user and one API, for the pages that sign in there."""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from flask import Flask, abort, redirect, request
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.serving import make_server

CLIENT = "files"
FILES = ["notes.txt", "plan.txt"]


class Provider:
    """What the provider did, and where it is.

    Attributes:
        url: Its issuer.
        client_secret: What its one client has.
        lifetime: Of its access tokens, in seconds.
        accepted: The access token that its API takes, and what it took before.
        refreshes: How often one was refreshed.
        is_over: Whether its session with the user has ended.
    """

    def __init__(self) -> None:
        self.url = ""
        self.client_secret = secrets.token_urlsafe()
        self.lifetime = 300
        self.accepted: list[str] = []
        self.refreshes = 0
        self.is_over = False
        self._key = ECKey.generate_key("P-256")
        self._codes: dict[str, Any] = {}
        self._refresh_token = secrets.token_urlsafe()

    def app(self) -> Flask:
        """Make its app."""
        app = Flask(__name__)
        app.add_url_rule("/.well-known/openid-configuration", "metadata", self._metadata)
        app.add_url_rule("/keys", "keys", lambda: {"keys": [self._key.as_dict(private=False)]})
        app.add_url_rule("/authorize", "authorize", self._authorize)
        app.add_url_rule("/token", "token", self._token, methods=["POST"])
        app.add_url_rule("/files", "files", self._files)
        return app

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "end_session_endpoint": f"{self.url}/logout",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    def _authorize(self) -> Any:
        """Let alice in, without a question."""
        asked = request.args
        assert (asked["client_id"], asked["code_challenge_method"]) == (CLIENT, "S256")
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return redirect(f"{asked['redirect_uri']}?{back}")

    def _token(self) -> Any:
        client = request.authorization
        if client is None or client.password != self.client_secret:
            abort(401)
        if request.form["grant_type"] == "refresh_token":
            if self.is_over or request.form["refresh_token"] != self._refresh_token:
                return {"error": "invalid_grant"}, 400
            self.refreshes += 1
            return self._pair()
        asked = self._codes.pop(request.form["code"])
        digest = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert challenge == asked["code_challenge"]
        id_token = self._id_token(asked["nonce"])
        return self._pair() | {"refresh_token": self._refresh_token, "id_token": id_token}

    def _pair(self) -> dict[str, Any]:
        self.accepted.append(secrets.token_urlsafe())
        return {
            "access_token": self.accepted[-1],
            "token_type": "Bearer",
            "expires_in": self.lifetime,
        }

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": nonce}
        claims |= {"sub": "8f14e45f", "name": "Alice"}
        header = {"alg": "ES256", "kid": self._key.thumbprint()}
        return jwt.encode(header, claims, self._key)

    def _files(self) -> Any:
        if request.headers.get("Authorization") != f"Bearer {self.accepted[-1]}":
            abort(401)
        return FILES


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Serve the provider until it is left."""
    provider = Provider()
    server = make_server("127.0.0.1", 0, provider.app(), threaded=True)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
