"""An authorization server made with Authlib: RFC 9068 for two grants, as its pages show."""

from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc.core.grants.util import generate_id_token
from flask import Flask
from joserfc.jwk import KeySet

CLIENT = "app"


class Client(ClientMixin):  # type: ignore[misc] # Authlib has no types
    """A client that may do anything, without a secret."""

    def get_client_id(self) -> str:
        return CLIENT

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_endpoint_auth_method(self, _method: str, _endpoint: str) -> bool:
        return True

    def check_grant_type(self, _grant: str) -> bool:
        return True


class User:
    """Alice."""

    def get_user_id(self) -> str:
        return "alice"


class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):  # type: ignore[misc] # the same
    """A grant of a user."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def authenticate_user(self, _name: str, _password: str) -> User:
        return User()


class ClientGrant(grants.ClientCredentialsGrant):  # type: ignore[misc] # the same
    """A grant of a client itself."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)


class Server:
    """What issues tokens.

    Attributes:
        client: Sends requests to its app.
    """

    def __init__(self, issuer: str, keys: KeySet, *, audience: str | None) -> None:
        self._issuer = issuer
        self._keys = keys

        class Generator(JWTBearerTokenGenerator):  # type: ignore[misc] # the same
            def get_jwks(self) -> Any:
                return keys

            def get_audiences(self, client: Client, user: User | None, scope: str) -> Any:
                return audience or super().get_audiences(client, user, scope)

        app = Flask(__name__)
        server = AuthorizationServer(app, query_client=lambda _id: Client(), save_token=_forget)
        server.register_token_generator("default", Generator(issuer, alg="RS256"))
        server.register_grant(PasswordGrant)
        server.register_grant(ClientGrant)
        app.add_url_rule("/token", view_func=server.create_token_response, methods=["POST"])
        self.client = app.test_client()

    def token(self, grant: str) -> str:
        """Get an access token."""
        form = {"grant_type": grant, "client_id": CLIENT, "scope": "notes:read"}
        answer = self.client.post("/token", data=form | {"username": "a", "password": "b"})
        token: str = answer.get_json()["access_token"]
        return token

    def id_token(self, access: str) -> str:
        """Make the ID token beside an access token, for the same client."""
        token: str = generate_id_token(
            {"access_token": access},
            {"sub": "alice"},
            key=self._keys.keys[0],
            iss=self._issuer,
            aud=[CLIENT],
            nonce="n",
        )
        return token


def _forget(_token: dict[str, Any], _request: object) -> None:
    """Keep nothing."""
