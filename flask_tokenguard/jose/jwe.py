"""Encryption (RFC 7516): the only module that imports joserfc, and only once a key asks for it.

A key is bound to one `alg` and one `enc`. Whatever is wrong with a token, or with the key that it
names, the answer is the same: a difference would show an attacker how far a guess had come.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, InvalidToken, Reason
from ..quoting import quote_list, quote_name
from . import base64url, compact, material
from .algorithms import CONTENT_BITS, ENCRYPTION_ALGORITHMS, LEAST_RSA_BITS
from .asymmetric import check_secret
from .jwk import KeySource

if TYPE_CHECKING:
    from .material import Material

_LONGEST = 1_048_576
_ANSWER = "The token cannot be decrypted"
_ENCRYPTING = frozenset("encrypt wrapKey deriveKey deriveBits".split())
_DECRYPTING = frozenset("decrypt unwrapKey deriveKey deriveBits".split())
_KEY_CLASSES = {"oct": "OctKey", "RSA": "RSAKey", "EC": "ECKey", "OKP": "OKPKey"}


def decrypt(token: str, keys: KeySource["EncryptionKey"]) -> str:
    """Decrypt a token of five parts, whose size was checked, with the key that it names.

    Returns:
        The plaintext, to be parsed as a token.

    Raises:
        InvalidToken: For whatever reason; always with the same description.
    """
    header = parse(token)
    for key in keys.find(header, "enc"):
        if header.alg in key.algs and header.members.get("enc") == key.enc:
            plaintext = key.decrypt(token)
            if plaintext is not None and plaintext.isascii():
                return plaintext.decode()
    raise InvalidToken(_ANSWER, reason=Reason.NOT_DECRYPTABLE, detail=_contrast(header, keys))


def _contrast(header: compact.Header, keys: Iterable["EncryptionKey"]) -> str:
    """Write what a header names beside our keys; never how far the decryption came."""
    came = (header.alg, header.members.get("enc"), header.kid)
    accepted = quote_list(f"{key.alg} {key.enc} {key.kid or 'without kid'}" for key in keys)
    return f"alg, enc and kid {' '.join(map(quote_name, came))} came, our keys: {accepted}"


class EncryptionKey:
    """A key bound to one way of encrypting; immutable, and silent about its material.

    Attributes:
        kid: Its name in tokens, or None.
        alg: How the content key is protected (RFC 7518 section 4.1).
        enc: How the content is encrypted (RFC 7518 section 5.1).
        algs: The header values of `alg` that it decrypts: `alg` alone.
        use: `"enc"`.
        is_private: Whether it can decrypt; a shared secret can.
    """

    use = "enc"

    __slots__ = ("_jwe", "_key", "_registry", "alg", "algs", "enc", "is_private", "kid")

    def __init__(
        self,
        key: "Material",
        *,
        alg: str | None = None,
        enc: str | None = None,
        kid: str | None = None,
        key_ops: Collection[str] | None = None,
    ) -> None:
        """Check and prepare a key.

        Args:
            key: A secret's octets, or a key of `cryptography`.
            alg: Default by key: A128KW or A256KW by length, `dir` for longer secrets,
                RSA-OAEP-256, ECDH-ES+A256KW.
            enc: Default: A256GCM, or for `dir` the first that takes a key of this length.
            kid: Default for a public key or pair: its RFC 7638 thumbprint.
            key_ops: What a JWK allows; None allows all (RFC 7517 section 4.3).

        Raises:
            ValueError: The key cannot or must not serve these algorithms.
            ConfigurationError: joserfc is not installed.
        """
        kty, crv, bits = material.kind_of(key)
        self.alg = _check_algorithm(kty, crv, bits, alg)
        self.enc = _check_content(self.alg, bits, enc)
        self.algs = frozenset({self.alg})
        if key_ops is not None and (_ENCRYPTING | _DECRYPTING).isdisjoint(key_ops):
            raise ValueError("has key_ops that do not allow to encrypt and decrypt")
        if isinstance(key, bytes):
            check_secret(key)
        elif material.is_weak_rsa(material.public_part(key)):
            raise ValueError("is an RSA key that can be factored (CVE-2017-15361)")
        else:
            kid = kid or material.thumbprint(material.public_part(key))
        self.kid = kid
        may_decrypt = key_ops is None or not _DECRYPTING.isdisjoint(key_ops)
        self.is_private = may_decrypt and isinstance(key, bytes | material.PrivateKey)
        self._jwe, jwk = _joserfc()
        self._key = getattr(jwk, _KEY_CLASSES[kty])(key, key)
        self._registry = self._jwe.JWERegistry(
            algorithms=[self.alg, self.enc], strict_check_header=False
        )
        # The size of every token is checked before; joserfc's bounds are below what we may issue.
        self._registry.max_protected_header_length = _LONGEST
        self._registry.max_encrypted_key_length = _LONGEST
        self._registry.max_ciphertext_length = _LONGEST

    def encrypt(self, plaintext: bytes, header: Mapping[str, Any]) -> str:
        """Encrypt to a compact JWE with this key's `alg` and `enc`, and its `kid` if it has one."""
        protected = {**header, "alg": self.alg, "enc": self.enc}
        if self.kid is not None:
            protected["kid"] = self.kid
        token: str = self._jwe.encrypt_compact(
            protected, plaintext, self._key, registry=self._registry
        )
        return token

    def measure(self, header: Mapping[str, Any]) -> Callable[[int], int]:
        """Return a function from a plaintext's size to the length of its token with this header.

        All else in a token has a fixed length, which one encryption shows.
        """
        rest = len(self.encrypt(b"", header)) - self._ciphertext_size(0)
        return lambda size: rest + self._ciphertext_size(size)

    def _ciphertext_size(self, size: int) -> int:
        # CBC fills up the last block of 16 octets, a full one with another (RFC 7518 5.2.2.1).
        octets = size - size % 16 + 16 if "CBC" in self.enc else size
        return base64url.encoded_size(octets)

    def decrypt(self, token: str) -> bytes | None:
        """Decrypt a token that `parse` has read; None if it was not encrypted to this key."""
        if not self.is_private:
            return None
        try:
            plaintext: bytes = self._jwe.decrypt_compact(
                token, self._key, registry=self._registry
            ).plaintext
        except Exception:  # noqa: BLE001 - whatever went wrong, there is one answer
            return None
        return plaintext

    def __repr__(self) -> str:
        kind = "private" if self.is_private else "public"
        return f"<{kind} {self.alg} {self.enc} EncryptionKey, kid {self.kid!r}>"

    def __reduce__(self) -> Any:
        raise TypeError("an EncryptionKey is not copied or serialized")


def parse(token: str) -> compact.Header:
    """Read the header of a token of five parts, whose size was checked, and check its spelling.

    Raises:
        InvalidToken: It is malformed, compressed, or holds something else than a JWT; always with
            the same description.
    """
    try:
        segments = token.encode("ascii").split(b".")
        # A token must have one spelling, whatever a version of joserfc makes of others.
        for segment in segments[1:]:
            base64url.decode(segment)
        header = compact.parse_header(segments[0])
    except (ValueError, InvalidToken):
        raise InvalidToken(_ANSWER, reason=Reason.NOT_DECRYPTABLE) from None
    # Compression leaks the plaintext (RFC 8725 section 3.6), and undoing it lets a short token
    # cost a lot. RFC 7519 section 5.2 demands the cty JWT of a nested token, but jwcrypto writes
    # none. Either way what is inside must be a signed token, so that nothing hangs on the cty:
    # claims that are only encrypted never pass. Any other cty names content that is no token.
    content_type = header.members.get("cty", "JWT")
    if "zip" in header.members or compact.media_type(content_type) != "jwt":
        raise InvalidToken(_ANSWER, reason=Reason.NOT_DECRYPTABLE)
    return header


def _joserfc() -> tuple[ModuleType, ModuleType]:
    try:
        from joserfc import jwe, jwk  # noqa: PLC0415 - optional, imported when first used
    except ImportError:
        raise ConfigurationError(
            "TOKENGUARD_ENCRYPTION needs joserfc: pip install 'flask-tokenguard[jwe]'"
        ) from None
    return jwe, jwk


def _fitting(kty: str, crv: str | None, bits: int) -> tuple[str, ...]:
    """List the algorithms by which a key can encrypt, the default first."""
    if kty == "RSA" and bits < LEAST_RSA_BITS:
        return ()
    size = bits if kty == "oct" else 0
    return tuple(name for name, keys in ENCRYPTION_ALGORITHMS.items() if (kty, crv, size) in keys)


def _check_algorithm(kty: str, crv: str | None, bits: int, alg: str | None) -> str:
    names = _fitting(kty, crv, bits)
    if alg is not None and alg not in ENCRYPTION_ALGORITHMS:
        raise ValueError(f"names the algorithm {alg!r}, which is not supported")
    if not names or (alg is not None and alg not in names):
        verdict = "cannot encrypt" if alg is None else f"{alg} does not take"
        raise ValueError(
            f"is {crv or kty} of {bits} bits, which {verdict}; `flask tokenguard keygen --alg"
            f" {alg or 'A256KW'} --out FILE` makes one that can be used"
        )
    return alg or names[0]


def _check_content(alg: str, bits: int, enc: str | None) -> str:
    if enc is not None and enc not in CONTENT_BITS:
        raise ValueError(f"names the content encryption {enc!r}, which is not supported")
    fitting = [name for name, size in CONTENT_BITS.items() if alg != "dir" or size == bits]
    if enc is not None and enc not in fitting:
        raise ValueError(f"is {bits} bits long, which {enc} does not take")
    return enc or fitting[0]
