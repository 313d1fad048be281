"""The keys of a config: read when the app starts, with every fault in one error."""

import json
import logging
import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat
from flask import Flask

from flask_tokenguard import ConfigurationError, InvalidToken, TokenGuard, issue_token
from flask_tokenguard.config.settings import Settings
from flask_tokenguard.jose import jws
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey, to_public_jwk
from flask_tokenguard.keys.entries import KeyEntry
from flask_tokenguard.keys.generate import generate, to_jwk
from flask_tokenguard.keys.own import ConfiguredKeys, choose_keys
from flask_tokenguard.keys.remote.configured import read_key_set
from flask_tokenguard.keys.ring_files import make
from flask_tokenguard.keys.text import read_entries

from ..conftest import MakeApp
from ..jose.tokens import KNOWN_KEYS, encoded
from ..support import bearer
from .conftest import PASSWORD, FaultsOf, private_pem

SECRET = "correct-horse-battery-staple-" * 3
OTHER_SECRET = "another-secret-that-is-long-enough-" * 3


def entry(value: Any, **options: Any) -> KeyEntry:
    """Name a key as an entry of TOKENGUARD_KEYS does."""
    return KeyEntry(source="TOKENGUARD_KEYS[0]", value=value, **options)


def load(*entries: KeyEntry, algorithm: str | None = None) -> ConfiguredKeys:
    """Load keys that have no fault."""
    read = read_entries(entries, algorithm=algorithm, on_fault=pytest.fail)
    return choose_keys(read, algorithm=algorithm, on_fault=pytest.fail)


def token_of(app: Flask) -> str:
    """Issue a token."""
    with app.app_context():
        return issue_token("me")


def status(app: Flask, token: str) -> int:
    """Say how the app answers a token."""
    return app.test_client().get("/claims", headers=bearer(token)).status_code


def signing_key(app: Flask) -> Key:
    """Get the key that an app signs with."""
    key = app.extensions["tokenguard"].keys.signing
    assert isinstance(key, Key)
    return key


# From a value, a file or the environment.

PRIVATE_FORMS = [
    "PKCS#8 RSA",
    "PKCS#8 EC",
    "PKCS#8 Ed25519",
    "PKCS#1",
    "SEC1",
    "openssl ecparam",
]
PUBLIC_FORMS = [
    "SubjectPublicKeyInfo RSA",
    "SubjectPublicKeyInfo EC",
    "RSA PUBLIC KEY",
    "certificate",
    "JWK",
    "JWKS",
]


@pytest.mark.parametrize("form", PRIVATE_FORMS)
def test_an_app_signs_with_a_private_key_in_its_config(
    make_app: MakeApp, private_forms: dict[str, str], form: str
) -> None:
    app = make_app(KEY=private_forms[form])
    assert status(app, token_of(app)) == 200


@pytest.mark.parametrize("form", PRIVATE_FORMS)
def test_an_app_signs_with_a_private_key_in_a_file(
    make_app: MakeApp, private_forms: dict[str, str], tmp_path: Path, form: str
) -> None:
    (tmp_path / "signing.pem").write_text(private_forms[form])
    app = make_app(KEY_FILE=str(tmp_path / "signing.pem"))
    assert status(app, token_of(app)) == 200


@pytest.mark.parametrize("form", PRIVATE_FORMS)
def test_an_app_signs_with_a_private_key_in_the_environment(
    make_app: MakeApp,
    private_forms: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    monkeypatch.setenv("SIGNING_KEY", private_forms[form])
    app = make_app(KEYS=[{"env": "SIGNING_KEY"}])
    assert status(app, token_of(app)) == 200


@pytest.mark.parametrize("form", PUBLIC_FORMS)
def test_a_public_key_alone_means_verify_only(
    make_app: MakeApp, public_forms: dict[str, str], form: str
) -> None:
    app = make_app(KEY=public_forms[form])
    with pytest.raises(ConfigurationError, match="No key can sign"):
        token_of(app)


@pytest.mark.parametrize("form", ["SubjectPublicKeyInfo RSA", "certificate", "JWKS"])
def test_a_public_key_verifies_what_its_private_key_signed(
    make_app: MakeApp, private_forms: dict[str, str], public_forms: dict[str, str], form: str
) -> None:
    token = token_of(make_app(KEY=private_forms["PKCS#8 RSA"]))
    assert status(make_app(KEY=public_forms[form]), token) == 200


def test_a_private_key_as_a_jwk_signs(make_app: MakeApp) -> None:
    app = make_app(KEY={"kty": "oct", "k": encoded(SECRET.encode()), "kid": "k"})
    assert status(app, token_of(app)) == 200
    assert signing_key(app).kid == "k"


def test_the_text_of_a_jwk_in_a_file_signs(make_app: MakeApp, tmp_path: Path) -> None:
    jwk = {"kty": "oct", "k": encoded(SECRET.encode())}
    (tmp_path / "key.json").write_text(json.dumps(jwk))
    app = make_app(KEY_FILE=str(tmp_path / "key.json"))
    assert status(app, token_of(app)) == 200


@pytest.mark.parametrize("newline", ["", "\n", "\r\n"], ids=["none", "LF", "CRLF"])
def test_one_newline_at_the_end_of_a_file_is_dropped(
    make_app: MakeApp, tmp_path: Path, newline: str
) -> None:
    (tmp_path / "secret").write_bytes((SECRET + newline).encode())
    app = make_app(KEY_FILE=str(tmp_path / "secret"))
    assert status(app, token_of(make_app(KEY=SECRET))) == 200


@pytest.mark.parametrize("end", ["\n\n", " \n", "\n ", " "], ids=repr)
def test_the_rest_of_a_file_belongs_to_the_secret(
    make_app: MakeApp, tmp_path: Path, end: str
) -> None:
    (tmp_path / "secret").write_bytes((SECRET + end).encode())
    app = make_app(KEY_FILE=str(tmp_path / "secret"))
    assert status(app, token_of(make_app(KEY=SECRET))) == 401


def test_an_encrypted_key_is_opened_with_its_password(
    make_app: MakeApp, encrypted_pems: dict[str, str]
) -> None:
    app = make_app(KEY=encrypted_pems["RS256"], KEY_PASSWORD=PASSWORD)
    assert status(app, token_of(app)) == 200


def test_a_password_may_be_in_a_file(
    make_app: MakeApp, encrypted_pems: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "key.pem").write_text(encrypted_pems["ES256"])
    (tmp_path / "password").write_text(PASSWORD + "\n")
    app = make_app(KEY_FILE=str(tmp_path / "key.pem"), KEY_PASSWORD_FILE=str(tmp_path / "password"))
    assert status(app, token_of(app)) == 200


def test_each_of_several_keys_has_its_password(
    make_app: MakeApp, encrypted_pems: dict[str, str]
) -> None:
    app = make_app(
        KEYS=[
            {"value": encrypted_pems["RS256"], "password": PASSWORD},
            {"value": SECRET, "state": "verify-only"},
        ]
    )
    assert status(app, token_of(app)) == 200


def test_a_key_comes_from_the_environment_of_flask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY", SECRET)
    app = Flask(__name__)
    app.config.from_prefixed_env()
    assert TokenGuard(app).issue_token("me")


# Which key signs.


def test_the_only_private_key_signs(public_pems: dict[str, str], private_pems: Any) -> None:
    keys = load(entry(public_pems["RS256"]), entry(private_pems["ES256"]))
    assert keys.signing is list(keys)[1]


def test_the_active_key_signs() -> None:
    keys = load(
        entry(SECRET, kid="a"), entry(OTHER_SECRET, kid="b", state="active"), entry(SECRET, kid="c")
    )
    assert keys.signing is not None
    assert keys.signing.kid == "b"


@pytest.mark.parametrize("state", ["next", "verify-only"])
def test_a_key_in_another_state_does_not_sign(state: Any) -> None:
    keys = load(entry(OTHER_SECRET, kid="b", state=state), entry(SECRET, kid="a"))
    assert keys.signing is not None
    assert keys.signing.kid == "a"


@pytest.mark.parametrize("state", ["next", "verify-only"])
def test_a_single_key_in_another_state_does_not_sign(state: Any) -> None:
    assert load(entry(SECRET, state=state)).signing is None


@pytest.mark.parametrize("state", ["next", "verify-only"])
def test_a_key_in_another_state_verifies(make_app: MakeApp, state: str) -> None:
    token = token_of(make_app(KEYS=[{"value": OTHER_SECRET, "kid": "b"}]))
    app = make_app(
        KEYS=[
            {"value": SECRET, "kid": "a", "state": "active"},
            {"value": OTHER_SECRET, "kid": "b", "state": state},
        ]
    )
    assert status(app, token) == 200


def test_a_key_of_before_no_longer_verifies_once_it_is_gone(make_app: MakeApp) -> None:
    token = token_of(make_app(KEYS=[{"value": OTHER_SECRET, "kid": "b"}]))
    assert status(make_app(KEYS=[{"value": SECRET, "kid": "a"}]), token) == 401


def test_several_private_keys_are_a_fault_that_names_them(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(
        KEYS=[{"value": SECRET, "kid": "first"}, {"value": OTHER_SECRET, "kid": "second"}]
    )
    assert "several keys could sign" in fault
    assert "TOKENGUARD_KEYS[0] (<private HS256 Key, kid 'first'>)" in fault
    assert "TOKENGUARD_KEYS[1] (<private HS256 Key, kid 'second'>)" in fault


def test_several_active_keys_are_a_fault(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(
        KEYS=[
            {"value": SECRET, "kid": "first", "state": "active"},
            {"value": OTHER_SECRET, "kid": "second", "state": "active"},
        ]
    )
    assert fault.startswith("several keys could sign")


def test_a_public_key_cannot_be_active(faults_of: FaultsOf, public_pems: dict[str, str]) -> None:
    (fault,) = faults_of(KEYS=[{"value": public_pems["ES256"], "state": "active"}])
    assert fault == "TOKENGUARD_KEYS[0]: the key is active and public; only a private key can sign"


# Which algorithm.


@pytest.mark.parametrize("alg", ["RS256", "ES256", "ES384", "ES512", "EdDSA"])
def test_a_key_decides_the_algorithm(
    make_app: MakeApp, private_pems: dict[str, str], alg: str
) -> None:
    assert signing_key(make_app(KEY=private_pems[alg])).alg == alg


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [("RS256", "PS512"), ("RS256", "RS384"), ("EdDSA", "Ed25519"), ("ES384", "ES384")],
)
def test_the_algorithm_chooses_where_a_key_admits_several(
    make_app: MakeApp, private_pems: dict[str, str], name: str, algorithm: str
) -> None:
    app = make_app(KEY=private_pems[name], ALGORITHM=algorithm)
    assert signing_key(app).alg == algorithm
    assert status(app, token_of(app)) == 200


def test_the_algorithm_leaves_a_key_alone_that_names_its_own() -> None:
    keys = load(
        entry(SECRET, kid="a", state="active"), entry(OTHER_SECRET, alg="HS384"), algorithm="HS512"
    )
    assert [key.alg for key in keys] == ["HS512", "HS384"]


@pytest.mark.parametrize(
    ("name", "given", "algorithm", "wanted"),
    [
        ("RS256", "an RSA key", "HS256", "a secret"),
        ("ES256", "an EC key on P-256", "ES384", "an EC key on P-384"),
        ("ES256", "an EC key on P-256", "HS256", "a secret"),
        ("EdDSA", "an Ed25519 key", "RS256", "an RSA key"),
        ("HS256", "a secret", "RS256", "an RSA key"),
        ("HS256", "a secret", "Ed25519", "an Ed25519 key"),
    ],
)
def test_an_algorithm_that_the_key_does_not_take_is_a_fault(
    faults_of: FaultsOf,
    private_pems: dict[str, str],
    name: str,
    given: str,
    algorithm: str,
    wanted: str,
) -> None:
    (fault,) = faults_of(KEY=private_pems.get(name, SECRET), ALGORITHM=algorithm)
    assert fault == (
        f"TOKENGUARD_ALGORITHM is {algorithm}, which takes {wanted}, and the key is {given};"
        f" `flask tokenguard keygen --alg {algorithm} --out FILE` makes one for TOKENGUARD_KEY_FILE"
    )


# Every fault, when the app starts.


@pytest.mark.parametrize(
    ("alg", "size"), [("HS256", 31), ("HS384", 47), ("HS512", 63)], ids=["256", "384", "512"]
)
def test_a_secret_shorter_than_its_hash_is_a_fault(
    faults_of: FaultsOf, alg: str, size: int
) -> None:
    assert faults_of(KEY=SECRET[:size], ALGORITHM=alg) == (
        f"TOKENGUARD_KEY: the key is {size * 8} bits long; {alg} takes at least {size * 8 + 8}",
    )


def test_a_short_rsa_key_is_a_fault(faults_of: FaultsOf, short_rsa_pem: str) -> None:
    (fault,) = faults_of(KEY=short_rsa_pem)
    assert fault == "TOKENGUARD_KEY: the key is 1024 bits long; RS256 takes at least 2048"


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


@pytest.mark.parametrize("said", [{"use": "enc"}, {"alg": "A256KW"}], ids=str)
def test_a_key_for_encryption_without_encryption_is_a_fault(
    faults_of: FaultsOf, said: dict[str, str]
) -> None:
    assert faults_of(KEYS=[{"value": SECRET}, {"value": OTHER_SECRET, **said}]) == (
        "TOKENGUARD_KEYS[1]: the key has the use 'enc'; see TOKENGUARD_ENCRYPTION",
    )


def test_a_key_for_encryption_alone_does_not_sign(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(
        KEYS=[{"value": SECRET[:32], "kid": "e", "use": "enc"}], ENCRYPTION={"kid": "e"}
    )
    assert fault.startswith("There is no key; set TOKENGUARD_KEY, TOKENGUARD_KEY_FILE")


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


def test_no_key_at_all_is_a_fault(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(KEY=None)
    assert fault.startswith("There is no key; set TOKENGUARD_KEY")


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


# No secret in a message, a repr or a log.


def long_lines(text: str) -> list[str]:
    """Take the lines of a PEM that hold the key."""
    return [line for line in text.splitlines() if line and not line.startswith("-----")]


@pytest.mark.parametrize(
    "settings",
    [
        {"KEY": "hunter2"},
        {"KEY": "-----BEGIN hunter2"},
        {"KEY": "-----BEGIN PUBLIC KEY-----\nhunter2: hunter2\n-----END PUBLIC KEY-----"},
        {"KEY": "{'kty': 'oct', 'k': 'hunter2'}"},
        {"KEY": '[{"kty":"oct","k":"hunter2"}]'},
        {"KEY": {"hunter2": "hunter2"}},
        {"KEY": "ssh-rsa AAAA hunter2"},
        {"KEY": "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"},
        {"KEY": '{"kty":"oct","k":"hunter2"'},
        {"KEY": '{"hunter2":1,"hunter2":2}'},
        {"KEY": {"kty": "oct", "k": "hunter2"}},
        {"KEY": {"kty": "oct", "k": "hunter2="}},
        {"KEY": {"kty": "EC", "crv": "P-256", "x": "hunter2", "y": "hunter2", "d": "hunter2"}},
        {"KEY": {"kty": "OKP", "crv": "Ed25519", "x": "hunter20", "d": "hunter20"}},
        {"KEY": b"hunter2"},
        {"KEY": ["hunter2"]},
        {"KEYS": "hunter2"},
        {"KEYS": ["hunter2"]},
        {"KEYS": [{"value": "hunter2", "file": "x"}]},
        {"KEYS": [{"value": ["hunter2"]}]},
        {"KEYS": [{"value": "hunter2", "password": "hunter2"}]},
        {"KEYS": [{"value": "x", "password": ["hunter2"]}]},
        {"KEY": SECRET, "KEY_PASSWORD": "hunter2"},
        {"KEY": SECRET, "KEY_PASSWORD": ["hunter2"]},
    ],
    ids=ascii,
)
def test_a_fault_does_not_tell_a_secret(
    faults_of: FaultsOf, caplog: pytest.LogCaptureFixture, settings: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    faults = faults_of(**settings)
    assert "hunter2" not in "\n".join(faults) + caplog.text


def test_a_wrong_password_is_not_told(faults_of: FaultsOf, encrypted_pems: dict[str, str]) -> None:
    (fault,) = faults_of(KEY=encrypted_pems["ES256"], KEY_PASSWORD="hunter2")
    assert "hunter2" not in fault


def test_a_key_given_as_a_file_name_is_not_told(
    faults_of: FaultsOf, private_pems: dict[str, str]
) -> None:
    (fault,) = faults_of(KEY_FILE=private_pems["ES256"])
    assert long_lines(private_pems["ES256"])[0] not in fault


def test_a_key_given_as_the_name_of_a_variable_is_not_told(
    faults_of: FaultsOf, private_pems: dict[str, str]
) -> None:
    (fault,) = faults_of(KEYS=[{"env": private_pems["ES256"]}])
    assert long_lines(private_pems["ES256"])[0] not in fault


def test_a_secret_that_is_not_unicode_is_told_in_our_words(faults_of: FaultsOf) -> None:
    # What os.environ makes of an octet that is not UTF-8.
    (fault,) = faults_of(KEY="\udcff" + SECRET)
    assert "udcff" not in fault


def test_a_repr_of_the_settings_shows_no_secret(
    private_keys: dict[str, PrivateKey], encrypted_pems: dict[str, str]
) -> None:
    pem = private_pem(private_keys["ES256"], PrivateFormat.PKCS8)
    config = {
        "TOKENGUARD_KEY": pem,
        "TOKENGUARD_KEY_PASSWORD": "hunter2",
        "TOKENGUARD_KEYS": [{"value": encrypted_pems["RS256"], "password": "hunter2"}],
    }
    shown = repr(Settings.read(config, lambda _: None, folder=Path()))
    assert "hunter2" not in shown
    assert "BEGIN" not in shown


@pytest.mark.parametrize("value", [SECRET, {"kty": "oct", "k": SECRET}], ids=["text", "JWK"])
def test_a_repr_of_an_entry_shows_no_secret(value: Any) -> None:
    shown = repr(entry(value, password="hunter2", kid="k"))
    assert SECRET not in shown
    assert "hunter2" not in shown


def test_a_repr_of_the_keys_shows_no_secret() -> None:
    assert SECRET not in repr(load(entry(SECRET, kid="k")))


def test_an_app_logs_no_secret_and_no_token(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = token_of(make_app(KEY=OTHER_SECRET))
    status(make_app(KEY=SECRET), token)
    assert "token refused" in caplog.text
    assert SECRET not in caplog.text
    assert token not in caplog.text


def test_a_refusal_does_not_tell_the_key(make_app: MakeApp) -> None:
    guard = TokenGuard()
    token = token_of(make_app(KEY=OTHER_SECRET))
    make_app(guard, KEY=SECRET)
    with pytest.raises(InvalidToken) as caught:
        guard.verify(token)
    assert SECRET not in str(caught.value) + repr(caught.value)


def test_configured_keys_are_found_among_those_that_verify(secret: str) -> None:
    keys = load(entry(secret, kid="mine"))
    assert list(keys.find(Header("HS256", "mine", None, {}), "sig")) == list(keys)
    assert keys.find(Header("HS256", "theirs", None, {}), "sig") == ()
