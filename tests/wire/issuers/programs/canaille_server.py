"""canaille in memory, with a user, a client, and a door that logs the user in.

Run as `python canaille_server.py PORT`.
"""

import secrets
import sys
from datetime import UTC, datetime

from canaille import create_app
from canaille.app import models
from canaille.app.session import login_user
from canaille.backends import Backend
from flask import Flask
from werkzeug.serving import make_server

PASSWORD = "correct horse battery staple"
CALLBACK = "https://client.example.org/callback"


def new_app(port: int) -> Flask:
    """Make the app, as its pages on installation show."""
    app: Flask = create_app(
        config={
            "SECRET_KEY": secrets.token_hex(),
            "SERVER_NAME": f"127.0.0.1:{port}",
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False},
            "CANAILLE_OIDC": {"TRUSTED_DOMAINS": ["client.example.org"]},
        },
        env_file=None,
    )

    @app.get("/log-in")
    def log_in() -> str:
        login_user(Backend.instance.get(models.User, user_name="alice"))
        return ""

    return app


def fill() -> None:
    """Make the user and the client, which is made in code, not by its pages."""
    alice = models.User(
        user_name="alice",
        family_name="Liddell",
        formatted_name="Alice Liddell",
        emails=["alice@example.org"],
        password=PASSWORD,
    )
    Backend.instance.save(alice)
    client = models.Client(
        client_id="app",
        client_id_issued_at=datetime.now(UTC),
        client_name="app",
        client_uri="https://client.example.org",
        redirect_uris=[CALLBACK],
        grant_types=["authorization_code", "password", "client_credentials", "refresh_token"],
        response_types=["code", "token", "id_token", "code id_token"],
        scope=["openid", "profile", "email"],
        token_endpoint_auth_method="none",
    )
    Backend.instance.save(client)
    # As its pages for administrators do; an API would be a client too, and an audience of others.
    client.audience = [client]
    Backend.instance.save(client)


if __name__ == "__main__":
    port = int(sys.argv[1])
    app = new_app(port)
    with app.app_context():
        fill()
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()
