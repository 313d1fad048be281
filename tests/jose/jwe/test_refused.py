"""Encryption by hand-made and foreign tokens: refused."""

import hashlib
import secrets
import subprocess
import sys
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from flask_tokenguard.errors import ConfigurationError, InvalidToken
from flask_tokenguard.jose import base64url, jwe, material
from flask_tokenguard.jose.jwe import EncryptionKey
from flask_tokenguard.jose.jwk import KeySet
from flask_tokenguard.jose.material import Material

from .support import (
    ANSWER,
    ENCS,
    INNER,
    ONE_ANSWER,
    WAYS,
    each_way,
    encoded,
    header_of,
    one_of_each,
    refusal,
    sealed,
)

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
each_alg = pytest.mark.parametrize(
    ("alg", "kind", "enc"), [way for way in WAYS if way[2] == "A256GCM"]
)


@pytest.fixture(scope="module")
def others() -> dict[str, Material]:
    """Another key of each kind."""
    return one_of_each()


def agreed(shared: bytes) -> bytes:
    """Derive a content key for A256GCM from a shared secret (RFC 7518 section 4.6.2)."""
    other_info = b"\0\0\0\7A256GCM" + bytes(4) + bytes(4) + (256).to_bytes(4)
    return hashlib.sha256(b"\0\0\0\1" + shared + other_info).digest()


GOOD_HEADER = {"alg": "dir", "enc": "A256GCM"}


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({**GOOD_HEADER, "cty": "jwk-set+json"}, id="another cty"),
        pytest.param({**GOOD_HEADER, "cty": "text/jwt"}, id="a cty of another tree"),
        pytest.param({**GOOD_HEADER, "cty": ""}, id="an empty cty"),
        pytest.param({**GOOD_HEADER, "cty": 1}, id="a cty that is a number"),
        pytest.param({**GOOD_HEADER, "cty": None}, id="a cty that is null"),
        pytest.param({**GOOD_HEADER, "zip": "DEF"}, id="zip"),
        pytest.param({**GOOD_HEADER, "zip": None}, id="a zip that is null"),
        pytest.param({**GOOD_HEADER, "crit": ["exp"], "exp": 1}, id="crit"),
        pytest.param({**GOOD_HEADER, "crit": []}, id="an empty crit"),
        pytest.param({**GOOD_HEADER, "b64": False}, id="b64"),
        pytest.param({**GOOD_HEADER, "kid": "unknown"}, id="an unknown kid"),
        pytest.param({**GOOD_HEADER, "kid": 1}, id="a kid that is a number"),
        pytest.param({**GOOD_HEADER, "enc": "A256CBC-HS512"}, id="another enc"),
        pytest.param({**GOOD_HEADER, "enc": "A128CBC-HS256"}, id="an enc of the same length"),
        pytest.param({**GOOD_HEADER, "enc": "a256gcm"}, id="an enc in lower case"),
        pytest.param({**GOOD_HEADER, "enc": ["A256GCM"]}, id="an enc that is a list"),
        pytest.param({"alg": "dir"}, id="no enc"),
        pytest.param({**GOOD_HEADER, "alg": "A256KW"}, id="another alg"),
        pytest.param({**GOOD_HEADER, "alg": "A256GCMKW"}, id="another alg of the same key"),
        pytest.param({**GOOD_HEADER, "alg": "DIR"}, id="an alg in upper case"),
        pytest.param({**GOOD_HEADER, "alg": "none"}, id="the alg none"),
        pytest.param({**GOOD_HEADER, "alg": ["dir"]}, id="an alg that is a list"),
        pytest.param({"enc": "A256GCM"}, id="no alg"),
        pytest.param(b'{"alg":"dir","enc":"A256GCM","enc":"A256GCM"}', id="a member twice"),
        pytest.param(b'{"alg":"dir","enc":"A256GCM","x":NaN}', id="NaN"),
        pytest.param(b'{"alg":"dir","enc":"A256GCM"} x', id="text after the object"),
        pytest.param(b'["dir"]', id="a list"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param(
            b'{"alg":"dir","enc":"A256GCM","x":' + b"[" * 99 + b"]" * 99 + b"}", id="deep"
        ),
    ],
)
def test_a_changed_header_is_refused_though_it_authenticates(
    octets: bytes, key: EncryptionKey, header: bytes | dict[str, Any]
) -> None:
    assert refusal(sealed(octets, header), key) == ONE_ANSWER


@pytest.mark.parametrize(
    "members", [{"zip": "DEF"}, {"cty": "JSON"}, {"crit": ["exp"]}, {"b64": True}], ids=str
)
def test_a_forbidden_header_is_refused_before_a_key_is_sought(
    octets: bytes, members: dict[str, Any]
) -> None:
    with pytest.raises(InvalidToken, match=ANSWER):
        jwe.parse(sealed(octets, {**GOOD_HEADER, **members}))


@pytest.mark.parametrize("position", range(5))
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda part: part + "A", id="longer"),
        pytest.param(lambda part: part + "AAAA", id="three octets longer"),
        pytest.param(lambda part: part + "=", id="padded"),
        pytest.param(lambda part: part + "==", id="padded twice"),
        pytest.param(lambda part: part + "\n", id="with a line feed"),
        pytest.param(lambda part: "!" + part, id="with a foreign character"),
        pytest.param(lambda part: "\N{FULLWIDTH LATIN CAPITAL LETTER A}" + part, id="not ASCII"),
        pytest.param(lambda part: "\ud800" + part, id="with a surrogate"),
        pytest.param(lambda part: part + ".", id="one part more"),
    ],
)
def test_a_part_that_is_spelt_otherwise_is_refused(
    octets: bytes, key: EncryptionKey, position: int, change: Any
) -> None:
    parts = sealed(octets).split(".")
    parts[position] = change(parts[position])
    assert refusal(".".join(parts), key) == ONE_ANSWER


@pytest.mark.parametrize("position", [0, 1, 3, 4])
def test_a_second_spelling_of_the_same_octets_is_refused(octets: bytes, position: int) -> None:
    # RFC 7515 section 2 leaves unused bits in the last character, which lenient decoders ignore.
    key = EncryptionKey(octets)
    header = {"alg": "A256KW", "enc": "A256GCM"}
    wrapped = aes_key_wrap(octets, octets)
    parts = sealed(octets, header, b"e30.e30.AA", encrypted_key=wrapped).split(".")
    assert jwe.decrypt(".".join(parts), KeySet([key])) == "e30.e30.AA"
    spelt = parts[position]
    last = ALPHABET.index(spelt[-1])
    parts[position] = spelt[:-1] + ALPHABET[last + 1]
    assert octets_of(parts[position]) == octets_of(spelt)
    assert refusal(".".join(parts), key) == ONE_ANSWER
    with pytest.raises(InvalidToken, match=ANSWER):
        jwe.parse(".".join(parts))


def octets_of(part: str) -> bytes:
    """Decode as leniently as the standard library does."""
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize("position", [0, 2, 3, 4])
def test_a_part_that_is_left_empty_is_refused(
    octets: bytes, key: EncryptionKey, position: int
) -> None:
    parts = sealed(octets).split(".")
    parts[position] = ""
    assert refusal(".".join(parts), key) == ONE_ANSWER


@pytest.mark.parametrize("length", range(5))
def test_a_token_of_fewer_parts_is_refused(octets: bytes, key: EncryptionKey, length: int) -> None:
    assert refusal(".".join(sealed(octets).split(".")[:length]), key) == ONE_ANSWER


@pytest.mark.parametrize("size", range(16))
def test_a_truncated_tag_is_refused(octets: bytes, key: EncryptionKey, size: int) -> None:
    rest, _, tag = sealed(octets).rpartition(".")
    short = encoded(base64url.decode(tag.encode())[:size])
    assert refusal(f"{rest}.{short}", key) == ONE_ANSWER


@pytest.mark.parametrize("size", [8, 11, 13, 16, 32])
def test_an_initialization_vector_of_another_length_is_refused(
    octets: bytes, key: EncryptionKey, size: int
) -> None:
    # RFC 7518 section 5.3: 96 bits are REQUIRED, though GCM takes others.
    assert refusal(sealed(octets, iv_size=size), key) == ONE_ANSWER


def test_a_direct_token_with_an_encrypted_key_is_refused(octets: bytes, key: EncryptionKey) -> None:
    # RFC 7516 section 5.2, step 10.
    assert refusal(sealed(octets, encrypted_key=b"x" * 40), key) == ONE_ANSWER


def test_an_agreed_key_with_an_encrypted_key_is_refused() -> None:
    key = EncryptionKey(x25519.X25519PrivateKey.generate(), alg="ECDH-ES")
    parts = key.encrypt(INNER.encode(), {}).split(".")
    parts[1] = "AAAA"
    assert refusal(".".join(parts), key) == ONE_ANSWER


@pytest.mark.parametrize("size", [16, 24, 40, 64])
def test_a_wrapped_key_of_another_length_is_refused(octets: bytes, size: int) -> None:
    # RFC 7516 section 5.2, step 9: the length is the one that enc demands.
    wrapped = aes_key_wrap(octets, secrets.token_bytes(size))
    token = sealed(octets, {"alg": "A256KW", "enc": "A256GCM"}, encrypted_key=wrapped)
    assert refusal(token, EncryptionKey(octets)) == ONE_ANSWER


def test_a_wrapped_key_is_unwrapped(octets: bytes) -> None:
    content_key = secrets.token_bytes(32)
    header = {"alg": "A256KW", "enc": "A256GCM"}
    token = sealed(content_key, header, encrypted_key=aes_key_wrap(octets, content_key))
    assert jwe.decrypt(token, KeySet([EncryptionKey(octets)])) == INNER


@each_alg
def test_the_token_of_another_key_is_refused(
    materials: dict[str, Material],
    others: dict[str, Material],
    alg: str,
    kind: str,
    enc: str,
) -> None:
    key = EncryptionKey(materials[kind], alg=alg, enc=enc, kid="one")
    token = EncryptionKey(others[kind], alg=alg, enc=enc, kid="one").encrypt(INNER.encode(), {})
    assert refusal(token, key) == ONE_ANSWER


@each_alg
def test_a_key_reads_only_the_alg_that_it_is_bound_to(
    materials: dict[str, Material], alg: str, kind: str, enc: str
) -> None:
    key = EncryptionKey(materials[kind], alg=alg, enc=enc, kid="one")
    for other_alg, other_kind, _ in WAYS:
        if other_kind == kind and other_alg != alg:
            other = EncryptionKey(materials[kind], alg=other_alg, kid="one")
            assert refusal(other.encrypt(INNER.encode(), {}), key) == ONE_ANSWER


@pytest.mark.parametrize("enc", ENCS)
def test_a_key_reads_only_the_enc_that_it_is_bound_to(octets: bytes, enc: str) -> None:
    key = EncryptionKey(octets, enc=enc)
    for other_enc in set(ENCS) - {enc}:
        token = EncryptionKey(octets, enc=other_enc).encrypt(INNER.encode(), {})
        assert refusal(token, key) == ONE_ANSWER


@pytest.mark.parametrize(
    "epk",
    [
        pytest.param({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, id="short"),
        pytest.param(
            {"kty": "EC", "crv": "P-256", "x": encoded(b"\1" * 32), "y": encoded(b"\1" * 32)},
            id="not on the curve",
        ),
        pytest.param(
            material.to_public_jwk(ec.generate_private_key(ec.SECP384R1()).public_key()),
            id="of another curve",
        ),
        pytest.param(
            material.to_public_jwk(x25519.X25519PrivateKey.generate().public_key()),
            id="of another kind",
        ),
        pytest.param({"kty": "oct", "k": "AA"}, id="a secret"),
        pytest.param({}, id="empty"),
        pytest.param("epk", id="text"),
        pytest.param(None, id="null"),
    ],
)
@pytest.mark.parametrize("alg", ["ECDH-ES", "ECDH-ES+A256KW"])
def test_an_ephemeral_key_that_is_none_is_refused(
    materials: dict[str, Material], alg: str, epk: Any
) -> None:
    key = EncryptionKey(materials["P-256"], alg=alg)
    rest = key.encrypt(INNER.encode(), {}).split(".")[1:]
    header = encoded({"alg": alg, "enc": "A256GCM", "kid": key.kid, "epk": epk})
    assert refusal(".".join([header, *rest]), key) == ONE_ANSWER


@pytest.mark.parametrize("point", [bytes(32), b"\1" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"])
def test_a_token_whose_agreed_key_anybody_knows_is_refused(
    materials: dict[str, Material], point: bytes
) -> None:
    # RFC 8037 section 3.2: a point of low order makes the secret all zeros.
    key = EncryptionKey(materials["X25519"], alg="ECDH-ES")
    epk = {"kty": "OKP", "crv": "X25519", "x": encoded(point)}
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": key.kid, "epk": epk}
    assert refusal(sealed(agreed(bytes(32)), header), key) == ONE_ANSWER


def test_a_token_with_an_agreed_key_made_by_hand_is_decrypted(
    materials: dict[str, Material],
) -> None:
    private, ephemeral = materials["X25519"], x25519.X25519PrivateKey.generate()
    assert isinstance(private, x25519.X25519PrivateKey)
    key = EncryptionKey(private, alg="ECDH-ES")
    epk = material.to_public_jwk(ephemeral.public_key())
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": key.kid, "epk": epk}
    token = sealed(agreed(ephemeral.exchange(private.public_key())), header)
    assert jwe.decrypt(token, KeySet([key])) == INNER


@pytest.mark.parametrize("member", ["iv", "tag"])
@pytest.mark.parametrize("value", ["", "AAAA", "A" * 16, "A" * 22, 1, None])
def test_a_gcm_wrapped_key_with_another_iv_or_tag_is_refused(
    octets: bytes, member: str, value: Any
) -> None:
    key = EncryptionKey(octets, alg="A256GCMKW")
    token = key.encrypt(INNER.encode(), {})
    rest = token.split(".")[1:]
    header = encoded({**header_of(token), member: value})
    assert refusal(".".join([header, *rest]), key) == ONE_ANSWER


@pytest.mark.parametrize("plaintext", ["\N{SNOWMAN}".encode(), b"\xff", b"e30.e30.\x80"])
def test_what_is_not_ascii_is_no_token(octets: bytes, key: EncryptionKey, plaintext: bytes) -> None:
    assert refusal(sealed(octets, plaintext=plaintext), key) == ONE_ANSWER


def test_a_token_without_a_kid_is_tried_with_the_keys_that_fit(key: EncryptionKey) -> None:
    unlike = EncryptionKey(secrets.token_bytes(32), enc="A256GCM")
    three = [EncryptionKey(secrets.token_bytes(32), alg="dir") for _ in range(3)]
    token = key.encrypt(INNER.encode(), {})
    assert jwe.decrypt(token, KeySet([unlike, *three, key])) == INNER


def test_a_token_without_a_kid_is_tried_with_four_keys_at_most(key: EncryptionKey) -> None:
    four = [EncryptionKey(secrets.token_bytes(32), alg="dir") for _ in range(4)]
    assert refusal(key.encrypt(INNER.encode(), {}), key, *four) == ONE_ANSWER


def test_a_kid_finds_one_key_among_many() -> None:
    keys = [
        EncryptionKey(secrets.token_bytes(32), alg="dir", kid=str(number)) for number in range(9)
    ]
    assert jwe.decrypt(keys[7].encrypt(INNER.encode(), {}), KeySet(keys)) == INNER


def test_an_encryption_key_is_never_found_for_a_signature(key: EncryptionKey) -> None:
    header = jwe.parse(key.encrypt(INNER.encode(), {}))
    assert list(KeySet([key]).find(header, "enc")) == [key]
    assert list(KeySet([key]).find(header, "sig")) == []


def test_a_refusal_keeps_nothing_of_its_cause(octets: bytes, key: EncryptionKey) -> None:
    with pytest.raises(InvalidToken) as caught:
        jwe.decrypt(sealed(octets, b"\xff"), KeySet([key]))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_joserfc_is_named_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joserfc", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'flask-tokenguard\[jwe\]'"):
        EncryptionKey(secrets.token_bytes(32))


def test_joserfc_is_not_imported_before_a_key_asks_for_it() -> None:
    code = "import sys, flask_tokenguard.jose.jwe; print('joserfc' in sys.modules)"
    run = subprocess.run(  # noqa: S603 - our own code, by the interpreter that runs this
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout == "False\n"


@each_way
def test_a_length_is_known_before_anything_is_encrypted(
    materials: dict[str, Material], alg: str, kind: str, enc: str
) -> None:
    key, header = EncryptionKey(materials[kind], alg=alg, enc=enc, kid="k"), {"cty": "JWT"}
    measured = key.measure(header)
    sizes = (0, 1, 15, 16, 17, 1000)
    assert [measured(size) for size in sizes] == [
        len(key.encrypt(bytes(size), header)) for size in sizes
    ]
