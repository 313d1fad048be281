"""The apps that are compared, on the same keys: bare Flask, this project, flask-jwt-extended.

Each is configured as its own documentation says. A key is made anew for every run.
"""

import secrets
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, jwt_required

from flask_tokenguard import TokenGuard, issue_token, token_required

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
View: TypeAlias = Callable[[], str]

PATH = "/note"
ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")

_GENERATORS: dict[str, Callable[[], PrivateKey]] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}
_SUBJECT = "user-1729"
_SCOPE = "notes:read notes:write"
_OWN_CLAIMS = {"role": "editor"}


class SigningKey(NamedTuple):
    """A key for one algorithm: a secret, or a pair."""

    alg: str
    secret_or_private: str | PrivateKey

    @classmethod
    def generate(cls, alg: str) -> "SigningKey":
        """Make a new one."""
        generate = _GENERATORS.get(alg)
        return cls(alg, secrets.token_urlsafe(48) if generate is None else generate())

    @property
    def text(self) -> str:
        """The secret, or the private key as PEM."""
        return self._private_text(NoEncryption())

    def encrypted_text(self, password: str) -> str:
        """Write the private key as PEM that a password opens."""
        return self._private_text(BestAvailableEncryption(password.encode()))

    @property
    def public_text(self) -> str:
        """The secret, or the public key as PEM."""
        if isinstance(self.secret_or_private, str):
            return self.secret_or_private
        public = self.secret_or_private.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def _private_text(self, encryption: KeySerializationEncryption) -> str:
        if isinstance(self.secret_or_private, str):
            return self.secret_or_private
        pem = self.secret_or_private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        return pem.decode()


def bare_app() -> Flask:
    """Make an app that has no extension and an open route."""
    return _serve_note(Flask(__name__), lambda view: view)


def our_app(**settings: str) -> Flask:
    """Make an app with the same route, guarded by this project."""
    app = Flask(__name__)
    app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
    TokenGuard(app)
    return _serve_note(app, token_required)


def their_app(key: SigningKey) -> Flask:
    """Make an app with the same route, guarded by flask-jwt-extended."""
    app = Flask(__name__)
    if isinstance(key.secret_or_private, str):
        app.config["JWT_SECRET_KEY"] = key.secret_or_private
    else:
        app.config["JWT_ALGORITHM"] = key.alg
        app.config["JWT_PRIVATE_KEY"] = key.text
        app.config["JWT_PUBLIC_KEY"] = key.public_text
    JWTManager(app)
    return _serve_note(app, jwt_required())


def issue_ours() -> str:
    """Issue a token in the context of an app of ours."""
    return issue_token(_SUBJECT, scope=_SCOPE, claims=_OWN_CLAIMS)


def issue_theirs() -> str:
    """Issue a token that says the same, in the context of an app of theirs."""
    token: str = create_access_token(_SUBJECT, additional_claims={"scope": _SCOPE, **_OWN_CLAIMS})
    return token


def our_tokens(key: SigningKey, count: int) -> list[str]:
    """Issue many distinct tokens."""
    with our_app(KEY=key.text).app_context():
        return [issue_ours() for _ in range(count)]


def their_tokens(key: SigningKey, count: int) -> list[str]:
    """Issue many distinct tokens, with a key that is parsed only once to save our time."""
    app = their_app(key)
    app.config["JWT_PRIVATE_KEY"] = key.secret_or_private
    with app.app_context():
        return [issue_theirs() for _ in range(count)]


def _serve_note(app: Flask, guard: Callable[[View], View]) -> Flask:
    @app.get(PATH)
    @guard
    def note() -> str:
        return "Milk, bread, a pound of flour."

    return app
