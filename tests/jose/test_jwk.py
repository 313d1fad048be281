"""Keys with one algorithm each, and sets of them (RFC 7517)."""

import copy
import pickle
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from flask_tokenguard.jose.compact import Header
from flask_tokenguard.jose.jwk import Key, KeySet
from flask_tokenguard.jose.material import Material, PrivateKey, thumbprint, to_public_jwk

from .tokens import encoded, factorable_rsa_key

SECRET = b"0123456789abcdef" * 4


def secret_jwk(**members: Any) -> dict[str, Any]:
    """Write the secret as a JWK with further members."""
    return {"kty": "oct", "k": encoded(SECRET), **members}


def header(alg: str, kid: str | None = None) -> Header:
    """Write what the header of a token names of its key."""
    return Header(alg, kid, None, {})


def public_jwk(private: PrivateKey, **members: Any) -> dict[str, Any]:
    """Write a public JWK with further members."""
    return {**to_public_jwk(private.public_key()), **members}


@pytest.mark.parametrize(
    ("name", "alg"),
    [
        ("HS512", "HS256"),
        ("PS512", "RS256"),
        ("ES256", "ES256"),
        ("ES384", "ES384"),
        ("ES512", "ES512"),
        ("EdDSA", "EdDSA"),
    ],
)
def test_a_key_has_its_default_algorithm(
    materials: dict[str, Material], name: str, alg: str
) -> None:
    assert Key(materials[name]).alg == alg


def test_a_key_signs_with_the_algorithm_it_is_given(materials: dict[str, Material]) -> None:
    assert Key(materials["RS256"], alg="PS384", preferred_alg="RS512").alg == "PS384"


def test_a_preferred_algorithm_is_taken_where_the_key_admits_it() -> None:
    assert Key(SECRET, preferred_alg="HS512").alg == "HS512"


def test_a_preferred_algorithm_that_does_not_fit_is_passed_over() -> None:
    assert Key(SECRET, preferred_alg="ES256").alg == "HS256"


@pytest.mark.parametrize("alg", ["HS256", "RS512", "PS256", "ES384"])
def test_a_key_verifies_its_own_algorithm_alone(keys: dict[str, Key], alg: str) -> None:
    assert keys[alg].algs == {alg}


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_a_key_for_ed25519_verifies_both_of_its_names(keys: dict[str, Key], alg: str) -> None:
    assert (keys[alg].alg, keys[alg].algs) == (alg, frozenset({"EdDSA", "Ed25519"}))


def test_every_key_verifies_what_it_signs(keys: dict[str, Key]) -> None:
    verdicts = {alg: key.verify(b"message", key.sign(b"message")) for alg, key in keys.items()}
    assert set(verdicts.values()) == {True}


def test_no_key_verifies_another_message(keys: dict[str, Key]) -> None:
    verdicts = {alg: key.verify(b"massage", key.sign(b"message")) for alg, key in keys.items()}
    assert set(verdicts.values()) == {False}


def test_a_public_key_is_named_by_its_thumbprint(private_keys: dict[str, PrivateKey]) -> None:
    public = private_keys["ES256"].public_key()
    assert Key(public).kid == thumbprint(public)


def test_a_pair_and_its_public_key_have_the_same_name(private_keys: dict[str, PrivateKey]) -> None:
    private = private_keys["EdDSA"]
    assert Key(private).kid == Key(private.public_key()).kid


def test_a_given_kid_comes_before_the_thumbprint(private_keys: dict[str, PrivateKey]) -> None:
    assert Key(private_keys["ES256"], kid="mine").kid == "mine"


def test_a_secret_has_no_name_unless_it_is_given() -> None:
    assert (Key(SECRET).kid, Key(SECRET, kid="mine").kid) == (None, "mine")


def test_a_public_key_is_not_private(private_keys: dict[str, PrivateKey]) -> None:
    private = private_keys["RS256"]
    assert (Key(private).is_private, Key(private.public_key()).is_private) == (True, False)


def test_a_secret_signs() -> None:
    assert Key(SECRET).is_private


@pytest.mark.parametrize(
    ("alg", "size"), [("HS256", 32), ("HS384", 48), ("HS512", 64)], ids=["256", "384", "512"]
)
def test_a_secret_is_as_long_as_the_hash(alg: str, size: int) -> None:
    assert Key(b"\xa5" * size, alg=alg).alg == alg


@pytest.mark.parametrize(
    ("alg", "size"), [("HS256", 31), ("HS384", 47), ("HS512", 63)], ids=["256", "384", "512"]
)
def test_a_shorter_secret_is_refused(alg: str, size: int) -> None:
    with pytest.raises(ValueError, match=f"bits long; {alg} takes at least"):
        Key(b"\xa5" * size, alg=alg)


@pytest.mark.parametrize("alg", ["none", "None", "hs256", "ES256K", "Ed448", "ES521", "A256KW", ""])
def test_an_algorithm_that_is_not_supported_is_refused(alg: str) -> None:
    with pytest.raises(ValueError, match="not supported"):
        Key(SECRET, alg=alg)


@pytest.mark.parametrize(
    ("name", "alg"),
    [
        ("HS512", "RS256"),
        ("RS256", "HS256"),
        ("RS256", "ES256"),
        ("ES256", "HS256"),
        ("ES256", "ES384"),
        ("ES384", "ES256"),
        ("ES512", "ES256"),
        ("EdDSA", "ES256"),
        ("EdDSA", "HS256"),
        ("ML-DSA-44", "ML-DSA-65"),
        ("ML-DSA-65", "HS256"),
        ("ES256", "ML-DSA-44"),
    ],
)
def test_an_algorithm_that_the_key_does_not_fit_is_refused(
    materials: dict[str, Material], name: str, alg: str
) -> None:
    with pytest.raises(ValueError, match=f"{alg} does not take"):
        Key(materials[name], alg=alg)


def test_a_short_rsa_key_is_refused() -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 - what must be refused
    with pytest.raises(ValueError, match="1024 bits long; RS256 takes at least 2048"):
        Key(short)


def test_a_curve_that_no_algorithm_of_ours_uses_is_refused() -> None:
    private = ec.generate_private_key(ec.SECP256K1())
    with pytest.raises(ValueError, match="curve secp256k1"):
        Key(private)


def test_an_rsa_modulus_that_can_be_factored_is_refused() -> None:
    with pytest.raises(ValueError, match="CVE-2017-15361"):
        Key(factorable_rsa_key())


@pytest.mark.parametrize("use", ["enc", "", "SIG", "verify"])
def test_another_use_is_refused(use: str) -> None:
    with pytest.raises(ValueError, match="the use"):
        Key(SECRET, use=use)


def test_a_key_may_say_that_it_signs() -> None:
    assert Key(SECRET, use="sig").use == "sig"


def test_a_jwk_says_its_algorithm_and_name() -> None:
    key = Key.from_jwk(secret_jwk(alg="HS384", kid="k", use="sig"))
    assert (key.alg, key.kid, key.use) == ("HS384", "k", "sig")


def test_what_a_jwk_leaves_open_is_filled_in() -> None:
    key = Key.from_jwk(secret_jwk(), alg="HS512", kid="k", use="sig")
    assert (key.alg, key.kid) == ("HS512", "k")


def test_a_jwk_comes_before_a_preferred_algorithm() -> None:
    assert Key.from_jwk(secret_jwk(alg="HS384"), preferred_alg="HS512").alg == "HS384"


@pytest.mark.parametrize(
    ("member", "beside"),
    [
        ({"alg": "HS256"}, {"alg": "HS512"}),
        ({"kid": "a"}, {"kid": "b"}),
        ({"use": "enc"}, {"use": "sig"}),
    ],
    ids=["alg", "kid", "use"],
)
def test_a_jwk_that_says_otherwise_is_refused(
    member: dict[str, str], beside: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match="beside it"):
        Key.from_jwk(secret_jwk(**member), alg=beside.get("alg"), kid=beside.get("kid"), use="sig")


@pytest.mark.parametrize("name", ["alg", "kid", "use"])
@pytest.mark.parametrize("value", [7, True, ["HS256"], {}])
def test_a_member_that_is_not_text_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"has a {name} that is not text"):
        Key.from_jwk(secret_jwk(**{name: value}))


@pytest.mark.parametrize("jwk", [{"alg": "A256KW"}, {"alg": "RSA-OAEP"}, {"alg": "ES256"}])
def test_a_jwk_for_another_purpose_is_refused(jwk: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"not supported|does not take"):
        Key.from_jwk(secret_jwk(**jwk))


@pytest.mark.parametrize("key_ops", [["encrypt", "decrypt"], ["deriveKey"], [], ["SIGN"]])
def test_key_ops_that_allow_no_signature_are_refused(key_ops: list[str]) -> None:
    with pytest.raises(ValueError, match="neither to sign nor to verify"):
        Key.from_jwk(secret_jwk(key_ops=key_ops))


@pytest.mark.parametrize("key_ops", ["sign", {"sign": 1}, ["verify", 1], 7])
def test_key_ops_are_a_list_of_texts(key_ops: object) -> None:
    with pytest.raises(ValueError, match="key_ops that are not a list"):
        Key.from_jwk(secret_jwk(key_ops=key_ops))


@pytest.mark.parametrize(
    ("key_ops", "is_private"),
    [(["sign", "verify"], True), (["sign"], True), (["verify"], False), (["verify", "x"], False)],
)
def test_key_ops_say_whether_a_key_signs(key_ops: list[str], is_private: bool) -> None:
    assert Key.from_jwk(secret_jwk(key_ops=key_ops)).is_private is is_private


def test_a_public_key_whose_key_ops_forbid_to_verify_is_refused(
    private_keys: dict[str, PrivateKey],
) -> None:
    jwk = public_jwk(private_keys["ES256"], key_ops=["sign"])
    with pytest.raises(ValueError, match="key_ops"):
        Key.from_jwk(jwk)


@pytest.mark.parametrize("alg", ["HS256", "RS256", "ES256", "EdDSA"])
def test_a_repr_shows_no_material(keys: dict[str, Key], alg: str) -> None:
    assert repr(keys[alg]) == f"<private {alg} Key, kid {keys[alg].kid!r}>"


def test_a_repr_tells_a_public_key(private_keys: dict[str, PrivateKey]) -> None:
    assert repr(Key(private_keys["ES256"].public_key(), kid="k")) == "<public ES256 Key, kid 'k'>"


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_key_is_neither_copied_nor_serialized(take: Any) -> None:
    key = Key(SECRET)
    with pytest.raises(TypeError, match="not copied or serialized"):
        take(key)


@pytest.mark.parametrize("name", ["secret", "__dict__"])
def test_a_key_takes_no_further_attributes(name: str) -> None:
    key = Key(SECRET)
    with pytest.raises((AttributeError, TypeError)):
        setattr(key, name, {})


def test_a_key_is_immutable() -> None:
    key = Key(SECRET)
    with pytest.raises(AttributeError):
        key.alg = "none"


def test_a_kid_finds_its_key() -> None:
    first, second = Key(SECRET, kid="a"), Key(SECRET, kid="b")
    assert list(KeySet([first, second]).find(header("HS256", "b"), "sig")) == [second]


def test_a_kid_that_is_unknown_finds_nothing() -> None:
    keys = KeySet([Key(SECRET, kid="a"), Key(SECRET)])
    assert list(keys.find(header("HS256", "b"), "sig")) == []


@pytest.mark.parametrize("kid", ["a", None])
def test_a_key_for_signatures_is_not_found_for_encryption(kid: str | None) -> None:
    keys = KeySet([Key(SECRET, kid="a")])
    assert list(keys.find(header("HS256", kid), "enc")) == []


def test_a_kid_finds_its_key_whatever_alg_the_header_has() -> None:
    # So that the verifier can say that the algorithm is wrong, not the key.
    key = Key(SECRET, kid="a")
    assert list(KeySet([key]).find(header("none", "a"), "sig")) == [key]


def test_without_a_kid_the_keys_that_fit_are_found(keys: dict[str, Key]) -> None:
    found = KeySet([keys["HS256"], keys["RS256"], keys["HS512"]]).find(header("HS512"), "sig")
    assert list(found) == [keys["HS512"]]


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_both_names_find_an_ed25519_key(keys: dict[str, Key], alg: str) -> None:
    assert list(KeySet([keys["EdDSA"]]).find(header(alg), "sig")) == [keys["EdDSA"]]


@pytest.mark.parametrize("alg", ["none", "", "HS256x"])
def test_an_unknown_algorithm_finds_nothing(keys: dict[str, Key], alg: str) -> None:
    assert list(KeySet([keys["HS256"]]).find(header(alg), "sig")) == []


@pytest.mark.parametrize(("size", "found"), [(4, 4), (5, 0)])
def test_without_a_kid_at_most_four_keys_are_found(size: int, found: int) -> None:
    keys = KeySet(Key(bytes([number]) * 32) for number in range(1, size + 1))
    assert len(list(keys.find(header("HS256"), "sig"))) == found


def test_a_set_holds_a_kid_once() -> None:
    first, second = Key(SECRET, kid="twin"), Key(SECRET[::-1], kid="twin")
    with pytest.raises(ValueError, match="'twin' twice"):
        KeySet([first, second])


def test_a_set_may_hold_several_keys_without_a_kid() -> None:
    keys = [Key(SECRET), Key(SECRET[::-1])]
    assert list(KeySet(keys)) == keys
