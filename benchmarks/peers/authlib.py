"""Authlib: a `ResourceProtector` with its validator of JWT access tokens (RFC 9068).

Its documentation asks for a method that gives the keys; since 1.7 they are joserfc's, parsed once.
The validator takes no list of algorithms, and joserfc's default leaves EdDSA out. It demands `iss`,
`aud` and `client_id`, so its tokens are our own with those.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from flask import Flask
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from . import ours
from .note import serve_note

if TYPE_CHECKING:
    from .signing_keys import SigningKey

ALGORITHMS = ("HS256", "RS256", "ES256")
ISSUER, AUDIENCE = "https://login.example.com", "https://notes.example.com"
_KEY_TYPES: dict[str, Any] = {"HS256": OctKey, "RS256": RSAKey, "ES256": ECKey}


class _Validator(JWTBearerTokenValidator):  # type: ignore[misc] # Authlib has no types
    def __init__(self, keys: KeySet) -> None:
        super().__init__(issuer=ISSUER, resource_server=AUDIENCE)
        self._keys = keys

    def get_jwks(self) -> KeySet:
        return self._keys


def make_app(key: "SigningKey") -> Flask:
    """Make the app."""
    # Our tokens name their key by its thumbprint, and those of a secret name none.
    public = _KEY_TYPES[key.alg].import_key(key.public_text)
    parameters = {} if key.alg == "HS256" else {"kid": public.thumbprint()}
    keys = KeySet([_KEY_TYPES[key.alg].import_key(key.public_text, parameters)])
    protector = ResourceProtector()
    protector.register_token_validator(_Validator(keys))
    return serve_note(Flask(__name__), protector())


def tokens(key: "SigningKey", subjects: Sequence[str]) -> list[str]:
    """Issue a token for each subject."""
    return ours.tokens(key, subjects, ISSUER=ISSUER, AUDIENCE=AUDIENCE)
