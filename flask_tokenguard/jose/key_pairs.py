"""Key pairs: the members of a JWK -> `cryptography` objects, and back (RFC 7518, RFC 9964).

`material` imports this when the first of them is met. `cryptography` checks the numbers: that a
point is on its curve, that a private key fits its public one. It does so in full, once, when the
key is read.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from . import akp, base64url
from .algorithms import Kind

PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | x25519.X25519PrivateKey
    | akp.AkpPrivateKey
)
PublicKey: TypeAlias = (
    rsa.RSAPublicKey
    | ec.EllipticCurvePublicKey
    | ed25519.Ed25519PublicKey
    | x25519.X25519PublicKey
    | akp.AkpPublicKey
)
Material: TypeAlias = bytes | PrivateKey | PublicKey

_OkpKinds: TypeAlias = tuple[
    type[ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey],
    type[ed25519.Ed25519PublicKey | x25519.X25519PublicKey],
]
_OKP: dict[str, _OkpKinds] = {
    "Ed25519": (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey),
    "X25519": (x25519.X25519PrivateKey, x25519.X25519PublicKey),
}

Built = TypeVar("Built")

CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
_CURVE_NAMES = {curve.name: name for name, curve in CURVES.items()}

# The primes that reveal a modulus of CVE-2017-15361: modulo each of them it is a power of
# 65537; another modulus is that for all of them once in 400 million times.
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def to_public_jwk(public: PublicKey) -> dict[str, str]:
    """Write the members that RFC 7638 section 3.2 requires, in its order."""
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {"e": _from_uint(numbers.e), "kty": "RSA", "n": _from_uint(numbers.n)}
    if isinstance(public, ec.EllipticCurvePublicKey):
        size = (public.key_size + 7) // 8
        point = public.public_numbers()
        x, y = (_from_octets(number.to_bytes(size)) for number in (point.x, point.y))
        return {"crv": _CURVE_NAMES[public.curve.name], "kty": "EC", "x": x, "y": y}
    octets = _from_octets(public.public_bytes_raw())
    subtype = kind_of(public).subtype or ""
    if isinstance(public, akp.AkpPublicKey):
        return {"alg": subtype, "kty": "AKP", "pub": octets}
    return {"crv": subtype, "kty": "OKP", "x": octets}


def to_private_members(private: PrivateKey) -> dict[str, str]:
    """Write the members that a JWK of the private key has beyond its public ones."""
    if isinstance(private, rsa.RSAPrivateKey):
        numbers = private.private_numbers()
        return {
            "d": _from_uint(numbers.d),
            "p": _from_uint(numbers.p),
            "q": _from_uint(numbers.q),
            "dp": _from_uint(numbers.dmp1),
            "dq": _from_uint(numbers.dmq1),
            "qi": _from_uint(numbers.iqmp),
        }
    if isinstance(private, ec.EllipticCurvePrivateKey):
        value = private.private_numbers().private_value
        return {"d": _from_octets(value.to_bytes((private.key_size + 7) // 8))}
    name = "priv" if isinstance(private, akp.AkpPrivateKey) else "d"
    return {name: _from_octets(private.private_bytes_raw())}


def thumbprint(public: PublicKey) -> str:
    """Hash a public key as RFC 7638 does, with SHA-256; 43 characters of base64url."""
    members = json.dumps(to_public_jwk(public), separators=(",", ":"))
    return _from_octets(hashlib.sha256(members.encode()).digest())


def kind_of(material: PrivateKey | PublicKey) -> Kind:
    """Return the kind of a key, as `material.kind_of` does."""
    if isinstance(material, (rsa.RSAPrivateKey, rsa.RSAPublicKey)):
        return Kind("RSA", None, material.key_size)
    if isinstance(material, (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)):
        if material.curve.name not in _CURVE_NAMES:
            raise ValueError(
                f"is on the curve {material.curve.name}, which is not supported;"
                f" {', '.join(CURVES)} are"
            )
        return Kind("EC", _CURVE_NAMES[material.curve.name], material.key_size)
    for crv, kinds in _OKP.items():
        if isinstance(material, kinds):
            return Kind("OKP", crv, 256)
    alg = akp.algorithm_of(material)
    if alg is not None:
        return Kind("AKP", alg, akp.PUBLIC_SIZES[alg] * 8)
    name = type(material).__name__.removesuffix("PrivateKey").removesuffix("PublicKey")
    raise ValueError(
        f"is of the kind {name}, which is not supported; `flask tokenguard keygen --out FILE` makes"
        " a key that is"
    )


def public_part(material: PrivateKey | PublicKey) -> PublicKey:
    """Derive the public key, once; a public key is its own."""
    return material.public_key() if isinstance(material, PrivateKey) else material


def is_weak_rsa(public: PublicKey) -> bool:
    """Return whether a modulus has the structure of CVE-2017-15361 (ROCA) and can be factored."""
    if not isinstance(public, rsa.RSAPublicKey):
        return False
    modulus = public.public_numbers().n
    return all(
        modulus % prime in {pow(65537, power, prime) for power in range(prime)}
        for prime in _ROCA_PRIMES
    )


def _read_rsa(jwk: Mapping[str, Any]) -> PrivateKey | PublicKey:
    public = rsa.RSAPublicNumbers(_public_uint(jwk, "e"), _public_uint(jwk, "n"))
    if "d" not in jwk:
        return _built("RSA", public.public_key)
    if "oth" in jwk:
        raise ValueError("has more than two primes (oth), which is not supported")
    d = _uint(jwk, "d")
    if any(name in jwk for name in ("p", "q", "dp", "dq", "qi")):
        p, q, dp, dq, qi = (_uint(jwk, name) for name in ("p", "q", "dp", "dq", "qi"))
    else:
        p, q = _built("RSA", lambda: rsa.rsa_recover_prime_factors(public.n, public.e, d))
        dp, dq, qi = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return _built("RSA", rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public).private_key)


def _read_ec(jwk: Mapping[str, Any]) -> PrivateKey | PublicKey:
    curve = CURVES.get(_text(jwk, "crv"))
    if curve is None:
        raise ValueError(f"has a crv other than {', '.join(CURVES)}")
    size = (curve.key_size + 7) // 8
    public = ec.EllipticCurvePublicNumbers(
        _public_uint(jwk, "x", most=size), _public_uint(jwk, "y", most=size), curve
    )
    if "d" not in jwk:
        return _built("EC", public.public_key)
    private = ec.EllipticCurvePrivateNumbers(_uint(jwk, "d", size=size), public)
    return _built("EC", private.private_key)


def _read_okp(jwk: Mapping[str, Any]) -> PrivateKey | PublicKey:
    if _text(jwk, "crv") not in _OKP:
        raise ValueError(f"has a crv other than {', '.join(_OKP)}")
    private_kind, public_kind = _OKP[jwk["crv"]]
    x = _public_octets(jwk, "x")
    public: PublicKey = _built("OKP", lambda: public_kind.from_public_bytes(x))
    if "d" not in jwk:
        return public
    d = base64url.decode_member(jwk, "d")
    return _build_private("OKP", lambda: private_kind.from_private_bytes(d), public)


def _read_akp(jwk: Mapping[str, Any]) -> PrivateKey | PublicKey:
    classes = akp.classes_of(_text(jwk, "alg"))
    pub = _public_octets(jwk, "pub")
    public: PublicKey = _built("AKP", lambda: classes.public.from_public_bytes(pub))
    if "priv" not in jwk:
        return public
    seed = base64url.decode_member(jwk, "priv")
    if len(seed) != akp.SEED_SIZE:
        raise ValueError(f"has a member priv that is not {akp.SEED_SIZE} octets long, the seed")
    return _build_private("AKP", lambda: classes.private.from_seed_bytes(seed), public)


def _build_private(kty: str, build: Callable[[], PrivateKey], public: PublicKey) -> PrivateKey:
    """Build a private key, which must have the public key that stands beside it."""
    private = _built(kty, build)
    if private.public_key() != public:
        raise ValueError(f"is not a valid {kty} key")
    return private


READERS: dict[str, Callable[[Mapping[str, Any]], PrivateKey | PublicKey]] = {
    "RSA": _read_rsa,
    "EC": _read_ec,
    "OKP": _read_okp,
    "AKP": _read_akp,
}


def _built(kty: str, build: Callable[[], Built]) -> Built:
    """Build a key with `cryptography`, without its messages, which could quote the key."""
    try:
        return build()
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(f"is not a valid {kty} key") from None


def _text(jwk: Mapping[str, Any], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise ValueError(f"has no text member {name}")
    return value


def _uint(jwk: Mapping[str, Any], name: str, *, size: int | None = None) -> int:
    octets = base64url.decode_member(jwk, name)
    if size is not None and len(octets) != size:
        raise ValueError(f"has a member {name} that is not {size} octets long")
    return int.from_bytes(octets)


def _public_octets(jwk: Mapping[str, Any], name: str) -> bytes:
    # Some writers pad; the octets are the same.
    return base64url.decode_member(jwk, name, padded=True)


def _public_uint(jwk: Mapping[str, Any], name: str, *, most: int | None = None) -> int:
    """Read a number; some writers leave out the zeros before it, or write one too many."""
    octets = _public_octets(jwk, name).lstrip(b"\0")
    if most is not None and len(octets) > most:
        raise ValueError(f"has a member {name} that is more than {most} octets long")
    return int.from_bytes(octets)


def _from_octets(octets: bytes) -> str:
    return base64url.encode(octets).decode()


def _from_uint(number: int) -> str:
    return _from_octets(number.to_bytes((number.bit_length() + 7) // 8))
