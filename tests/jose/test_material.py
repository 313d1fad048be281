"""The members of a JWK as keys, and back (RFC 7518 section 6, RFC 8037 section 2, RFC 7638)."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from flask_tokenguard.jose import base64url, material
from flask_tokenguard.jose.material import PrivateKey

from .tokens import encoded, uint

Jwk = dict[str, Any]
SHORT_X = 379


@pytest.fixture(scope="module")
def rsa_jwk(private_keys: dict[str, PrivateKey]) -> Jwk:
    private = private_keys["RS256"]
    assert isinstance(private, rsa.RSAPrivateKey)
    numbers = private.private_numbers()
    return {
        "kty": "RSA",
        "n": uint(numbers.public_numbers.n),
        "e": uint(numbers.public_numbers.e),
        "d": uint(numbers.d),
        "p": uint(numbers.p),
        "q": uint(numbers.q),
        "dp": uint(numbers.dmp1),
        "dq": uint(numbers.dmq1),
        "qi": uint(numbers.iqmp),
    }


@pytest.fixture(scope="module")
def ec_jwk(private_keys: dict[str, PrivateKey]) -> Jwk:
    private = private_keys["ES256"]
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    numbers = private.private_numbers()
    x, y, d = (
        encoded(number.to_bytes(32))
        for number in (numbers.public_numbers.x, numbers.public_numbers.y, numbers.private_value)
    )
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d}


@pytest.fixture(scope="module")
def okp_jwk(private_keys: dict[str, PrivateKey]) -> Jwk:
    private = private_keys["EdDSA"]
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": encoded(private.public_key().public_bytes_raw()),
        "d": encoded(private.private_bytes_raw()),
    }


def in_der(key: Any) -> bytes:
    """Write a private key, so that two of them can be compared."""
    written: bytes = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return written


def without(jwk: Jwk, *names: str) -> Jwk:
    """Leave members out."""
    return {name: value for name, value in jwk.items() if name not in names}


def test_a_secret_is_its_octets() -> None:
    assert material.from_jwk({"kty": "oct", "k": "A-z_4ME"}) == bytes([3, 236, 255, 224, 193])


@pytest.mark.parametrize(
    ("fixture", "alg"), [("rsa_jwk", "RS256"), ("ec_jwk", "ES256"), ("okp_jwk", "EdDSA")]
)
def test_a_private_jwk_is_the_private_key(
    request: pytest.FixtureRequest, private_keys: dict[str, PrivateKey], fixture: str, alg: str
) -> None:
    read = material.from_jwk(request.getfixturevalue(fixture))
    assert in_der(read) == in_der(private_keys[alg])


@pytest.mark.parametrize(
    ("fixture", "alg"), [("rsa_jwk", "RS256"), ("ec_jwk", "ES256"), ("okp_jwk", "EdDSA")]
)
def test_a_public_jwk_is_the_public_key(
    request: pytest.FixtureRequest, private_keys: dict[str, PrivateKey], fixture: str, alg: str
) -> None:
    jwk = without(request.getfixturevalue(fixture), "d", "p", "q", "dp", "dq", "qi")
    assert material.from_jwk(jwk) == private_keys[alg].public_key()


def test_an_rsa_key_of_n_e_and_d_alone_is_completed(
    rsa_jwk: Jwk, private_keys: dict[str, PrivateKey]
) -> None:
    read = material.from_jwk(without(rsa_jwk, "p", "q", "dp", "dq", "qi"))
    assert isinstance(read, rsa.RSAPrivateKey)
    assert read.public_key() == private_keys["RS256"].public_key()


@pytest.mark.parametrize("name", ["p", "q", "dp", "dq", "qi"])
def test_an_rsa_key_has_all_of_its_primes_or_none(rsa_jwk: Jwk, name: str) -> None:
    with pytest.raises(ValueError, match=f"member {name}"):
        material.from_jwk(without(rsa_jwk, name))


def test_an_rsa_key_of_more_than_two_primes_is_refused(rsa_jwk: Jwk) -> None:
    with pytest.raises(ValueError, match="more than two primes"):
        material.from_jwk({**rsa_jwk, "oth": []})


@pytest.mark.parametrize(
    "change",
    [
        {"d": "AQ"},
        {"d": "AA"},
        {"e": "AQ"},
        {"e": "AA"},
        {"n": "AA"},
        {"n": ""},
        {"p": "Aw"},
        {"dp": "AQ"},
        {"dq": "AQ"},
        {"qi": "AQ"},
    ],
    ids=str,
)
def test_rsa_numbers_that_do_not_fit_are_refused(rsa_jwk: Jwk, change: Jwk) -> None:
    with pytest.raises(ValueError, match="is not a valid RSA key"):
        material.from_jwk(rsa_jwk | change)


@pytest.mark.parametrize("change", [{"d": "AQAB"}, {"e": "AQ", "d": "AQ"}, {"n": "AQAB"}], ids=str)
def test_an_rsa_key_that_cannot_be_completed_is_refused(rsa_jwk: Jwk, change: Jwk) -> None:
    jwk = without(rsa_jwk, "p", "q", "dp", "dq", "qi")
    with pytest.raises(ValueError, match="is not a valid RSA key"):
        material.from_jwk(jwk | change)


ONE = encoded((1).to_bytes(32))


@pytest.mark.parametrize("change", [{"x": ONE}, {"y": ONE}, {"d": ONE}], ids=["x", "y", "d"])
def test_ec_numbers_that_do_not_fit_are_refused(ec_jwk: Jwk, change: Jwk) -> None:
    with pytest.raises(ValueError, match="is not a valid EC key"):
        material.from_jwk(ec_jwk | change)


def test_a_public_point_off_its_curve_is_refused(ec_jwk: Jwk) -> None:
    with pytest.raises(ValueError, match="is not a valid EC key"):
        material.from_jwk(without(ec_jwk, "d") | {"y": ONE})


@pytest.mark.parametrize("octets", [b"\x01" * 31, b"\x01" * 33, b""], ids=["31", "33", "0"])
def test_a_private_number_is_as_long_as_its_curve_says(ec_jwk: Jwk, octets: bytes) -> None:
    with pytest.raises(ValueError, match="member d that is not 32 octets long"):
        material.from_jwk({**ec_jwk, "d": encoded(octets)})


@pytest.mark.parametrize("name", ["x", "y"])
def test_a_coordinate_is_no_longer_than_its_curve_says(ec_jwk: Jwk, name: str) -> None:
    with pytest.raises(ValueError, match=f"member {name} that is more than 32 octets long"):
        material.from_jwk({**ec_jwk, name: encoded(b"\x01" * 33)})


@pytest.fixture(scope="module")
def short_jwk() -> Jwk:
    """A public key on P-256 whose x begins with a zero octet."""
    private = ec.derive_private_key(SHORT_X, ec.SECP256R1())
    return material.to_public_jwk(private.public_key())


def rewritten(jwk: Jwk, name: str, rewrite: Callable[[bytes], bytes], padding: str = "") -> Jwk:
    """Write one number of a JWK in another form."""
    return {**jwk, name: encoded(rewrite(base64url.decode(jwk[name].encode()))) + padding}


@pytest.mark.parametrize(
    ("rewrite", "padding"),
    [
        (lambda octets: octets.lstrip(b"\0"), ""),
        (lambda octets: b"\0" + octets, ""),
        (lambda octets: octets, "="),
    ],
    ids=["without its zero", "with a zero more", "padded"],
)
def test_a_coordinate_in_an_odd_form_is_the_same(
    short_jwk: Jwk, rewrite: Callable[[bytes], bytes], padding: str
) -> None:
    odd = rewritten(short_jwk, "x", rewrite, padding)
    assert odd != short_jwk
    assert material.to_public_jwk(material.from_jwk(odd)) == short_jwk  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["n", "e"])
def test_an_rsa_number_in_an_odd_form_is_the_same(rsa_jwk: Jwk, name: str) -> None:
    public = {key: rsa_jwk[key] for key in ("kty", "n", "e")}
    odd = rewritten(public, name, lambda octets: b"\0" + octets, "==")
    assert material.to_public_jwk(material.from_jwk(odd)) == public  # type: ignore[arg-type]


def test_a_padded_edwards_key_is_the_same(okp_jwk: Jwk) -> None:
    public = {key: okp_jwk[key] for key in ("kty", "crv", "x")}
    odd = public | {"x": public["x"] + "="}
    assert material.to_public_jwk(material.from_jwk(odd)) == public  # type: ignore[arg-type]


@pytest.mark.parametrize("crv", ["secp256k1", "P-224", "p-256", "Ed25519", ""])
def test_another_ec_curve_is_refused(ec_jwk: Jwk, crv: str) -> None:
    with pytest.raises(ValueError, match="has a crv other than P-256, P-384, P-521"):
        material.from_jwk({**ec_jwk, "crv": crv})


@pytest.mark.parametrize("crv", ["Ed448", "P-256", "ed25519", "x25519", "X448"])
def test_another_okp_curve_is_refused(okp_jwk: Jwk, crv: str) -> None:
    with pytest.raises(ValueError, match=r"has a crv other than Ed25519, X25519$"):
        material.from_jwk({**okp_jwk, "crv": crv})


@pytest.mark.parametrize("name", ["x", "d"])
@pytest.mark.parametrize("octets", [b"\x01" * 31, b"\x01" * 32, b""], ids=["31", "another", "0"])
def test_okp_octets_that_do_not_fit_are_refused(okp_jwk: Jwk, name: str, octets: bytes) -> None:
    with pytest.raises(ValueError, match="is not a valid OKP key"):
        material.from_jwk({**okp_jwk, name: encoded(octets)})


@pytest.mark.parametrize("kty", ["LMS", "ec", "rsa", "OCT", ""])
def test_another_kty_is_refused(kty: str) -> None:
    with pytest.raises(ValueError, match="has a kty other than oct, RSA, EC, OKP, AKP"):
        material.from_jwk({"kty": kty})


@pytest.mark.parametrize(
    ("fixture", "name"),
    [
        ("rsa_jwk", "kty"),
        ("rsa_jwk", "n"),
        ("rsa_jwk", "e"),
        ("ec_jwk", "crv"),
        ("ec_jwk", "x"),
        ("ec_jwk", "y"),
        ("okp_jwk", "crv"),
        ("okp_jwk", "x"),
    ],
)
@pytest.mark.parametrize("value", [None, 7, ["AQAB"]], ids=["null", "number", "list"])
def test_a_member_that_is_not_text_is_refused(
    request: pytest.FixtureRequest, fixture: str, name: str, value: object
) -> None:
    with pytest.raises(ValueError, match=f"member {name}"):
        material.from_jwk({**request.getfixturevalue(fixture), name: value})


@pytest.mark.parametrize("value", ["AA==", "AB", "A", "+/8", "AA\n", "\udcff", "é"])
def test_a_member_is_canonical_base64url(value: str) -> None:
    with pytest.raises(ValueError, match="no canonical base64url member k"):
        material.from_jwk({"kty": "oct", "k": value})


@pytest.mark.parametrize("name", ["d", "p", "qi"])
def test_a_refusal_names_no_number_of_the_key(rsa_jwk: Jwk, name: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - that is asserted below
        material.from_jwk({**rsa_jwk, name: rsa_jwk["dp"]})
    assert (str(caught.value), caught.value.__cause__) == ("is not a valid RSA key", None)


@pytest.mark.parametrize("alg", ["RS256", "ES256", "ES384", "ES512", "EdDSA", "ML-DSA-65"])
def test_a_public_key_is_written_and_read_back(
    private_keys: dict[str, PrivateKey], alg: str
) -> None:
    public = private_keys[alg].public_key()
    assert material.from_jwk(material.to_public_jwk(public)) == public


@pytest.mark.parametrize(
    ("alg", "names"),
    [
        ("RS256", "e kty n"),
        ("ES512", "crv kty x y"),
        ("EdDSA", "crv kty x"),
        ("ML-DSA-44", "alg kty pub"),
    ],
)
def test_a_public_key_has_the_members_of_its_thumbprint(
    private_keys: dict[str, PrivateKey], alg: str, names: str
) -> None:
    assert list(material.to_public_jwk(private_keys[alg].public_key())) == names.split()


def test_a_coordinate_keeps_its_leading_zeros() -> None:
    # The least private number whose public x begins with a zero octet on this curve.
    public = ec.derive_private_key(SHORT_X, ec.SECP256R1()).public_key()
    assert len(material.to_public_jwk(public)["x"]) == 43


@pytest.mark.parametrize(
    ("alg", "kind"),
    [
        ("RS256", ("RSA", None, 2048)),
        ("ES256", ("EC", "P-256", 256)),
        ("ES384", ("EC", "P-384", 384)),
        ("ES512", ("EC", "P-521", 521)),
        ("EdDSA", ("OKP", "Ed25519", 256)),
        ("ML-DSA-44", ("AKP", "ML-DSA-44", 10_496)),
        ("ML-DSA-65", ("AKP", "ML-DSA-65", 15_616)),
        ("ML-DSA-87", ("AKP", "ML-DSA-87", 20_736)),
    ],
)
def test_a_pair_and_its_public_key_are_of_one_kind(
    private_keys: dict[str, PrivateKey], alg: str, kind: tuple[str, str | None, int]
) -> None:
    private = private_keys[alg]
    assert material.kind_of(private) == material.kind_of(private.public_key()) == kind


def test_a_secret_is_of_its_own_kind() -> None:
    assert material.kind_of(b"12345678") == ("oct", None, 64)


def test_a_curve_without_an_algorithm_is_of_no_kind() -> None:
    private = ec.generate_private_key(ec.SECP224R1())
    with pytest.raises(ValueError, match="curve secp224r1, which is not supported"):
        material.kind_of(private)


@pytest.mark.parametrize(
    "generate",
    [ed448.Ed448PrivateKey.generate, x448.X448PrivateKey.generate],
    ids=["Ed448", "X448"],
)
def test_a_key_of_another_kind_is_refused(generate: Any) -> None:
    key = generate()
    with pytest.raises(
        ValueError, match=r"of the kind .+, which is not supported; `flask tokenguard keygen"
    ):
        material.kind_of(key)


def test_a_key_for_an_agreement_is_of_a_kind_of_its_own() -> None:
    assert material.kind_of(x25519.X25519PrivateKey.generate()) == ("OKP", "X25519", 256)


def test_a_public_key_is_its_own_public_part(private_keys: dict[str, PrivateKey]) -> None:
    public = private_keys["ES256"].public_key()
    assert material.public_part(public) is public


def test_an_ordinary_rsa_modulus_is_not_weak(private_keys: dict[str, PrivateKey]) -> None:
    assert not material.is_weak_rsa(private_keys["RS256"].public_key())


def test_a_key_of_another_type_is_not_a_weak_rsa_key(private_keys: dict[str, PrivateKey]) -> None:
    assert not material.is_weak_rsa(private_keys["ES256"].public_key())
