"""The key of another program's tokens: what may verify them, and what is only warned of."""

import json
from base64 import b64encode

import pytest

from flask_tokenguard.arguments.files import NamedFile
from flask_tokenguard.errors import ConfigurationError
from flask_tokenguard.jose import jws
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey, to_public_jwk
from flask_tokenguard.keys.entries import KeyEntry
from flask_tokenguard.keys.remote.former import FormerKeys, read_former_keys

from ..spellings import jwk_of

ALGORITHMS = ("HS256", "RS256")
SECRET = "kX2vPq8Zr5TnWc7LmYb3Hd9Fs4Gj6Qa1"


def read(value: object) -> tuple[FormerKeys, list[str]]:
    """Read a key, with its faults."""
    faults: list[str] = []
    entry = KeyEntry(source="TOKENGUARD_FORMER_TOKENS", value=value)  # type: ignore[arg-type]  # hostile
    return read_former_keys(entry, algorithms=ALGORITHMS, on_fault=faults.append), faults


def key_of(value: object) -> Key:
    """Read a key that has no fault."""
    read_keys, faults = read(value)
    assert faults == []
    (key,) = read_keys.keys
    return key


def fault_of(value: object) -> str:
    """Read a key that has a fault."""
    read_keys, (fault,) = read(value)
    assert list(read_keys.keys) == []
    assert fault.startswith("TOKENGUARD_FORMER_TOKENS: the key ")
    return fault


@pytest.mark.parametrize("value", [SECRET, jwk_of(SECRET.encode())], ids=["text", "JWK"])
def test_a_good_secret_is_warned_of_by_nobody(value: object) -> None:
    assert read(value)[0].warnings == ()
    assert key_of(value).alg == "HS256"


@pytest.mark.parametrize(
    ("secret", "warning"),
    [
        ("tiny", "is 4 octets long, and HS256 takes 32"),
        ("a" * 40, "is one octet repeated, not a secret"),
        ("a-string-secret-at-least-256-bits-long", "is a known example, not a secret"),
        ("/run/secrets/tokenguard/signing-key", "looks like the path of a file, not a secret"),
        (
            "two words that are longer than 32 octets",
            "has blanks inside, where a secret is one word",
        ),
        (
            "one line that is long\nand another one beneath",
            "has several lines, where a secret is one",
        ),
    ],
)
def test_every_other_rule_of_a_secret_is_a_warning(secret: str, warning: str) -> None:
    read_keys, faults = read(secret)
    assert (read_keys.warnings, faults) == ((warning,), [])


def test_a_secret_is_its_octets_in_utf_8() -> None:
    secret = "pässwörd"
    message = b"header.payload"
    ours = Key((secret.encode() * 4)[:48])
    assert not key_of(secret).verify(message, ours.sign(message))
    long = secret * 4
    assert key_of(long).verify(message, Key(long.encode()).sign(message))


@pytest.mark.parametrize("length", [1, 12, 31, 32, 64])
def test_a_secret_never_signs(length: int) -> None:
    key = key_of(jwk_of(bytes(range(length))))
    assert not key.is_private
    with pytest.raises(AttributeError):
        key.sign(b"header.payload")


@pytest.mark.parametrize("form", ["public_pems", "private_pems"])
def test_of_a_pair_the_public_key_alone_is_kept(form: str, request: pytest.FixtureRequest) -> None:
    key = key_of(request.getfixturevalue(form)["RS256"])
    assert (key.alg, key.is_private) == ("RS256", False)


def test_a_public_key_may_be_a_jwk(private_keys: dict[str, PrivateKey]) -> None:
    jwk = to_public_jwk(private_keys["RS256"].public_key())
    assert key_of(json.dumps(jwk)).alg == "RS256"


@pytest.mark.parametrize(
    "spell",
    [
        lambda pem: b64encode(pem.encode()).decode(),
        lambda pem: "".join(pem.splitlines()[1:-1]),
        lambda pem: pem.replace("-----", "--"),
        lambda pem: pem.encode().hex(),
        lambda pem: jwk_of(pem.encode()),
    ],
    ids=["base64", "body", "dashes", "hex", "JWK"],
)
def test_a_public_key_is_no_secret_in_any_spelling(
    public_pems: dict[str, str], spell: object
) -> None:
    assert "key" in fault_of(spell(public_pems["RS256"]))  # type: ignore[operator]  # a function


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("\ud800", "is not Unicode text"),
        ({"keys": [jwk_of(SECRET.encode())]}, "is a JWKS; give the one key"),
        (jwk_of(SECRET.encode()) | {"alg": "HS512"}, "has another alg"),
        (jwk_of(b""), "empty"),
        ({"kty": "RSA"}, "has no"),
    ],
)
def test_what_is_no_such_key_is_a_fault(value: object, fault: str) -> None:
    assert fault in fault_of(value)


def test_a_key_of_another_kind_is_a_fault(public_pems: dict[str, str]) -> None:
    assert "RS256" in fault_of(public_pems["ES256"])


def test_a_missing_file_is_a_fault(tmp_path: object) -> None:
    faults: list[str] = []
    entry = KeyEntry(source="X", file=NamedFile("none.txt", tmp_path))  # type: ignore[arg-type]  # a path
    read_former_keys(entry, algorithms=ALGORITHMS, on_fault=faults.append)
    assert len(faults) == 1


def test_a_library_that_is_missing_is_a_fault(
    public_pems: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def algorithm(_: str) -> None:
        raise ConfigurationError("RS256 needs PyJWT")

    monkeypatch.setattr(jws, "algorithm", algorithm)
    assert read(public_pems["RS256"])[1] == ["RS256 needs PyJWT"]
