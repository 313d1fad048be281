"""Signatures (RFC 7515, RFC 7518 section 3)."""

import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from flask_tokenguard import ConfigurationError
from flask_tokenguard.jose import jws
from flask_tokenguard.jose.algorithms import SIGNATURE_ALGORITHMS
from flask_tokenguard.jose.jwk import Key, fitting
from flask_tokenguard.jose.material import Material


def test_the_algorithms_are_those_of_the_design() -> None:
    assert " ".join(SIGNATURE_ALGORITHMS) == (
        "HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519"
        " ML-DSA-44 ML-DSA-65 ML-DSA-87"
    )


@pytest.mark.parametrize("alg", SIGNATURE_ALGORITHMS)
def test_every_algorithm_has_its_object(alg: str) -> None:
    assert jws.algorithm(alg) is not None


@pytest.mark.parametrize("alg", ["none", "ES256K", "Ed448", "hs256"])
def test_there_is_no_object_for_another_name(alg: str) -> None:
    with pytest.raises(KeyError):
        jws.algorithm(alg)


@pytest.mark.parametrize(
    "names",
    [
        "HS256 HS384 HS512",
        "RS256 RS384 RS512 PS256 PS384 PS512",
        "ES512",
        "EdDSA Ed25519",
        "ML-DSA-44",
        "ML-DSA-87",
    ],
)
def test_a_kind_of_key_has_its_algorithms(materials: dict[str, Material], names: str) -> None:
    first, *others = names.split()
    assert fitting(materials[first]) == (first, *others)


def test_a_key_for_encryption_alone_has_no_signature_algorithm() -> None:
    assert fitting(x25519.X25519PrivateKey.generate()) == ()


@pytest.mark.parametrize("alg", SIGNATURE_ALGORITHMS)
@pytest.mark.parametrize("size", [0, 1, 31, 32, 63, 64, 65, 96, 132, 255, 256, 257, 4096])
def test_octets_that_are_no_signature_are_not_valid(
    keys: dict[str, Key], alg: str, size: int
) -> None:
    assert keys[alg].verify(b"message", b"\x01" * size) is False


@pytest.mark.parametrize("alg", SIGNATURE_ALGORITHMS)
def test_a_signature_with_an_octet_more_is_not_valid(keys: dict[str, Key], alg: str) -> None:
    assert keys[alg].verify(b"message", keys[alg].sign(b"message") + b"\0") is False


@pytest.mark.parametrize(
    ("alg", "size"),
    [
        ("ES256", 64),
        ("ES384", 96),
        ("ES512", 132),
        ("EdDSA", 64),
        ("HS512", 64),
        ("ML-DSA-44", 2420),
        ("ML-DSA-65", 3309),
        ("ML-DSA-87", 4627),
    ],
)
def test_a_signature_is_as_long_as_its_standard_has_it(
    keys: dict[str, Key], alg: str, size: int
) -> None:
    assert len(keys[alg].sign(b"message")) == size


@pytest.mark.parametrize(("alg", "size"), [("ES256", 32), ("ES384", 48), ("ES512", 66)])
def test_small_numbers_of_a_signature_are_filled_up(alg: str, size: int) -> None:
    key = Mock(sign=Mock(return_value=encode_dss_signature(1, 2)))
    signature = jws.algorithm(alg).sign(b"message", key)
    assert signature == (1).to_bytes(size) + (2).to_bytes(size)


@pytest.mark.parametrize(("one", "other"), [("RS256", "PS256"), ("RS256", "RS512")])
def test_a_signature_of_another_algorithm_is_not_valid(
    keys: dict[str, Key], one: str, other: str
) -> None:
    assert keys[other].verify(b"message", keys[one].sign(b"message")) is False


@pytest.mark.parametrize(
    ("key", "is_imported"),
    [
        pytest.param("b'correct horse battery staple and so on'", False, id="a secret"),
        pytest.param("ec.generate_private_key(ec.SECP256R1())", False, id="EC"),
        pytest.param("ed25519.Ed25519PrivateKey.generate()", False, id="Ed25519"),
        pytest.param("rsa.generate_private_key(65537, 2048)", True, id="RSA"),
    ],
)
def test_pyjwt_is_imported_when_a_key_asks_for_it(key: str, is_imported: bool) -> None:
    code = (
        "import sys, flask_tokenguard; from flask_tokenguard.jose.jwk import Key;"
        " from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa;"
        f" key = Key({key}); assert key.verify(b'x', key.sign(b'x')); print('jwt' in sys.modules)"
    )
    run = subprocess.run(  # noqa: S603 - our own code, by the interpreter that runs this
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout == f"{is_imported}\n"


@pytest.mark.parametrize("alg", SIGNATURE_ALGORITHMS)
def test_a_signatures_length_is_known_before_it_is_made(keys: dict[str, Key], alg: str) -> None:
    assert keys[alg].signature_size == len(keys[alg].sign(b"message"))


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_another_package_in_place_of_pyjwt_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alg: str
) -> None:
    # As the PyPI package jwt leaves PyJWT: its `jwt`, without what PyJWT's modules import of it.
    (tmp_path / "jwt.py").write_text("class JWTException(Exception): ...")
    for name in [name for name in sys.modules if name.partition(".")[0] == "jwt"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        jws.algorithm.__wrapped__(alg)
    assert str(caught.value) == (
        f"PyJWT cannot be imported: `import jwt` finds {tmp_path / 'jwt.py'}, where the PyPI"
        " package jwt or a file of that name stands in for it; type `pip uninstall jwt` and `pip"
        " install --force-reinstall pyjwt`"
    )
    sys.modules.pop("jwt", None)
