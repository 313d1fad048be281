"""Encryption by hand-made and foreign tokens: keys."""

import copy
import pickle
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from flask_tokenguard.jose import jwe, material
from flask_tokenguard.jose.jwe import EncryptionKey
from flask_tokenguard.jose.jwk import KeySet
from flask_tokenguard.jose.material import Material

from ..tokens import factorable_rsa_key
from .support import (
    INNER,
    ONE_ANSWER,
    WAYS,
    each_way,
    header_of,
    refusal,
    sealed,
)

each_pair_way = pytest.mark.parametrize(
    ("alg", "kind", "enc"), [way for way in WAYS if "octets" not in way[1]]
)


def public_part(key: Material) -> Material:
    """Derive the public key of a pair."""
    assert not isinstance(key, bytes)
    return material.public_part(key)


@each_way
def test_what_a_key_encrypts_it_decrypts(
    materials: dict[str, Material], alg: str, kind: str, enc: str
) -> None:
    key = EncryptionKey(materials[kind], alg=alg, enc=enc)
    token = key.encrypt(INNER.encode(), {"cty": "JWT"})
    assert jwe.decrypt(token, KeySet([key])) == INNER


@each_way
def test_a_token_says_how_it_is_encrypted(
    materials: dict[str, Material], alg: str, kind: str, enc: str
) -> None:
    key = EncryptionKey(materials[kind], alg=alg, enc=enc, kid="one")
    header = header_of(key.encrypt(INNER.encode(), {"cty": "JWT"}))
    assert {name: header[name] for name in ("alg", "enc", "kid", "cty")} == {
        "alg": alg,
        "enc": enc,
        "kid": "one",
        "cty": "JWT",
    }


@each_pair_way
def test_a_public_key_encrypts_to_its_private_key(
    materials: dict[str, Material], alg: str, kind: str, enc: str
) -> None:
    private = EncryptionKey(materials[kind], alg=alg, enc=enc)
    public = EncryptionKey(public_part(materials[kind]), alg=alg, enc=enc)
    token = public.encrypt(INNER.encode(), {})
    assert jwe.decrypt(token, KeySet([private])) == INNER
    assert (public.is_private, private.is_private) == (False, True)


@each_pair_way
def test_a_public_key_does_not_decrypt(
    materials: dict[str, Material], alg: str, kind: str, enc: str
) -> None:
    public = EncryptionKey(public_part(materials[kind]), alg=alg, enc=enc)
    assert refusal(public.encrypt(INNER.encode(), {}), public) == ONE_ANSWER


@each_way
def test_no_two_tokens_of_one_text_are_the_same(
    materials: dict[str, Material], alg: str, kind: str, enc: str
) -> None:
    key = EncryptionKey(materials[kind], alg=alg, enc=enc)
    one, other = (key.encrypt(INNER.encode(), {}).split(".") for _ in range(2))
    assert one[2:] != other[2:]
    assert not set(one[2:]) & set(other[2:])


@pytest.mark.parametrize(
    ("kind", "alg", "enc"),
    [
        ("16 octets", "A128KW", "A256GCM"),
        ("32 octets", "A256KW", "A256GCM"),
        ("64 octets", "dir", "A256CBC-HS512"),
        ("RSA", "RSA-OAEP-256", "A256GCM"),
        ("P-256", "ECDH-ES+A256KW", "A256GCM"),
        ("P-384", "ECDH-ES+A256KW", "A256GCM"),
        ("X25519", "ECDH-ES+A256KW", "A256GCM"),
    ],
)
def test_a_key_of_which_nothing_is_said_has_a_default(
    materials: dict[str, Material], kind: str, alg: str, enc: str
) -> None:
    key = EncryptionKey(materials[kind])
    assert (key.alg, key.enc, set(key.algs), key.use) == (alg, enc, {alg}, "enc")


@pytest.mark.parametrize("alg", ["RSA1_5", "RSA-OAEP", "PBES2-HS256+A128KW", "A192KW", "none", ""])
def test_a_key_is_not_bound_to_an_alg_that_is_never_allowed(alg: str) -> None:
    with pytest.raises(ValueError, match=r"names the algorithm .* which is not supported"):
        EncryptionKey(secrets.token_bytes(32), alg=alg)


@pytest.mark.parametrize("enc", ["A192GCM", "A192CBC-HS384", "A256KW", "none", ""])
def test_a_key_is_not_bound_to_an_enc_that_is_never_allowed(enc: str) -> None:
    with pytest.raises(ValueError, match=r"names the content encryption .* which is not supported"):
        EncryptionKey(secrets.token_bytes(32), enc=enc)


@pytest.mark.parametrize(
    ("kind", "alg"),
    [
        ("16 octets", "A256KW"),
        ("32 octets", "A128KW"),
        ("64 octets", "A256KW"),
        ("16 octets", "A256GCMKW"),
        ("32 octets", "RSA-OAEP-256"),
        ("RSA", "A256KW"),
        ("RSA", "dir"),
        ("P-256", "RSA-OAEP-256"),
        ("X25519", "dir"),
    ],
)
def test_a_key_is_not_bound_to_an_alg_of_another_kind(
    materials: dict[str, Material], kind: str, alg: str
) -> None:
    with pytest.raises(ValueError, match=f"which {alg} does not take"):
        EncryptionKey(materials[kind], alg=alg)


@pytest.mark.parametrize(
    ("kind", "enc"),
    [("16 octets", "A256GCM"), ("32 octets", "A256CBC-HS512"), ("64 octets", "A128CBC-HS256")],
)
def test_a_direct_key_has_the_length_that_its_enc_takes(
    materials: dict[str, Material], kind: str, enc: str
) -> None:
    with pytest.raises(ValueError, match=f"bits long, which {enc} does not take"):
        EncryptionKey(materials[kind], alg="dir", enc=enc)


@pytest.mark.parametrize("size", [0, 1, 15, 17, 24, 31, 33, 48, 63, 65])
def test_a_secret_of_another_length_is_no_key(size: int) -> None:
    with pytest.raises(ValueError, match=f"oct of {size * 8} bits"):
        EncryptionKey(b"x" * size)


def test_an_rsa_key_is_at_least_2048_bits_long() -> None:
    with pytest.raises(ValueError, match="RSA of 1024 bits"):
        EncryptionKey(rsa.generate_private_key(65537, 1024))  # noqa: S505 - it is refused


def test_an_rsa_modulus_that_can_be_factored_is_refused() -> None:
    with pytest.raises(ValueError, match="CVE-2017-15361"):
        EncryptionKey(factorable_rsa_key())


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP521R1()), ed25519.Ed25519PrivateKey.generate()]
)
def test_a_key_of_a_curve_that_is_not_allowed_is_refused(key: Material) -> None:
    with pytest.raises(
        ValueError, match="which cannot encrypt; `flask tokenguard keygen --alg A256KW"
    ):
        EncryptionKey(key)


def test_key_ops_that_allow_no_encryption_are_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match="key_ops"):
        EncryptionKey(octets, key_ops=["sign", "verify"])


@pytest.mark.parametrize("key_ops", [["wrapKey", "unwrapKey"], ["unwrapKey", "sign"]])
def test_key_ops_that_allow_it_are_taken(octets: bytes, key_ops: list[str]) -> None:
    assert EncryptionKey(octets, key_ops=key_ops).alg == "A256KW"


def test_a_secret_that_may_only_wrap_does_not_unwrap(octets: bytes) -> None:
    key = EncryptionKey(octets, key_ops=["wrapKey"])
    assert not key.is_private
    assert refusal(key.encrypt(INNER.encode(), {}), key) == ONE_ANSWER


def test_a_pair_is_named_by_its_thumbprint() -> None:
    private = x25519.X25519PrivateKey.generate()
    name = material.thumbprint(private.public_key())
    assert EncryptionKey(private).kid == EncryptionKey(private.public_key()).kid == name


def test_a_secret_has_no_name_unless_it_is_given_one(octets: bytes) -> None:
    assert EncryptionKey(octets).kid is None
    assert "kid" not in header_of(EncryptionKey(octets).encrypt(b"", {}))


@pytest.mark.parametrize("kind", ["32 octets", "RSA", "P-256", "X25519"])
def test_a_key_never_shows_its_material(materials: dict[str, Material], kind: str) -> None:
    key = EncryptionKey(materials[kind], kid="one")
    assert repr(key) == f"<private {key.alg} A256GCM EncryptionKey, kid 'one'>"
    assert not hasattr(key, "__dict__")


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_key_is_not_copied(key: EncryptionKey, duplicate: Any) -> None:
    with pytest.raises(TypeError, match="not copied or serialized"):
        duplicate(key)


def test_a_token_made_by_hand_is_decrypted(octets: bytes, key: EncryptionKey) -> None:
    assert jwe.decrypt(sealed(octets), KeySet([key])) == INNER


@pytest.mark.parametrize("cty", ["JWT", "jwt", "application/jwt", "APPLICATION/JWT"])
def test_a_token_may_say_that_it_holds_a_token(octets: bytes, key: EncryptionKey, cty: str) -> None:
    token = sealed(octets, {"alg": "dir", "enc": "A256GCM", "cty": cty})
    assert jwe.decrypt(token, KeySet([key])) == INNER


@pytest.mark.parametrize("typ", ["JWT", "JOSE", "at+jwt", "anything/else"])
def test_the_typ_outside_does_not_matter(octets: bytes, key: EncryptionKey, typ: str) -> None:
    token = sealed(octets, {"alg": "dir", "enc": "A256GCM", "typ": typ})
    assert jwe.decrypt(token, KeySet([key])) == INNER
