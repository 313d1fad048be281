"""Keys: one key with one algorithm, and sets of them (RFC 7517).

A key is parsed, checked and prepared when it is made, so that a request only uses it. It is bound
to one algorithm: a token's header can select a key, never change how it is used.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, Unpack

from . import jws, material
from .algorithms import ED25519_NAMES, SIGNATURE_ALGORITHMS, key_for
from .asymmetric import check_secret
from .compact import Header
from .metadata import KeyOptions, merge_metadata

if TYPE_CHECKING:
    from .material import Material
    from .pair_signatures import SigningAlgorithm

MOST_KEYS_TRIED = 4


class TooShort(ValueError):
    """A key of fewer bits than its algorithm takes; the message follows its name.

    Attributes:
        alg: The algorithm.
    """

    def __init__(self, alg: str, *, bits: int, least: int) -> None:
        super().__init__(f"is {bits} bits long; {alg} takes at least {least}")
        self.alg = alg


class NamedKey(Protocol):
    """The attributes by which a set finds its keys."""

    @property
    def kid(self) -> str | None:
        """Its name in tokens."""
        ...

    @property
    def use(self) -> str:
        """`"sig"` or `"enc"`."""
        ...

    @property
    def algs(self) -> Collection[str]:
        """The header values of `alg` that it serves."""
        ...


AnyKey = TypeVar("AnyKey", bound=NamedKey)
FoundKey_co = TypeVar("FoundKey_co", bound=NamedKey, covariant=True)


class KeySource(Protocol[FoundKey_co]):
    """A source in which a verifier finds keys."""

    def find(self, header: Header, use: str) -> Sequence[FoundKey_co]:
        """Find the keys that may have made a token with this header; few, or none."""
        ...

    def __contains__(self, key: object) -> bool:
        """Return whether a key that was found before could still be found."""
        ...

    def __iter__(self) -> Iterator[FoundKey_co]:
        """List the keys that are known now, without fetching any."""
        ...


class Key:
    """A key bound to one algorithm; immutable, and silent about its material.

    Attributes:
        kid: Its name in tokens, or None.
        alg: The algorithm that it signs with.
        algs: The header values that it verifies: `alg`, and for Ed25519 both of its names.
        use: `"sig"`.
        is_private: Whether it can sign; a shared secret can.
        signature_size: How many octets each of its signatures has.
    """

    __slots__ = (
        "_algorithm",
        "_private",
        "_public",
        "alg",
        "algs",
        "is_private",
        "kid",
        "signature_size",
        "use",
    )

    alg: str
    algs: frozenset[str]
    is_private: bool
    kid: str | None
    signature_size: int
    use: str
    _algorithm: "SigningAlgorithm"
    _private: Any
    _public: Any

    def __init__(
        self,
        key: "Material",
        *,
        alg: str | None = None,
        preferred_alg: str | None = None,
        kid: str | None = None,
        use: str | None = None,
        key_ops: Collection[str] | None = None,
        admitted: Collection[str] | None = None,
    ) -> None:
        """Check and prepare a key.

        Args:
            key: A secret's octets, or a key of `cryptography`.
            alg: The algorithm; default `preferred_alg` where the key admits it, else by key:
                HS256, RS256, ES256/384/512 by curve, EdDSA, ML-DSA-44/65/87.
            preferred_alg: An algorithm for keys that admit several.
            kid: Default for a public key or pair: its RFC 7638 thumbprint.
            use: None or `"sig"`.
            key_ops: What a JWK allows; None allows all (RFC 7517 section 4.3).
            admitted: The algorithms of an RSASSA-PSS key; None for another key.

        Raises:
            ValueError: The key cannot or must not serve the algorithm.
            ConfigurationError: PyJWT is needed, and cannot be imported.
        """
        alg = _check_algorithm(key, alg, preferred_alg, admitted)
        if use not in (None, "sig"):
            raise ValueError(f"has the use {use!r}, not 'sig'")
        public: Any = key
        private: Any = key
        if isinstance(key, bytes):
            check_secret(key)
            public = private = jws.prepare_secret(alg, key)
        else:
            public = material.public_part(key)
            private = None if key is public else key
            if material.is_weak_rsa(public):
                raise ValueError("is an RSA key that can be factored (CVE-2017-15361)")
            kid = kid or material.thumbprint(public)
        if key_ops is not None:
            private = _allowed_private(private, key_ops)
        self._set(
            alg=alg,
            algs=ED25519_NAMES if alg in ED25519_NAMES else frozenset({alg}),
            kid=kid,
            use="sig",
            is_private=private is not None,
            signature_size=SIGNATURE_ALGORITHMS[alg].signature_size
            or (material.kind_of(key).bits + 7) // 8,
            _public=public,
            _private=private,
            _algorithm=jws.algorithm(alg),
        )

    def _set(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} of a Key cannot be changed")

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], **options: Unpack[KeyOptions]) -> "Key":
        """Read a JWK (RFC 7517 section 4); the options fill in what it leaves open.

        Raises:
            ValueError: The JWK is malformed, or conflicts with the options.
        """
        return cls(material.from_jwk(jwk), **merge_metadata(jwk, options))

    @classmethod
    def only_verifying(cls, secret: bytes, alg: str) -> "Key":
        """Make a key of a secret of any length, which verifies and never signs.

        It is for tokens that are out, which another program has signed with it.

        Raises:
            ValueError: The secret is empty, or holds asymmetric key material.
        """
        check_secret(secret)
        key = cls.__new__(cls)
        key._set(  # noqa: SLF001 - its own class
            alg=alg,
            algs=frozenset({alg}),
            kid=None,
            use="sig",
            is_private=False,
            signature_size=SIGNATURE_ALGORITHMS[alg].least_bits // 8,
            _public=jws.prepare_secret(alg, secret),
            _private=None,
            _algorithm=jws.algorithm(alg),
        )
        return key

    def public_jwk(self) -> dict[str, str] | None:
        """Write the public part as a JWK; None for a secret, which has none."""
        if SIGNATURE_ALGORITHMS[self.alg].kty == "oct":
            return None
        members = material.to_public_jwk(self._public)
        return {**members, "kid": self.kid or "", "alg": self.alg, "use": self.use}

    def sign(self, message: bytes) -> bytes:
        """Sign; only for a key whose `is_private` is true."""
        return self._algorithm.sign(message, self._private)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Return whether this key made the signature."""
        return self._algorithm.verify(message, self._public, signature)

    def __repr__(self) -> str:
        kind = "private" if self.is_private else "public"
        return f"<{kind} {self.alg} Key, kid {self.kid!r}>"

    def __reduce__(self) -> Any:
        raise TypeError("a Key is not copied or serialized")


class KeySet(Generic[AnyKey]):
    """An immutable set of keys, found by `kid` or by `alg`."""

    def __init__(self, keys: Iterable[AnyKey]) -> None:
        """Index the keys.

        Raises:
            ValueError: Two keys of one use share a `kid`; the message follows "the key set".
        """
        self._members = dict.fromkeys(keys)
        self._by_kid: dict[tuple[str, str], tuple[AnyKey, ...]] = {}
        self._by_alg: dict[tuple[str, str], tuple[AnyKey, ...]] = {}
        for key in self._members:
            if key.kid is not None:
                namesakes = self._by_kid.get((key.kid, key.use), ())
                self._check_namesakes(key, namesakes)
                self._by_kid[key.kid, key.use] = (*namesakes, key)
            for alg in key.algs:
                self._by_alg[alg, key.use] = (*self._by_alg.get((alg, key.use), ()), key)

    def _check_namesakes(self, key: AnyKey, namesakes: Sequence[AnyKey]) -> None:
        """Refuse a key whose `kid` another one has."""
        if namesakes:
            raise ValueError(f"has the kid {key.kid!r} twice")

    def find(self, header: Header, use: str) -> Sequence[AnyKey]:
        """Find by `kid`, else by `alg`; an unknown `kid` finds nothing.

        Without a `kid`, more than four candidates find nothing either: a verification each would
        let a forged token cost many times what it costs to send.
        """
        if header.kid is not None:
            return self._by_kid.get((header.kid, use), ())
        fit = self._by_alg.get((header.alg, use), ())
        return fit if len(fit) <= MOST_KEYS_TRIED else ()

    def __contains__(self, key: object) -> bool:
        return key in self._members

    def __iter__(self) -> Iterator[AnyKey]:
        return iter(self._members)


def fitting(key: "Material", admitted: Collection[str] | None = None) -> tuple[str, ...]:
    """List the signature algorithms that a key can serve, the default first.

    Args:
        key: The key.
        admitted: The algorithms of an RSASSA-PSS key; None for another key.
    """
    kind = material.kind_of(key)
    return tuple(
        name
        for name, row in SIGNATURE_ALGORITHMS.items()
        if (row.kty, row.subtype) == (kind.kty, kind.subtype)
        and (admitted is None or name in admitted)
    )


def _check_algorithm(
    key: "Material", alg: str | None, preferred: str | None, admitted: Collection[str] | None
) -> str:
    kty, subtype, bits = material.kind_of(key)
    names = fitting(key, admitted)
    if not names:
        raise ValueError(
            f"is an {subtype or kty} key, which signs and verifies nothing; it can serve"
            " TOKENGUARD_ENCRYPTION"
        )
    if alg is None:
        alg = preferred if preferred in names else names[0]
    if alg not in SIGNATURE_ALGORITHMS:
        raise ValueError(f"names the algorithm {alg!r}, which is not supported")
    if alg not in names:
        given = key_for(names[0]) if admitted is None else f"an RSA-PSS key for {', '.join(names)}"
        raise ValueError(f"is {given}, which {alg} does not take: give it {key_for(alg)}")
    least = SIGNATURE_ALGORITHMS[alg].least_bits
    if bits < least:
        raise TooShort(alg, bits=bits, least=least)
    return alg


def _allowed_private(private: Any, key_ops: Collection[str]) -> Any:
    """Drop a private key that may not sign; a key that may do nothing for us is refused."""
    may_sign = private is not None and "sign" in key_ops
    if not may_sign and "verify" not in key_ops:
        raise ValueError("has key_ops that allow neither to sign nor to verify")
    return private if may_sign else None
