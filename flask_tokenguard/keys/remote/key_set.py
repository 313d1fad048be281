"""The keys of another issuer, read from its JWKS (RFC 7517 section 5).

What we cannot use is passed over, as that section asks: the other keys go on verifying. A secret
is never used, wherever it comes from, nor a private key that its owner has published.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm

from ...jose import material, strict_json
from ...jose.algorithms import ED25519_NAMES, SIGNATURE_ALGORITHMS, fitting
from ...jose.compact import Header
from ...jose.jwk import MOST_KEYS_TRIED, Key, merge_metadata

MOST_KEYS = 100
_LONGEST_MODULUS = 2731  # 16384 bits in base64url; OpenSSL verifies with no longer one.
_MEMBERS = ("kty", "n", "e", "crv", "x", "y", "alg", "kid", "use", "key_ops")


def accepted_algorithms(names: Iterable[str]) -> frozenset[str]:
    """Check which algorithms may verify; either name of Ed25519 stands for both.

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


class RemoteSet:
    """An immutable set of public keys, found by `kid` and `alg`.

    Of two keys with one `kid` and one algorithm the first counts. A JWK without an `alg` stands
    for one key for each algorithm that is accepted and fits its type.

    Attributes:
        keys_of: The keys that came of each JWK, by the text of its members.
    """

    def __init__(self, keys_of: Mapping[bytes, Sequence[Key]]) -> None:
        self.keys_of = keys_of
        self._named: dict[tuple[str | None, str], Key] = {}
        by_alg: dict[str, list[Key]] = {}
        for keys in keys_of.values():
            for key in keys:
                for alg in key.algs:
                    if self._named.setdefault((key.kid, alg), key) is key:
                        by_alg.setdefault(alg, []).append(key)
        self._members = frozenset(self._named.values())
        self._by_alg = {
            alg: tuple(keys) for alg, keys in by_alg.items() if len(keys) <= MOST_KEYS_TRIED
        }

    @classmethod
    def read(
        cls, body: bytes, algorithms: Collection[str], *, known: "RemoteSet | None" = None
    ) -> "RemoteSet":
        """Read a JWKS; keys that were known before stay the same objects.

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

    def find(self, header: Header) -> Sequence[Key]:
        """Find by `kid` and `alg`, else by `alg`; see `KeySet.find`."""
        if header.kid is None:
            return self._by_alg.get(header.alg, ())
        key = self._named.get((header.kid, header.alg))
        return () if key is None else (key,)

    def __contains__(self, key: object) -> bool:
        return key in self._members

    def __iter__(self) -> Iterator[Key]:
        return iter(dict.fromkeys(self._named.values()))

    def __bool__(self) -> bool:
        return bool(self._named)


def _text_of(jwk: object) -> bytes | None:
    """Write what makes a JWK the key it is; None for one that is not used whatever it says."""
    if not isinstance(jwk, dict) or "k" in jwk or "d" in jwk:
        # A secret, or a private key that is not one any more.
        return None
    modulus = jwk.get("n")
    if isinstance(modulus, str) and len(modulus) > _LONGEST_MODULUS:
        return None
    return strict_json.dump_object({name: jwk[name] for name in _MEMBERS if name in jwk})


def _keys_of(jwk: Mapping[str, Any], algorithms: Collection[str]) -> tuple[Key, ...]:
    try:
        public = material.from_jwk(jwk)
        metadata = merge_metadata(jwk, {})
        kty, crv, _ = material.kind_of(public)
        stated = metadata.get("alg")
        keys: list[Key] = []
        for alg in fitting(kty, crv) if stated is None else (stated,):
            if alg in algorithms and not any(alg in key.algs for key in keys):
                metadata["alg"] = alg
                keys.append(Key(public, **metadata))
        return tuple(keys)
    except (ValueError, UnsupportedAlgorithm):
        return ()
