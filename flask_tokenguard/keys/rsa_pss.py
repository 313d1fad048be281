"""RSASSA-PSS keys: the algorithms that the owner of one admits (RFC 4055 section 3.1).

Such a key is an RSA key whose identifier forbids any other use; its parameters, where it has some,
forbid any other hash. `cryptography` reads it as an ordinary RSA key and forgets both, so that its
octets are looked at here. They were read by `cryptography` before, and are well-formed.
"""

from .pkcs8 import SEQUENCE, Value, decrypt, values

_RSASSA_PSS = bytes.fromhex("2a864886f70d01010a")
_MGF1 = bytes.fromhex("2a864886f70d010108")
# Each hash with its algorithm and the octets of that one's salt (RFC 7518 section 3.5).
_HASHES = {
    bytes.fromhex("608648016503040201"): ("PS256", 32),
    bytes.fromhex("608648016503040202"): ("PS384", 48),
    bytes.fromhex("608648016503040203"): ("PS512", 64),
}
_DEFAULT_SALT = 20


def algorithms_of_public(spki: bytes) -> tuple[str, ...] | None:
    """Return the algorithms that a SubjectPublicKeyInfo admits; see `algorithms_of_private`."""
    return _admitted(next(next(values(spki)).inside()))


def algorithms_of_certificate(tbs_certificate: bytes) -> tuple[str, ...] | None:
    """Return the algorithms that a certificate's key admits; see `algorithms_of_private`."""
    # The signature's algorithm, issuer, validity and subject come before the key.
    fields = [value for value in next(values(tbs_certificate)).inside() if value.tag == SEQUENCE]
    return _admitted(next(fields[4].inside()))


def algorithms_of_private(pkcs8: bytes, password: bytes | None) -> tuple[str, ...] | None:
    """Return the algorithms that an RSA key in PKCS #8 admits.

    Args:
        pkcs8: The key, encrypted if there is a password.
        password: The right one.

    Returns:
        The algorithms of an RSASSA-PSS key; None for one that admits every use.

    Raises:
        ValueError: No algorithm of JOSE has the parameters, or the encryption is one that cannot be
            looked into; the message follows "the key".
    """
    if password is not None:
        try:
            pkcs8 = decrypt(pkcs8, password)
        except KeyError:
            raise ValueError(
                "is encrypted in a way that is not supported;"
                " `openssl pkcs8 -topk8 -in FILE -out NEW` encrypts it anew"
            ) from None
    _, algorithm, *_ = next(values(pkcs8)).inside()
    return _admitted(algorithm)


def _admitted(algorithm: Value) -> tuple[str, ...] | None:
    identifier, *parameters = algorithm.inside()
    if identifier.octets != _RSASSA_PSS:
        return None
    if not parameters:
        return tuple(name for name, _ in _HASHES.values())
    # A hash that is left out is SHA-1, which no algorithm has.
    fields = {value.tag & 0x1F: next(value.inside()) for value in parameters[0].inside()}
    digest = next(fields[0].inside()).octets if 0 in fields else b""
    name, size = _HASHES.get(digest, ("", 0))
    salt = int.from_bytes(fields[2].octets) if 2 in fields else _DEFAULT_SALT
    if not name or not _masks_with(digest, fields.get(1)) or salt > size:
        raise ValueError(
            "is an RSA-PSS key whose hash, mask or salt no algorithm of JOSE has;"
            " `flask tokenguard keygen --alg PS256 --out FILE` makes one that can be used"
        )
    return (name,)


def _masks_with(digest: bytes, mask: Value | None) -> bool:
    if mask is None:
        return False
    function, parameters = mask.inside()
    return function.octets == _MGF1 and next(parameters.inside()).octets == digest
