"""PKCS #8: octets -> the values in them, decrypted (RFC 5958, RFC 8018).

`cryptography` decrypts a key and returns the key alone, without the identifier that stands beside
it. So what `rsa_pss` looks for is decrypted here a second time, by the schemes that `cryptography`
reads. It has read the octets before: they are well-formed, and the password is right.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

SEQUENCE = 0x30
_INTEGER = 0x02
_PBES2 = bytes.fromhex("2a864886f70d01050d")
_SHA1_AND_3DES = bytes.fromhex("2a864886f70d010c0103")
_SCRYPT = bytes.fromhex("2b06010401da47040b")
_PRFS = {
    bytes.fromhex("2a864886f70d0207"): "sha1",
    bytes.fromhex("2a864886f70d0208"): "sha224",
    bytes.fromhex("2a864886f70d0209"): "sha256",
    bytes.fromhex("2a864886f70d020a"): "sha384",
    bytes.fromhex("2a864886f70d020b"): "sha512",
}
# In CBC mode, each with the octets of its key.
_CIPHERS = {
    bytes.fromhex("608648016503040102"): (AES, 16),
    bytes.fromhex("608648016503040116"): (AES, 24),
    bytes.fromhex("60864801650304012a"): (AES, 32),
    bytes.fromhex("2a864886f70d0307"): (TripleDES, 24),
}
_SCRYPT_MEMORY = 2**30
_SHA1_BLOCK = 64


class Value(NamedTuple):
    """One value of DER."""

    tag: int
    octets: bytes

    def inside(self) -> Iterator["Value"]:
        """List the values inside."""
        return values(self.octets)


def values(der: bytes) -> Iterator[Value]:
    """List the values that stand one after another (X.690 section 8.1)."""
    while der:
        size, start = der[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(der[2:start])
        yield Value(der[0], der[start : start + size])
        der = der[start + size :]


def decrypt(encrypted: bytes, password: bytes) -> bytes:
    """Decrypt an EncryptedPrivateKeyInfo; the padding stays behind it.

    Raises:
        KeyError: It is encrypted in another way than `cryptography` reads today.
    """
    scheme, data = next(values(encrypted)).inside()
    identifier, parameters = scheme.inside()
    if identifier.octets == _SHA1_AND_3DES:
        salt, iterations = (value.octets for value in parameters.inside())
        key, nonce = (
            _derive_by_pkcs12(password, salt, int.from_bytes(iterations), purpose, size)
            for purpose, size in ((1, 24), (2, 8))
        )
        cipher = Cipher(TripleDES(key), CBC(nonce))
    elif identifier.octets == _PBES2:
        derivation, encryption = parameters.inside()
        name, nonce_value = encryption.inside()
        algorithm, size = _CIPHERS[name.octets]
        cipher = Cipher(algorithm(_derive(derivation, password, size)), CBC(nonce_value.octets))
    else:
        raise KeyError(identifier.octets)
    decryptor = cipher.decryptor()
    return decryptor.update(data.octets) + decryptor.finalize()


def _derive(derivation: Value, password: bytes, size: int) -> bytes:
    identifier, parameters = derivation.inside()
    salt, *further = parameters.inside()
    numbers = [int.from_bytes(value.octets) for value in further if value.tag == _INTEGER]
    if identifier.octets == _SCRYPT:
        n, r, p = numbers[:3]
        return hashlib.scrypt(
            password, salt=salt.octets, n=n, r=r, p=p, dklen=size, maxmem=_SCRYPT_MEMORY
        )
    prfs = [next(value.inside()).octets for value in further if value.tag == SEQUENCE]
    prf = _PRFS[prfs[0]] if prfs else "sha1"
    return hashlib.pbkdf2_hmac(prf, password, salt.octets, numbers[0], dklen=size)


def _derive_by_pkcs12(
    password: bytes, salt: bytes, iterations: int, purpose: int, size: int
) -> bytes:
    """Derive as RFC 7292 appendix B.2 does, with SHA-1."""
    text = (password.decode() + "\0").encode("utf-16-be")
    block = b"".join(_filled(octets) for octets in (salt, text))
    derived = b""
    while True:
        digest = bytes([purpose]) * _SHA1_BLOCK + block
        for _ in range(iterations):
            digest = hashlib.sha1(digest).digest()  # noqa: S324 - the scheme's own
        derived += digest
        if len(derived) >= size:
            return derived[:size]
        addend = int.from_bytes(_filled(digest)[:_SHA1_BLOCK]) + 1
        block = b"".join(
            (
                (int.from_bytes(block[at : at + _SHA1_BLOCK]) + addend) % 2 ** (8 * _SHA1_BLOCK)
            ).to_bytes(_SHA1_BLOCK)
            for at in range(0, len(block), _SHA1_BLOCK)
        )


def _filled(octets: bytes) -> bytes:
    """Repeat octets until they fill up their last block."""
    size = -(-len(octets) // _SHA1_BLOCK) * _SHA1_BLOCK
    return (octets * (size // len(octets) + 1))[:size]
