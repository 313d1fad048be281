"""The keys of a config: every fault, when the app starts."""

import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flask_tokenguard import ConfigurationError
from flask_tokenguard.jose import jws
from flask_tokenguard.jose.material import PrivateKey, to_public_jwk
from flask_tokenguard.keys.generate import generate, to_jwk
from flask_tokenguard.keys.remote.configured import read_key_set
from flask_tokenguard.keys.ring_files import make

from ...conftest import MakeApp
from ...jose.tokens import KNOWN_KEYS, encoded
from ..conftest import PASSWORD, FaultsOf
from .support import OTHER_SECRET, PUBLIC_FORMS, SECRET, entry

KEYGEN = "`flask tokenguard keygen --alg {} --out FILE` makes one for TOKENGUARD_KEY_FILE"


@pytest.mark.parametrize(
    ("alg", "size"), [("HS256", 31), ("HS384", 47), ("HS512", 63)], ids=["256", "384", "512"]
)
def test_a_secret_shorter_than_its_hash_is_a_fault(
    faults_of: FaultsOf, alg: str, size: int
) -> None:
    assert faults_of(KEY=SECRET[:size], ALGORITHM=alg) == (
        f"TOKENGUARD_KEY: the key is {size * 8} bits long; {alg} takes at least {size * 8 + 8}; "
        + KEYGEN.format(alg),
    )


def test_a_short_rsa_key_is_a_fault(faults_of: FaultsOf, short_rsa_pem: str) -> None:
    (fault,) = faults_of(KEY=short_rsa_pem)
    assert fault.startswith("TOKENGUARD_KEY: the key is 1024 bits long; RS256 takes at least 2048;")


def test_the_wrong_curve_for_an_algorithm_is_a_fault(
    faults_of: FaultsOf, private_pems: dict[str, str]
) -> None:
    (fault,) = faults_of(KEYS=[{"value": private_pems["ES256"], "alg": "ES384"}])
    assert fault.endswith("on P-256, which ES384 does not take: give it an EC key on P-384")


@pytest.mark.parametrize(
    ("member", "named"),
    [
        ({"alg": "none"}, "'none', which is not supported"),
        ({"alg": "HS1024"}, "'HS1024', which is not supported"),
        ({"use": "enc"}, "the use 'enc'"),
        ({"key_ops": ["encrypt"]}, "key_ops that allow neither to sign nor to verify"),
        ({"kid": 7}, "a kid that is not text"),
    ],
    ids=str,
)
def test_what_a_jwk_must_not_say_is_a_fault(
    faults_of: FaultsOf, member: dict[str, Any], named: str
) -> None:
    (fault,) = faults_of(KEY={"kty": "oct", "k": encoded(SECRET.encode()), **member})
    assert fault.startswith("TOKENGUARD_KEY: the key ")
    assert named in fault


@pytest.mark.parametrize("alg", ["none", "NONE", "ES256K", "RS1", "PBES2-HS256+A128KW"])
def test_an_unknown_algorithm_of_an_entry_is_a_fault(faults_of: FaultsOf, alg: str) -> None:
    (fault,) = faults_of(KEYS=[{"value": SECRET, "alg": alg}])
    assert (
        fault == f"TOKENGUARD_KEYS[0]: the key names the algorithm {alg!r}, which is not supported"
    )


@pytest.mark.parametrize("algorithm", ["none", "None", "hs256", "ES256K", "RS1"])
def test_an_unknown_algorithm_is_a_fault(faults_of: FaultsOf, algorithm: str) -> None:
    (fault,) = faults_of(ALGORITHM=algorithm)
    assert fault.startswith("TOKENGUARD_ALGORITHM must be one of HS256, HS384, HS512, RS256")


@pytest.mark.parametrize("members", [{"use": "enc"}, {"alg": "A256KW"}], ids=str)
def test_a_key_for_encryption_without_encryption_is_a_fault(
    faults_of: FaultsOf, members: dict[str, str]
) -> None:
    assert faults_of(KEYS=[{"value": SECRET}, {"value": OTHER_SECRET, **members}]) == (
        "TOKENGUARD_KEYS[1]: the key has the use 'enc'; see TOKENGUARD_ENCRYPTION",
    )


def test_a_key_for_encryption_alone_does_not_sign(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(
        KEYS=[{"value": SECRET[:32], "kid": "e", "use": "enc"}], ENCRYPTION={"kid": "e"}
    )
    assert fault.startswith("There is no key; set one of TOKENGUARD_KEY, TOKENGUARD_KEY_FILE")


@pytest.mark.parametrize("use", ["sign", "ENC", "SIG"])
def test_a_use_beside_a_key_is_one_of_two(faults_of: FaultsOf, use: str) -> None:
    (fault,) = faults_of(KEYS=[{"value": SECRET, "use": use}])
    assert fault == f"TOKENGUARD_KEYS[0]: the key has the use {use!r}, not 'sig'"


def test_a_kid_twice_is_a_fault(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(
        KEYS=[
            {"value": SECRET, "kid": "twin"},
            {"value": OTHER_SECRET, "kid": "twin", "state": "next"},
        ]
    )
    assert fault == "the key set has the kid 'twin' twice"


def test_one_key_twice_is_a_fault(faults_of: FaultsOf, private_pems: dict[str, str]) -> None:
    (fault,) = faults_of(
        KEYS=[
            {"value": private_pems["ES256"]},
            {"value": private_pems["ES256"], "state": "verify-only"},
        ]
    )
    assert "twice" in fault


def test_a_jwks_without_a_key_is_a_fault(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(KEY={"keys": []})
    assert fault == "TOKENGUARD_KEY: the key is a JWKS without a key"


def assert_is_no_secret(faults: tuple[str, ...]) -> None:
    """See one fault, of a key that was taken for a secret."""
    (fault,) = faults
    assert re.match("TOKENGUARD_KEY: the key looks like .+, not a secret: who", fault)


@pytest.mark.parametrize("form", PUBLIC_FORMS)
@pytest.mark.parametrize("before", [" ", "\n", "\t", "\ufeff", "\ufeff "], ids=ascii)
def test_a_public_key_after_a_blank_only_verifies(
    make_app: MakeApp, public_forms: dict[str, str], form: str, before: str
) -> None:
    keys = make_app(KEY=before + public_forms[form]).extensions["tokenguard"].keys
    assert [key.is_private or key.alg for key in keys] in (["RS256"], ["ES256"], ["ES256", "RS256"])


@pytest.mark.parametrize("form", PUBLIC_FORMS)
@pytest.mark.parametrize("before", ["", " \n"], ids=["plain", "blank"])
def test_a_public_key_inside_a_secret_jwk_is_a_fault(
    faults_of: FaultsOf, public_forms: dict[str, str], form: str, before: str
) -> None:
    octets = (before + public_forms[form]).encode()
    assert_is_no_secret(faults_of(KEY={"kty": "oct", "k": encoded(octets)}))


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_in_der_inside_a_secret_jwk_is_a_fault(
    faults_of: FaultsOf, private_keys: dict[str, PrivateKey], alg: str
) -> None:
    public = (private_keys | KNOWN_KEYS)[alg].public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert_is_no_secret(faults_of(KEY={"kty": "oct", "k": encoded(der)}))


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_in_der_as_base64_is_a_fault(
    faults_of: FaultsOf, private_keys: dict[str, PrivateKey], alg: str
) -> None:
    public = (private_keys | KNOWN_KEYS)[alg].public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert_is_no_secret(faults_of(KEY=b64encode(der).decode()))


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_an_openssh_key_as_a_secret_is_a_fault(
    faults_of: FaultsOf, private_keys: dict[str, PrivateKey], alg: str
) -> None:
    line = private_keys[alg].public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    (fault,) = faults_of(KEY=line.decode())
    assert fault.startswith("TOKENGUARD_KEY: the key is a public key of OpenSSH; `ssh-keygen -e")


def test_a_public_jwk_bound_to_hmac_is_a_fault(
    faults_of: FaultsOf, private_keys: dict[str, PrivateKey]
) -> None:
    jwk = {**to_public_jwk(private_keys["RS256"].public_key()), "alg": "HS256"}
    (fault,) = faults_of(KEY=jwk)
    assert fault == (
        "TOKENGUARD_KEY: the key is an RSA key, which HS256 does not take: give it a secret"
    )


def test_a_public_jwk_that_calls_itself_a_secret_is_a_fault(
    faults_of: FaultsOf, private_keys: dict[str, PrivateKey]
) -> None:
    (fault,) = faults_of(KEY={**to_public_jwk(private_keys["RS256"].public_key()), "kty": "oct"})
    assert fault == "TOKENGUARD_KEY: the key has no canonical base64url member k"


def test_a_key_that_can_only_encrypt_is_a_fault(faults_of: FaultsOf) -> None:
    jwk = to_jwk(generate("ECDH-ES"), private=True)
    ours = faults_of(KEY=jwk)
    theirs = faults_of(ISSUERS={"https://id.example/": {"audience": "a", "keys": jwk}})
    for (fault,) in (ours, theirs):
        assert fault.endswith(
            "the key is an X25519 key, which signs and verifies nothing; it can serve"
            " TOKENGUARD_ENCRYPTION"
        )


@pytest.fixture
def no_pyjwt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PyJWT be no importable package."""

    def fail(_: str) -> None:
        raise ConfigurationError("PyJWT cannot be imported")

    monkeypatch.setattr(jws, "algorithm", fail)


@pytest.mark.usefixtures("no_pyjwt")
def test_a_missing_pyjwt_is_one_fault_among_the_others(
    faults_of: FaultsOf, private_pems: dict[str, str]
) -> None:
    pems = [{"value": private_pems["RS256"]}, {"value": private_pems["EdDSA"]}]
    fault = "PyJWT cannot be imported"
    assert faults_of(KEYS=pems, LEEWAY=-1)[1:] == (fault,)


@pytest.mark.usefixtures("no_pyjwt")
def test_a_missing_pyjwt_is_one_fault_of_a_ring(faults_of: FaultsOf, tmp_path: Path) -> None:
    make(tmp_path, alg="ES256", password=None, now=0)
    faults = faults_of(KEYRING=str(tmp_path), LEEWAY=-1)
    assert faults[1:] == ("TOKENGUARD_KEYRING: PyJWT cannot be imported",)


@pytest.mark.usefixtures("no_pyjwt")
def test_a_missing_pyjwt_is_one_fault_of_an_issuers_keys(private_pems: dict[str, str]) -> None:
    faults: list[str] = []
    key = entry(private_pems["RS256"])
    read_key_set(key, issuer="us", algorithms=["RS256"], on_fault=faults.append)
    assert faults == ["PyJWT cannot be imported"]


@pytest.mark.parametrize(
    ("password", "named"),
    [("wrong", "is the password right?"), (None, "is encrypted, and has none")],
)
def test_a_wrong_or_missing_password_is_a_fault(
    faults_of: FaultsOf, encrypted_pems: dict[str, str], password: str | None, named: str
) -> None:
    (fault,) = faults_of(KEY=encrypted_pems["ES256"], KEY_PASSWORD=password)
    assert named in fault


def test_a_superfluous_password_is_a_fault(
    faults_of: FaultsOf, private_pems: dict[str, str]
) -> None:
    (fault,) = faults_of(KEY=private_pems["ES256"], KEY_PASSWORD=PASSWORD)
    assert "is not encrypted, and has a password" in fault


def test_a_password_for_a_secret_is_a_fault(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(KEY=SECRET, KEY_PASSWORD=PASSWORD)
    assert "has a password, and is not an encrypted PEM" in fault


def test_a_file_that_does_not_exist_is_a_fault(faults_of: FaultsOf, tmp_path: Path) -> None:
    (fault,) = faults_of(KEY_FILE=str(tmp_path / "none"))
    assert fault == ("TOKENGUARD_KEY_FILE: the key file cannot be read: No such file or directory")


def test_a_folder_in_place_of_a_file_is_a_fault(faults_of: FaultsOf, tmp_path: Path) -> None:
    (fault,) = faults_of(KEY_FILE=str(tmp_path))
    assert "cannot be read: Is a directory" in fault


def test_a_file_that_is_not_text_is_a_fault(faults_of: FaultsOf, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff" * 64)
    (fault,) = faults_of(KEY_FILE=str(tmp_path / "secret"))
    assert fault.endswith("is not text; write a secret's octets as a JWK")


def test_an_empty_file_is_a_fault(faults_of: FaultsOf, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    (fault,) = faults_of(KEY_FILE=str(tmp_path / "secret"))
    assert fault == "TOKENGUARD_KEY_FILE: the key is empty"


def test_a_name_that_no_file_can_have_is_a_fault(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(KEY_FILE="a\0b")
    assert fault.startswith("TOKENGUARD_KEY_FILE must be the name of a file")


def test_a_password_file_that_cannot_be_read_is_a_fault(
    faults_of: FaultsOf, encrypted_pems: dict[str, str], tmp_path: Path
) -> None:
    (fault,) = faults_of(KEY=encrypted_pems["ES256"], KEY_PASSWORD_FILE=str(tmp_path / "none"))
    assert "cannot be read" in fault


def test_an_environment_variable_that_is_not_set_is_a_fault(
    faults_of: FaultsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIGNING_KEY", raising=False)
    assert faults_of(KEYS=[{"env": "SIGNING_KEY"}]) == (
        "TOKENGUARD_KEYS[0]: the key is in an environment variable that is not set",
    )


@pytest.mark.parametrize("name", ["KEY", "KEY_FILE", "KEYS", "KEYRING"])
def test_a_key_in_an_environment_not_read_is_pointed_out(
    faults_of: FaultsOf, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"FLASK_TOKENGUARD_{name}", "hush")
    (fault,) = faults_of(KEY=None)
    assert (
        f"FLASK_TOKENGUARD_{name} is in the environment: call app.config.from_prefixed_env()"
        in (fault)
    )


def test_a_key_in_the_environment_without_flask_s_prefix(
    faults_of: FaultsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENGUARD_KEY", "hush")
    (fault,) = faults_of(KEY=None)
    assert "name it FLASK_TOKENGUARD_KEY" in fault


def test_no_key_at_all_is_a_fault(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(KEY=None)
    assert fault.startswith("There is no key; set one of TOKENGUARD_KEY")
    assert "`flask tokenguard keygen --alg ES256 --out FILE` makes one" in fault


def test_a_secret_of_bytes_is_a_fault(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(KEY=SECRET.encode())
    assert "and is bytes; write .decode() behind a text or PEM" in fault


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (
            {"KEY": SECRET, "KEYS": [{"value": SECRET}]},
            "TOKENGUARD_KEY and TOKENGUARD_KEYS contradict each other; set one of them",
        ),
        (
            {"KEYS": [{"value": SECRET}], "KEY_PASSWORD": PASSWORD},
            "TOKENGUARD_KEY_PASSWORD is not for TOKENGUARD_KEYS; give each entry its password",
        ),
        (
            {"KEYS": [{"value": SECRET}], "KEY_PASSWORD_FILE": "x"},
            "TOKENGUARD_KEY_PASSWORD is not for TOKENGUARD_KEYS; give each entry its password",
        ),
    ],
    ids=["KEY and KEYS", "KEYS and a password", "KEYS and a password file"],
)
def test_keys_that_contradict_each_other_are_a_fault(
    faults_of: FaultsOf, settings: dict[str, Any], fault: str
) -> None:
    assert fault in faults_of(**settings)


def test_a_key_and_a_key_file_contradict_each_other(faults_of: FaultsOf, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    assert faults_of(KEY=SECRET, KEY_FILE=str(tmp_path / "secret")) == (
        "TOKENGUARD_KEY and TOKENGUARD_KEY_FILE contradict each other; set one of them",
    )


def test_a_password_and_a_password_file_contradict_each_other(
    faults_of: FaultsOf, encrypted_pems: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    assert faults_of(
        KEY=encrypted_pems["ES256"],
        KEY_PASSWORD=PASSWORD,
        KEY_PASSWORD_FILE=str(tmp_path / "password"),
    ) == ("TOKENGUARD_KEY_PASSWORD and TOKENGUARD_KEY_PASSWORD_FILE contradict each other",)


def test_all_faults_are_found_at_once(faults_of: FaultsOf, public_pems: dict[str, str]) -> None:
    faults = faults_of(
        KEYS=[
            {"value": "short"},
            {"value": "MII" + public_pems["RS256"][40:]},
            {"file": "/nonexistent/key"},
            {"value": {"kty": "oct", "k": "="}},
        ],
        ALGORITHM="none",
        LEEWAY=-1,
        ISSUER=7,
        ALGORITHMS=["HS256"],
    )
    assert len(faults) == 8
