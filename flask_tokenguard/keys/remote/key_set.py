"""Remote key set: the JWKS of another issuer -> its public keys (RFC 7517 section 5).

A JWK that we cannot use is passed over, as that section asks, and why: the other keys go on
verifying. A published secret is never used, nor a private key.
"""

import logging
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm

from ...jose import material, strict_json
from ...jose.algorithms import ED25519_NAMES, SIGNATURE_ALGORITHMS
from ...jose.compact import Header
from ...jose.jwk import Key, KeySet, fitting
from ...jose.material import Material
from ...jose.metadata import KeyOptions, merge_metadata
from ...quoting import quote

MOST_KEYS = 100
_LONGEST_MODULUS = 2731  # 16384 bits in base64url; OpenSSL verifies with no longer one.
_MEMBERS = ("kty", "n", "e", "crv", "x", "y", "pub", "alg", "kid", "use", "key_ops")
_NOT_PUBLIC = ("k", "d", "priv")
_MOST_EXPLAINED = 5
_logger = logging.getLogger("flask_tokenguard")


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
    return with_both_names(accepted)


def with_both_names(algorithms: Collection[str]) -> frozenset[str]:
    """Return the algorithms, and of Ed25519 both names if one is among them (RFC 9864)."""
    accepted = frozenset(algorithms)
    return accepted | ED25519_NAMES if accepted & ED25519_NAMES else accepted


class ReadJwk(NamedTuple):
    """What was read of one JWK.

    Attributes:
        keys: A key for each algorithm that it serves.
        fault: Which JWK has no key, and why; empty for one that has some.
    """

    keys: tuple[Key, ...]
    fault: str = ""


def read_each(jwks: Iterable[object], read: Callable[[Any], tuple[Key, ...]]) -> list[ReadJwk]:
    """Read each JWK, and name those that cannot be used.

    Args:
        jwks: Of any content.
        read: Returns the keys of one, or raises a `ValueError` whose message follows its name.
    """
    return [_read_one(place, jwk, read) for place, jwk in enumerate(jwks)]


def log_passed_over(issuer: object, fault: str) -> None:
    """Log that a JWK is not used, and why."""
    _logger.info("a key of %s is passed over: %s", issuer, fault)


def _read_one(place: int, jwk: object, read: Callable[[Any], tuple[Key, ...]]) -> ReadJwk:
    kid = jwk.get("kid") if isinstance(jwk, dict) else None
    name = f"kid {quote(kid)}" if isinstance(kid, str) else f"keys[{place}]"
    try:
        if not isinstance(jwk, dict):
            raise ValueError("is not an object")  # noqa: TRY301 - named as any other
        return ReadJwk(read(jwk))
    except UnsupportedAlgorithm:
        return ReadJwk((), f"{name} is of a kind that this system does not support")
    except ValueError as error:
        return ReadJwk((), f"{name} {error}")


def bind(key: Material, metadata: KeyOptions, algorithms: Collection[str]) -> tuple[Key, ...]:
    """Make a key for each of the algorithms that it serves: its own `alg`, or all that fit.

    Args:
        key: The material.
        metadata: Of its JWK.
        algorithms: Those that are accepted.

    Raises:
        ValueError: It serves none; the message follows its name.
    """
    stated, use = metadata.get("alg"), metadata.get("use")
    if use not in (None, "sig"):
        raise ValueError(f"has the use {quote(use)}, not sig")
    fits = fitting(key, metadata.get("admitted"))
    names = fits if stated is None else (stated,)
    usable = [alg for alg in names if alg in algorithms]
    if fits and not usable:
        raise ValueError(
            f"is for {' or '.join(map(quote, names))}, not among the issuer's algorithms,"
            f" {', '.join(sorted(algorithms))}"
        )
    keys: list[Key] = []
    faults: list[str] = []
    for alg in usable or (stated,):
        if not any(alg in bound.algs for bound in keys):
            try:
                options: KeyOptions = {**metadata, "alg": alg}
                keys.append(Key(key, **options))
            except ValueError as error:
                faults.append(str(error))
    if not keys:
        raise ValueError(faults[0])
    return tuple(keys)


class RemoteSet(KeySet[Key]):
    """The public keys of one JWKS.

    A JWK without an `alg` stands for one key for each accepted algorithm that fits its type, so
    that keys share a `kid`. Of two keys with one `kid` and one algorithm the first counts.

    Attributes:
        read_of: What was read of each JWK, by what it states of its key.
        faults: Which JWKs were passed over, and why.
    """

    def __init__(self, read_of: Mapping[Hashable, ReadJwk]) -> None:
        self.read_of = read_of
        self.faults = [read.fault for read in read_of.values() if read.fault]
        first: dict[Hashable, Key] = {}
        for read in read_of.values():
            for key in read.keys:
                name = key if key.kid is None else (key.kid, key.algs)
                if first.setdefault(name, key) is not key:
                    self.faults.append(f"kid {quote(key.kid)} is there twice for {key.alg}")
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
        before = known.read_of if known is not None else {}
        read_of: dict[Hashable, ReadJwk] = {}
        for place, jwk in enumerate(jwks):
            text = _text_of(jwk)
            if text not in read_of:
                read_of[text] = before.get(text) or _read_one(
                    place, jwk, lambda jwk: _read_published(jwk, algorithms)
                )
        return cls(read_of)

    def find(self, header: Header, use: str) -> Sequence[Key]:
        """Find by `kid` and `alg`, else by `alg`; see `KeySet.find`."""
        return tuple(key for key in super().find(header, use) if header.alg in key.algs)

    def explain(self) -> str:
        """Return why no key can be used, for a set without one."""
        count = len(self.read_of)
        if not count:
            return "it holds no key"
        whose = "its one key cannot" if count == 1 else f"none of its {count} keys can"
        more = "; ..." if len(self.faults) > _MOST_EXPLAINED else ""
        return f"{whose} be used: {'; '.join(islice(self.faults, _MOST_EXPLAINED))}{more}"

    def __bool__(self) -> bool:
        return bool(self._members)


def _text_of(jwk: object) -> bytes:
    """Write what a JWK states of its key as one text, without the secret or private part."""
    if not isinstance(jwk, dict):
        return b""
    members = {name: jwk[name] for name in _MEMBERS if name in jwk}
    hidden = {name: True for name in _NOT_PUBLIC if name in jwk}
    return strict_json.dump_object({**members, **hidden})


def _read_published(jwk: Mapping[str, Any], algorithms: Collection[str]) -> tuple[Key, ...]:
    if any(name in jwk for name in _NOT_PUBLIC):
        kind = "secret" if "k" in jwk else "private key"
        raise ValueError(f"is a {kind}, which is published and must not be used")
    modulus = jwk.get("n")
    if isinstance(modulus, str) and len(modulus) > _LONGEST_MODULUS:
        raise ValueError("has a modulus of more than 16384 bits")
    return bind(material.from_jwk(jwk), merge_metadata(jwk, {}), algorithms)
