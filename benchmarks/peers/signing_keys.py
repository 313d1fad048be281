"""Keys that are made anew for every run, in the forms in which each peer takes them."""

import secrets
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | mldsa.MLDSA44PrivateKey
)

ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
# No peer has it.
ML_DSA = "ML-DSA-44"

_GENERATORS: dict[str, Callable[[], PrivateKey]] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    ML_DSA: mldsa.MLDSA44PrivateKey.generate,
}


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
