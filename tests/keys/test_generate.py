"""New keys, and the forms in which they are kept."""

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from flask_tokenguard.jose import material
from flask_tokenguard.jose.algorithms import ENCRYPTION_ALGORITHMS, SIGNATURE_ALGORITHMS
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.keys.generate import generate, to_jwk, to_pem, to_public_pem, use_of

from .conftest import PASSWORD


def pair(alg: str) -> PrivateKey:
    """Make a key pair."""
    key = generate(alg)
    assert not isinstance(key, bytes)
    return key


@pytest.mark.parametrize("alg", SIGNATURE_ALGORITHMS)
def test_a_new_key_serves_its_signature_algorithm(alg: str) -> None:
    key = Key(generate(alg), alg=alg)
    assert key.is_private
    assert key.verify(b"message", key.sign(b"message"))


@pytest.mark.parametrize("alg", ENCRYPTION_ALGORITHMS)
def test_a_new_key_is_of_a_kind_its_encryption_algorithm_takes(alg: str) -> None:
    kty, crv, _ = material.kind_of(generate(alg))
    assert (kty, crv) in [kind[:2] for kind in ENCRYPTION_ALGORITHMS[alg]]


@pytest.mark.parametrize("crv", ["P-256", "P-384", "X25519"])
def test_a_key_for_an_agreement_is_on_the_curve_asked_for(crv: str) -> None:
    assert material.kind_of(generate("ECDH-ES", crv=crv)).subtype == crv


def test_a_key_for_an_agreement_is_on_x25519_unless_told() -> None:
    assert material.kind_of(generate("ECDH-ES")).subtype == "X25519"


@pytest.mark.parametrize(
    ("alg", "crv"), [("ECDH-ES", "Ed25519"), ("ECDH-ES", "P-521"), ("A256KW", "P-256")]
)
def test_a_curve_that_the_algorithm_does_not_take_is_refused(alg: str, crv: str) -> None:
    with pytest.raises(ValueError, match=f"{alg} does not take the curve {crv}"):
        generate(alg, crv=crv)


@pytest.mark.parametrize(
    ("enc", "octets"),
    [("A128GCM", 16), ("A256GCM", 32), ("A128CBC-HS256", 32), ("A256CBC-HS512", 64), (None, 64)],
)
def test_a_direct_key_is_as_long_as_the_content_encryption_wants(
    enc: str | None, octets: int
) -> None:
    key = generate("dir", enc=enc)
    assert isinstance(key, bytes)
    assert len(key) == octets


def test_a_new_rsa_key_has_3072_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert material.kind_of(generate("RS256")) == ("RSA", None, 3072)


def test_two_secrets_differ() -> None:
    assert generate("HS256") != generate("HS256")


@pytest.mark.parametrize(("alg", "use"), [("HS256", "sig"), ("EdDSA", "sig"), ("dir", "enc")])
def test_an_algorithm_has_a_use(alg: str, use: str) -> None:
    assert use_of(alg) == use


@pytest.mark.parametrize("alg", ["none", "hs256", "RSA1_5", ""])
def test_an_unknown_algorithm_is_refused_with_the_known_ones(alg: str) -> None:
    with pytest.raises(ValueError, match=r" is not one of HS256, .*ES256.*A256KW"):
        generate(alg)


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_pem_gives_the_key_back(password: str | None) -> None:
    key = pair("ES256")
    octets = password.encode() if password is not None else None
    read = load_pem_private_key(to_pem(key, password), octets)
    assert read.public_key() == key.public_key()


def test_public_pem_gives_the_public_key(private_keys: dict[str, PrivateKey]) -> None:
    key = private_keys["ES384"]
    assert load_pem_public_key(to_public_pem(key)) == key.public_key()


@pytest.mark.parametrize("alg", ["HS256", "RS256", "ES256", "ES512", "EdDSA", "ECDH-ES"])
def test_a_private_jwk_gives_the_key_back(alg: str) -> None:
    key = generate(alg)
    read = material.from_jwk(to_jwk(key, private=True))
    assert isinstance(read, bytes) == isinstance(key, bytes)
    assert to_jwk(read, private=True) == to_jwk(key, private=True)


def test_a_public_jwk_has_no_private_member(private_keys: dict[str, PrivateKey]) -> None:
    key = private_keys["RS256"]
    assert to_jwk(key, private=False) == material.to_public_jwk(key.public_key())


def test_the_jwk_of_a_public_key_is_public_whatever_is_asked(
    private_keys: dict[str, PrivateKey],
) -> None:
    public = private_keys["ES256"].public_key()
    assert to_jwk(public, private=True) == material.to_public_jwk(public)


def test_a_secret_has_no_public_jwk() -> None:
    with pytest.raises(ValueError, match="a secret has no public part"):
        to_jwk(b"x" * 32, private=False)


def test_a_jwk_says_what_it_is_told_and_no_none() -> None:
    jwk = to_jwk(b"x" * 32, private=True, kid="k", alg="HS256", use=None)
    assert (jwk["kid"], jwk["alg"]) == ("k", "HS256")
    assert "use" not in jwk
