"""Remote key set: the JWKS of another issuer -> its public keys (RFC 7517 section 5).

A JWK that we cannot use is passed over, as that section asks: the other keys go on verifying. A
published secret is never used, nor a private key.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm

from ...jose import material, strict_json
from ...jose.algorithms import ED25519_NAMES, SIGNATURE_ALGORITHMS
from ...jose.compact import Header
from ...jose.jwk import Key, KeySet, fitting
from ...jose.metadata import merge_metadata

MOST_KEYS = 100
_LONGEST_MODULUS = 2731  # 16384 bits in base64url; OpenSSL verifies with no longer one.
_MEMBERS = ("kty", "n", "e", "crv", "x", "y", "alg", "kid", "use", "key_ops")


def accepted_algorithms(names: Iterable[str]) -> frozenset[str]:
    """Check the algorithms that may verify; either name of Ed25519 stands for both.

    Raises:
        ValueError: There is none, or one is unknown or takes a secret; the message follows
            "algorithms".
    """
    accepted = set(names)
    for name in sorted(accepted):
        row = SIGNATURE_ALGORITHMS.get(name)
        if row is None or row.kty == "oct":
            raise ValueError(f"holds {name!r}, by which no public key verifies")
    if not accepted:
        raise ValueError("is empty")
    return frozenset(accepted | ED25519_NAMES if accepted & ED25519_NAMES else accepted)


class RemoteSet(KeySet[Key]):
    """The public keys of one JWKS.

    A JWK without an `alg` stands for one key for each accepted algorithm that fits its type, so
    that keys share a `kid`. Of two keys with one `kid` and one algorithm the first counts.

    Attributes:
        keys_of: The keys that came of each JWK, by the text of its members.
    """

    def __init__(self, keys_of: Mapping[bytes, Sequence[Key]]) -> None:
        self.keys_of = keys_of
        first: dict[tuple[str | None, frozenset[str]], Key] = {}
        for key in chain.from_iterable(keys_of.values()):
            first.setdefault((key.kid, key.algs), key)
        super().__init__(first.values())

    def _check_namesakes(self, key: Key, namesakes: Sequence[Key]) -> None:
        """Accept a key whose `kid` another one has, for another algorithm."""

    @classmethod
    def read(
        cls, body: bytes, algorithms: Collection[str], *, known: "RemoteSet | None" = None
    ) -> "RemoteSet":
        """Read a JWKS; keys of the set before stay the same objects.

        Raises:
            ValueError: It is not a JWKS, or has too many keys.
        """
        try:
            jwks = strict_json.parse_object(body).get("keys")
        except ValueError:
            raise ValueError("the key set is not a JSON object") from None
        if not isinstance(jwks, list):
            raise ValueError("the key set has no list of keys")
        if len(jwks) > MOST_KEYS:
            raise ValueError(f"the key set has more than {MOST_KEYS} keys")
        before = known.keys_of if known is not None else {}
        keys_of: dict[bytes, Sequence[Key]] = {}
        for jwk in jwks:
            text = _text_of(jwk)
            if text is not None and text not in keys_of:
                keys_of[text] = before[text] if text in before else _keys_of(jwk, algorithms)
        return cls(keys_of)

    def find(self, header: Header, use: str) -> Sequence[Key]:
        """Find by `kid` and `alg`, else by `alg`; see `KeySet.find`."""
        return tuple(key for key in super().find(header, use) if header.alg in key.algs)

    def __bool__(self) -> bool:
        return bool(self._members)


def _text_of(jwk: object) -> bytes | None:
    """Write the members that define a key, as one text; None for a JWK that is never used."""
    if not isinstance(jwk, dict) or "k" in jwk or "d" in jwk:
        # A secret, or a private key that is public now.
        return None
    modulus = jwk.get("n")
    if isinstance(modulus, str) and len(modulus) > _LONGEST_MODULUS:
        return None
    return strict_json.dump_object({name: jwk[name] for name in _MEMBERS if name in jwk})


def _keys_of(jwk: Mapping[str, Any], algorithms: Collection[str]) -> tuple[Key, ...]:
    try:
        public = material.from_jwk(jwk)
        metadata = merge_metadata(jwk, {})
        stated = metadata.get("alg")
        keys: list[Key] = []
        for alg in fitting(public) if stated is None else (stated,):
            if alg in algorithms and not any(alg in key.algs for key in keys):
                metadata["alg"] = alg
                keys.append(Key(public, **metadata))
        return tuple(keys)
    except (ValueError, UnsupportedAlgorithm):
        return ()
