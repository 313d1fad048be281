"""ML-DSA keys in PKCS #8: the seed, wherever it stands (RFC 9881 section 6).

OpenSSL and Node write the seed and the key that is expanded from it. `cryptography` reads the seed
alone, and refuses both together. So what it has refused is looked at here.
"""

import hashlib
import re
from contextlib import suppress

from ..jose import akp
from ..jose.akp import AkpPrivateKey
from .pkcs8 import decrypt

_IDENTIFIER = rb"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03([\x11-\x13])"
_ANY = re.compile(_IDENTIFIER, re.DOTALL)
_LENGTH = rb"(?:\x82..|\x81.|[\x00-\x7f])"
_PRIVATE = re.compile(
    rb"\x30%b\x02\x01[\x00\x01]\x30\x0b%b\x04%b"
    rb"(?:\x80\x20(?P<seed>.{32})|\x30%b\x04\x20(?P<both>.{32})\x04%b(?P<key>.{128,})|\x04%b)"
    % (_LENGTH, _IDENTIFIER, _LENGTH, _LENGTH, _LENGTH, _LENGTH),
    re.DOTALL,
)
_ALGORITHMS: dict[bytes, str] = dict(
    zip((b"\x11", b"\x12", b"\x13"), akp.PUBLIC_SIZES, strict=True)
)
# An expanded key begins with 64 octets of other things, and then has this hash of the public key
# (FIPS 204 algorithm 24).
_HASH_OF_PUBLIC = slice(64, 128)


def read_private(pkcs8: bytes, password: bytes | None) -> AkpPrivateKey | None:
    """Read a private key by its seed.

    Args:
        pkcs8: The octets, encrypted if there is a password; of any content.
        password: May be wrong.

    Returns:
        The key; None for octets that are no such key, or cannot be decrypted.

    Raises:
        ValueError: The key cannot be used; the message follows "the key".
    """
    if password is not None:
        encrypted, pkcs8 = pkcs8, b""
        # What is no encrypted key, or has another password, fails in many ways.
        with suppress(Exception):
            pkcs8 = decrypt(encrypted, password)
    found = _PRIVATE.match(pkcs8)
    if found is None:
        return None
    alg = _ALGORITHMS[found[1]]
    classes = akp.classes_of(alg)
    seed = found["seed"] or found["both"]
    if seed is None:
        raise ValueError(
            f"is an {alg} key without its seed, by which alone it is read; `flask tokenguard keygen"
            f" --alg {alg} --out FILE` makes one that has it"
        )
    key: AkpPrivateKey = classes.private.from_seed_bytes(seed)
    if found["key"] is not None:
        public = key.public_key().public_bytes_raw()
        if hashlib.shake_256(public).digest(64) != found["key"][_HASH_OF_PUBLIC]:
            raise ValueError(f"is an {alg} key whose seed does not belong to the rest of it")
    return key


def check_usable(der: bytes) -> None:
    """Refuse a public key or certificate that names ML-DSA, where that cannot be used.

    Raises:
        ValueError: It does; the message follows "the key".
    """
    found = _ANY.search(der)
    if found is not None:
        akp.classes_of(_ALGORITHMS[found[1]])
