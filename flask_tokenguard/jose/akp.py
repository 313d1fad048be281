"""AKP keys: ML-DSA, where the installed `cryptography` has it (RFC 9964, FIPS 204).

Older versions have no such module, or one whose keys cannot be made: 47 as PyPI has it. So a key
is tried, once, when the first of these keys is met. Nothing is loaded for an app without one.
"""

from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm

# An app with a secret needs none of it, and it is a tenth of what our import takes.
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        KeySerializationEncryption,
        PrivateFormat,
        PublicFormat,
    )

# The octets of a public key (FIPS 204 table 2); a private one is the seed.
PUBLIC_SIZES = {"ML-DSA-44": 1312, "ML-DSA-65": 1952, "ML-DSA-87": 2592}
SEED_SIZE = 32
NOT_USABLE = "which the installed cryptography cannot do; type `pip install 'cryptography>=48'`"


class AkpPublicKey(ABC):
    """What the public keys of the three parameter sets have in common."""

    @abstractmethod
    def verify(self, signature: bytes, data: bytes) -> None:
        """Raise `InvalidSignature` unless the key made it."""

    @abstractmethod
    def public_bytes(self, encoding: "Encoding", format: "PublicFormat") -> bytes:  # noqa: A002 - its name there
        """Write the key."""

    @abstractmethod
    def public_bytes_raw(self) -> bytes:
        """Write the octets of FIPS 204 alone."""


class AkpPrivateKey(ABC):
    """What the private keys of the three parameter sets have in common."""

    @abstractmethod
    def public_key(self) -> AkpPublicKey:
        """Derive the public key."""

    @abstractmethod
    def sign(self, data: bytes) -> bytes:
        """Sign, with the empty context that RFC 9964 section 4 demands."""

    @abstractmethod
    def private_bytes(
        self,
        encoding: "Encoding",
        format: "PrivateFormat",  # noqa: A002 - its name there
        encryption_algorithm: "KeySerializationEncryption",
    ) -> bytes:
        """Write the key."""

    @abstractmethod
    def private_bytes_raw(self) -> bytes:
        """Write the seed."""


class AkpClasses(NamedTuple):
    """The two classes of `cryptography` for one algorithm."""

    private: Any
    public: Any


@cache
def _usable() -> dict[str, AkpClasses]:
    """List the classes by algorithm, none where they cannot be used."""
    try:
        from cryptography.hazmat.primitives.asymmetric import mldsa  # noqa: PLC0415 - not in all

        mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(SEED_SIZE))
    except (ImportError, UnsupportedAlgorithm):
        return {}
    classes = {
        "ML-DSA-44": AkpClasses(mldsa.MLDSA44PrivateKey, mldsa.MLDSA44PublicKey),
        "ML-DSA-65": AkpClasses(mldsa.MLDSA65PrivateKey, mldsa.MLDSA65PublicKey),
        "ML-DSA-87": AkpClasses(mldsa.MLDSA87PrivateKey, mldsa.MLDSA87PublicKey),
    }
    for private, public in classes.values():
        AkpPrivateKey.register(private)
        AkpPublicKey.register(public)
    return classes


def is_usable() -> bool:
    """Return whether the installed `cryptography` signs and verifies by ML-DSA."""
    return bool(_usable())


def classes_of(alg: str) -> AkpClasses:
    """Look up the classes of one algorithm.

    Raises:
        ValueError: It is none of RFC 9964, or cannot be used; the message follows "the key".
    """
    if alg not in PUBLIC_SIZES:
        raise ValueError(f"has an alg other than {', '.join(PUBLIC_SIZES)}")
    if not is_usable():
        raise ValueError(f"is for {alg}, {NOT_USABLE}")
    return _usable()[alg]


def generate(alg: str) -> AkpPrivateKey:
    """Make a new key for one of the algorithms.

    Raises:
        ValueError: It cannot be used.
    """
    if not is_usable():
        raise ValueError(f"{alg} is an algorithm {NOT_USABLE}")
    key: AkpPrivateKey = _usable()[alg].private.generate()
    return key


def algorithm_of(key: object) -> str | None:
    """Return the algorithm of a key; None for a key of another kind."""
    for alg, classes in _usable().items():
        if isinstance(key, classes):
            return alg
    return None
