"""`flask tokenguard`: keygen."""

import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from flask_tokenguard.cli.readers import WITHOUT_EDDSA, WITHOUT_ML_DSA
from flask_tokenguard.jose import akp
from flask_tokenguard.jose.algorithms import ENCRYPTION_ALGORITHMS, SIGNATURE_ALGORITHMS
from flask_tokenguard.jose.jwe import EncryptionKey
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.keys.text import read_file, read_material

from .support import PASSWORD, run_alone, states

SECRETS = ["HS256", "HS384", "HS512", "A128KW", "A256KW", "dir", "A256GCMKW"]
PAIRS = [alg for alg in (*SIGNATURE_ALGORITHMS, *ENCRYPTION_ALGORITHMS) if alg not in SECRETS]


@pytest.mark.parametrize("alg", PAIRS)
def test_a_key_pair_is_written_as_a_pem_of_its_algorithm(tmp_path: Path, alg: str) -> None:
    result = run_alone("keygen", "--alg", alg, "--out", tmp_path / "key")
    ((key, _),) = read_material(read_file(tmp_path / "key"))
    kind = Key if alg in SIGNATURE_ALGORITHMS else EncryptionKey
    assert result.exit_code == 0
    assert kind(key, alg=alg).is_private


@pytest.mark.parametrize("alg", akp.PUBLIC_SIZES)
def test_keygen_names_who_alone_reads_ml_dsa(alg: str) -> None:
    result = run_alone("keygen", "--alg", alg, "--stdout")
    assert result.stderr == f"{alg} is not read by {WITHOUT_ML_DSA}; ES256 is\n"


@pytest.mark.usefixtures("old_cryptography")
def test_keygen_names_a_cryptography_without_ml_dsa(tmp_path: Path) -> None:
    result = run_alone("keygen", "--alg", "ML-DSA-44", "--out", tmp_path / "key")
    assert (result.exit_code, [*tmp_path.iterdir()]) == (2, [])
    assert result.stderr == (
        "Error: No such key: ML-DSA-44 is an algorithm which the installed cryptography cannot do;"
        " type `pip install 'cryptography>=48'`\n"
    )


@pytest.mark.usefixtures("old_cryptography")
def test_rotate_names_a_cryptography_without_ml_dsa(ring: Path) -> None:
    result = run_alone("rotate", "--keyring", ring, "--alg", "ML-DSA-65")
    assert (result.exit_code, states(ring)) == (2, ["active", "next"])
    assert "ML-DSA-65 is an algorithm which the installed cryptography cannot do" in result.stderr


KEYGEN_JSON = ("kid", "alg", "use", "format", "out", "public")


def test_keygen_names_its_files_for_programs(tmp_path: Path) -> None:
    files = (str(tmp_path / "key"), str(tmp_path / "public"))
    result = run_alone("keygen", "--json", "--out", files[0], "--public", files[1])
    expected = (None, "ES256", "sig", "pem", *files)
    assert json.loads(result.stdout) == dict(zip(KEYGEN_JSON, expected, strict=True))
    assert (tmp_path / "key").read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_keygen_prints_a_secret_in_json_where_it_is_asked_for() -> None:
    result = run_alone("keygen", "--alg", "HS256", "--json", "--stdout")
    made = json.loads(result.stdout)
    assert json.loads(made.pop("key"))["kty"] == "oct"
    expected = (None, "HS256", "sig", "jwk", None, None)
    assert made == dict(zip(KEYGEN_JSON, expected, strict=True))


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_keygen_names_who_cannot_read_eddsa(alg: str) -> None:
    result = run_alone("keygen", "--alg", alg, "--stdout")
    assert result.stderr == f"{alg} is not read by {WITHOUT_EDDSA}; ES256 is\n"


def test_keygen_has_nothing_to_add_for_its_default() -> None:
    assert run_alone("keygen", "--stdout").stderr == ""


@pytest.mark.parametrize("alg", [*SECRETS, *PAIRS])
def test_a_jwk_says_what_its_key_is_for(tmp_path: Path, alg: str) -> None:
    result = run_alone(
        "keygen", "--alg", alg, "--kid", "k1", "--format", "jwk", "--out", tmp_path / "key"
    )
    ((_, metadata),) = read_material(read_file(tmp_path / "key"))
    assert result.exit_code == 0
    assert (metadata["alg"], metadata["kid"]) == (alg, "k1")
    assert metadata["use"] == ("sig" if alg in SIGNATURE_ALGORITHMS else "enc")


@pytest.mark.parametrize("alg", SECRETS)
def test_a_secret_is_a_jwk_unless_told_otherwise(tmp_path: Path, alg: str) -> None:
    run_alone("keygen", "--alg", alg, "--out", tmp_path / "key")
    ((key, metadata),) = read_material(read_file(tmp_path / "key"))
    assert isinstance(key, bytes)
    assert "kid" not in json.loads((tmp_path / "key").read_text())
    assert metadata["alg"] == alg


@pytest.mark.parametrize(
    ("enc", "size"),
    [("A128GCM", 16), ("A256GCM", 32), ("A128CBC-HS256", 32), ("A256CBC-HS512", 64)],
)
def test_the_content_encryption_sets_the_length_of_a_dir_key(
    tmp_path: Path, enc: str, size: int
) -> None:
    run_alone("keygen", "--alg", "dir", "--enc", enc, "--out", tmp_path / "key")
    ((key, _),) = read_material(read_file(tmp_path / "key"))
    assert isinstance(key, bytes)
    assert len(key) == size


@pytest.mark.parametrize("crv", ["P-256", "P-384", "X25519"])
def test_the_curve_of_an_ecdh_key_is_chosen(crv: str) -> None:
    result = run_alone("keygen", "--alg", "ECDH-ES", "--crv", crv, "--format", "jwk", "--stdout")
    assert json.loads(result.stdout)["crv"] == crv


def test_an_rsa_key_has_3072_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    run_alone("keygen", "--alg", "RS256", "--out", tmp_path / "key")
    ((key, _),) = read_material(read_file(tmp_path / "key"))
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 3072


@pytest.mark.parametrize("alg", ["EdDSA", "HS256"])
def test_a_secret_is_for_its_owner_alone(tmp_path: Path, alg: str) -> None:
    run_alone("keygen", "--alg", alg, "--out", tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("precious")
    result = run_alone("keygen", "--out", tmp_path / "key")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {tmp_path / 'key'} exists already\n"
    assert (tmp_path / "key").read_text() == "precious"


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    result = run_alone("keygen", "--out", tmp_path / "link")
    assert result.exit_code == 2
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_for_the_public_part_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "public").write_text("precious")
    result = run_alone("keygen", "--out", tmp_path / "key", "--public", tmp_path / "public")
    assert result.exit_code == 2
    assert (tmp_path / "public").read_text() == "precious"


@pytest.mark.parametrize("places", [[], ["--stdout", "--out", "key"]])
def test_it_must_be_said_where_the_secret_goes(places: list[str]) -> None:
    result = run_alone("keygen", *places)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: Say where the secret goes: --out FILE or --stdout\n"


def test_a_pem_goes_to_stdout_when_asked_for() -> None:
    result = run_alone("keygen", "--stdout")
    ((key, _),) = read_material(result.stdout)
    assert Key(key).alg == "ES256"


def test_a_secret_goes_to_stdout_when_asked_for() -> None:
    result = run_alone("keygen", "--alg", "HS256", "--stdout")
    assert json.loads(result.stdout).keys() == {"kty", "k", "alg", "use"}
    assert result.stderr == ""


def test_the_public_part_is_the_public_key_of_the_pair(tmp_path: Path) -> None:
    run_alone("keygen", "--out", tmp_path / "key", "--public", tmp_path / "public")
    ((private, _),) = read_material(read_file(tmp_path / "key"))
    ((public_key, _),) = read_material(read_file(tmp_path / "public"))
    assert Key(public_key).public_jwk() == Key(private).public_jwk()
    assert not Key(public_key).is_private


def test_the_public_part_of_a_jwk_holds_no_private_member(tmp_path: Path) -> None:
    run_alone(
        *("keygen", "--alg", "ES256", "--format", "jwk", "--kid", "k1"),
        *("--out", tmp_path / "key", "--public", tmp_path / "public"),
    )
    members = json.loads((tmp_path / "public").read_text())
    assert members.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert "d" in json.loads((tmp_path / "key").read_text())


def test_the_public_part_has_its_file_beside_a_key_on_stdout(tmp_path: Path) -> None:
    result = run_alone("keygen", "--stdout", "--public", tmp_path / "public")
    assert result.stdout.startswith("-----BEGIN PRIVATE KEY-----")
    assert result.stderr == f"Wrote {tmp_path / 'public'}: public key\n"
    assert (tmp_path / "public").read_text().startswith("-----BEGIN PUBLIC KEY-----")


def test_a_password_is_asked_for_twice(tmp_path: Path) -> None:
    result = run_alone(
        "keygen", "--password", "--out", tmp_path / "key", input=f"{PASSWORD}\n{PASSWORD}\n"
    )
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert read_material(read_file(tmp_path / "key"), password=PASSWORD)


def test_a_password_that_is_typed_in_two_ways_is_asked_for_again(tmp_path: Path) -> None:
    result = run_alone(
        "keygen", "--password", "--out", tmp_path / "key", input=f"a\nb\n{PASSWORD}\n{PASSWORD}\n"
    )
    assert result.exit_code == 0
    assert read_material(read_file(tmp_path / "key"), password=PASSWORD)


def test_a_prompt_does_not_stand_in_the_pem() -> None:
    result = run_alone("keygen", "--password", "--stdout", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert read_material(result.stdout.lstrip(), password=PASSWORD)


def test_a_password_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD + "\n")
    run_alone("keygen", "--password-file", tmp_path / "password", "--out", tmp_path / "key")
    assert read_material(read_file(tmp_path / "key"), password=PASSWORD)


def test_a_password_is_read_from_the_environment(tmp_path: Path) -> None:
    run_alone(
        "keygen", "--password-env", "PEM_PW", "--out", tmp_path / "key", env={"PEM_PW": PASSWORD}
    )
    assert read_material(read_file(tmp_path / "key"), password=PASSWORD)


def test_an_empty_password_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("\n")
    result = run_alone(
        "keygen", "--password-file", tmp_path / "password", "--out", tmp_path / "key"
    )
    assert result.exit_code == 2
    assert result.stderr == f"Error: The password's file {tmp_path / 'password'} is empty\n"
    assert not (tmp_path / "key").exists()


def test_a_password_that_is_too_long_is_refused(tmp_path: Path) -> None:
    result = run_alone(
        "keygen", "--password-env", "PEM_PW", "--out", tmp_path / "key", env={"PEM_PW": "x" * 2000}
    )
    assert result.exit_code == 2


def test_a_password_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    result = run_alone("keygen", "--stdout", "--password-file", tmp_path / "none")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: The password's file {tmp_path / 'none'} cannot be read:"
        " No such file or directory\n"
    )


@pytest.mark.parametrize("env", [{}, {"PEM_PW": ""}])
def test_a_password_variable_that_says_nothing_is_an_error(env: dict[str, str]) -> None:
    result = run_alone("keygen", "--stdout", "--password-env", "PEM_PW", env=env)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: The environment variable PEM_PW is not set\n"


@pytest.mark.parametrize(
    "options",
    [
        ["--password", "--password-file", "f"],
        ["--password", "--password-env", "E"],
        ["--password-file", "f", "--password-env", "E"],
    ],
)
def test_a_password_comes_from_one_place(options: list[str]) -> None:
    result = run_alone("keygen", "--stdout", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "one of --password, --password-file and --password-env" in result.stderr


@pytest.mark.parametrize("options", [["--format", "jwk"], ["--alg", "HS256"]])
def test_a_jwk_takes_no_password(tmp_path: Path, options: list[str]) -> None:
    result = run_alone(
        "keygen",
        *options,
        "--password-env",
        "PEM_PW",
        "--out",
        tmp_path / "key",
        env={"PEM_PW": PASSWORD},
    )
    assert result.exit_code == 2
    assert "A JWK cannot be encrypted with a password" in result.stderr
    assert PASSWORD not in result.output
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("options", [["--format", "pem"], ["--public", "public"]])
def test_a_secret_has_no_pem_and_no_public_part(tmp_path: Path, options: list[str]) -> None:
    result = run_alone("keygen", "--alg", "HS256", "--out", tmp_path / "key", *options)
    assert result.exit_code == 2
    assert "A secret has no PEM and no public part" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--alg", "none"], "'none' is not one of HS256, HS384, HS512, RS256, RS384"),
        (["--alg", "RSA1_5"], "dir, A256GCMKW, RSA-OAEP-256, ECDH-ES+A256KW, ECDH-ES\n"),
        (["--alg", "ECDH-ES", "--crv", "P-521"], "ECDH-ES does not take the curve P-521"),
        (["--alg", "ECDH-ES", "--crv", "secp256k1"], "P-256, P-384, P-521, Ed25519"),
        (["--alg", "A256KW", "--crv", "P-256"], "A256KW does not take the curve P-256"),
        (["--alg", "dir", "--enc", "A192GCM"], "A256GCM, A128GCM, A256CBC-HS512"),
        (["--alg", "A256KW", "--enc", "A256GCM"], "A256KW does not take A256GCM; dir takes"),
    ],
)
def test_a_key_that_cannot_be_is_refused(options: list[str], message: str) -> None:
    result = run_alone("keygen", "--stdout", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


@pytest.mark.parametrize(
    "options",
    [["--alg", "ES256", "--crv", "P-384"], ["--alg", "A256KW", "--enc", "none"]],
)
def test_an_option_that_would_change_nothing_is_refused(options: list[str]) -> None:
    assert run_alone("keygen", "--stdout", *options).exit_code == 2


def test_an_unknown_format_is_refused() -> None:
    result = run_alone("keygen", "--stdout", "--format", "der")
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize(
    ("typed", "member", "name"),
    [
        (["--alg", "hs256"], "alg", "HS256"),
        (["--alg", "ecdh-es+a256kw"], "alg", "ECDH-ES+A256KW"),
        (["--alg", "ecdh-es", "--crv", "p-256"], "crv", "P-256"),
        (["--alg", "DIR", "--enc", "a128gcm"], "alg", "dir"),
    ],
)
def test_names_of_algorithms_are_taken_in_any_case(
    typed: list[str], member: str, name: str
) -> None:
    result = run_alone("keygen", *typed, "--format", "jwk", "--stdout")
    assert json.loads(result.stdout)[member] == name


@pytest.mark.parametrize(
    ("command", "names"),
    [("keygen", [*SIGNATURE_ALGORITHMS, *ENCRYPTION_ALGORITHMS]), ("rotate", SIGNATURE_ALGORITHMS)],
)
def test_help_lists_the_algorithms(command: str, names: list[str]) -> None:
    listed = re.sub(r"\s", "", run_alone(command, "--help").stdout)
    assert f"--alg[{'|'.join(names)}]" in listed


@pytest.mark.parametrize(
    ("options", "content"),
    [
        ([], "private key for ES256, PEM"),
        (["--password-env", "PEM_PW"], "private key for ES256, encrypted PEM"),
        (["--alg", "ES256", "--format", "jwk"], "private key for ES256, JWK"),
        (["--alg", "HS256"], "secret for HS256, JWK"),
    ],
)
def test_keygen_prints_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], content: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run_alone("keygen", *options, "--out", "key", env={"PEM_PW": PASSWORD})
    assert result.stdout == f"Wrote {tmp_path / 'key'}: {content}\n"


def test_keygen_names_both_files(tmp_path: Path) -> None:
    result = run_alone("keygen", "--out", tmp_path / "key", "--public", tmp_path / "public")
    assert result.stdout == (
        f"Wrote {tmp_path / 'key'}: private key for ES256, PEM\n"
        f"Wrote {tmp_path / 'public'}: public key\n"
    )


def test_a_folder_that_is_not_there_is_named_with_what_makes_it(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    result = run_alone("keygen", "--out", folder / "key")
    assert result.exit_code == 2
    assert f"the folder {folder} is not there; make it: mkdir -p -m 700 {folder}" in result.stderr
