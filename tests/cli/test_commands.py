"""`flask tokenguard`: keys, rings, tokens and routes, as one who types commands sees them."""

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from flask.cli import NoAppException, ScriptInfo
from flask.typing import ResponseReturnValue
from flask.views import MethodView

from flask_tokenguard import TokenGuard, public, token_required
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.cli.readers import WITHOUT_EDDSA, WITHOUT_ML_DSA
from flask_tokenguard.jose import akp
from flask_tokenguard.jose.algorithms import ENCRYPTION_ALGORITHMS, SIGNATURE_ALGORITHMS
from flask_tokenguard.jose.jwe import EncryptionKey
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.keys.generate import to_jwk
from flask_tokenguard.keys.ring_files import INDEX, read_index
from flask_tokenguard.keys.ring_files import make as make_ring
from flask_tokenguard.keys.ring_files import rotate as rotate_ring
from flask_tokenguard.keys.text import read_file, read_material

from ..conftest import MakeApp
from ..support import Config

PASSWORD = "correct horse"
SECRETS = ["HS256", "HS384", "HS512", "A128KW", "A256KW", "dir", "A256GCMKW"]
PAIRS = [alg for alg in (*SIGNATURE_ALGORITHMS, *ENCRYPTION_ALGORITHMS) if alg not in SECRETS]


@pytest.fixture(autouse=True)
def _quick_and_alone(monkeypatch: pytest.MonkeyPatch, private_keys: dict[str, PrivateKey]) -> None:
    """Make the same short RSA key again, and read nobody's environment."""
    monkeypatch.setattr(rsa, "generate_private_key", lambda *_: private_keys["RS256"])
    for name in ("NO_COLOR", "FLASK_DEBUG", "FLASK_TOKENGUARD_KEYRING"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """A ring whose next key was published long ago."""
    folder = tmp_path / "ring"
    make_ring(folder, alg="ES256", password=None, now=1)
    return folder


def run(app: Flask, *arguments: str | Path, **options: Any) -> Result:
    """Type a command beside an app."""
    return app.test_cli_runner().invoke(tokenguard, list(map(str, arguments)), **options)


def run_with(create_app: Callable[[], Flask], *arguments: str | Path, **options: Any) -> Result:
    """Type a command where the app is yet to be made."""
    info = ScriptInfo(create_app=create_app)
    return CliRunner().invoke(tokenguard, list(map(str, arguments)), obj=info, **options)


def no_app() -> Flask:
    """Find no app, as where there is none."""
    raise NoAppException("Could not locate a Flask application.")


def run_alone(*arguments: str | Path, **options: Any) -> Result:
    """Type a command where there is no app."""
    return run_with(no_app, *arguments, **options)


def states(folder: Path) -> list[str]:
    """Read the states of a ring's keys."""
    return [entry.state for entry in read_index(folder)]


def pem_starts(folder: Path) -> set[str]:
    """Read the first lines of a ring's PEM files."""
    return {path.read_text().split("\n")[0] for path in folder.glob("*.pem")}


def routes_by_endpoint(result: Result) -> dict[tuple[str, str], Any]:
    """Read what each endpoint's methods demand, or that they are public."""
    return {
        (row["endpoint"], row["methods"]): "public" if row["public"] else row["demands"]
        for row in json.loads(result.stdout)
    }


# keygen


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
    ((_, said),) = read_material(read_file(tmp_path / "key"))
    assert result.exit_code == 0
    assert (said["alg"], said["kid"]) == (alg, "k1")
    assert said["use"] == ("sig" if alg in SIGNATURE_ALGORITHMS else "enc")


@pytest.mark.parametrize("alg", SECRETS)
def test_a_secret_is_a_jwk_unless_told_otherwise(tmp_path: Path, alg: str) -> None:
    run_alone("keygen", "--alg", alg, "--out", tmp_path / "key")
    ((key, said),) = read_material(read_file(tmp_path / "key"))
    assert isinstance(key, bytes)
    assert "kid" not in json.loads((tmp_path / "key").read_text())
    assert said["alg"] == alg


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


def test_a_file_in_no_folder_is_an_error(tmp_path: Path) -> None:
    result = run_alone("keygen", "--out", tmp_path / "none" / "key")
    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr


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
    ("options", "said"),
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
def test_a_key_that_cannot_be_is_refused(options: list[str], said: str) -> None:
    result = run_alone("keygen", "--stdout", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


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


# keys


def test_keys_lists_what_each_key_is(make_app: MakeApp, private_pems: dict[str, str]) -> None:
    result = run(make_app(KEY=private_pems["ES256"]), "keys")
    header, row = result.stdout.splitlines()
    assert header.split() == ["kid", "use", "alg", "kind", "state", "since"]
    assert row.split()[1:] == ["sig", "ES256", "private", "active", "-"]


def test_keys_prints_json_for_programs(make_app: MakeApp) -> None:
    result = run(make_app(), "keys", "--json")
    assert json.loads(result.stdout) == [
        {
            "kid": None,
            "use": "sig",
            "alg": "HS256",
            "kind": "private",
            "state": "active",
            "since": None,
        }
    ]


def test_a_public_key_is_called_public(make_app: MakeApp, public_pems: dict[str, str]) -> None:
    (row,) = json.loads(run(make_app(KEY=public_pems["ES256"]), "keys", "--json").stdout)
    assert (row["kind"], row["state"]) == ("public", None)


def test_the_keys_of_a_ring_have_their_states_and_times(make_app: MakeApp, ring: Path) -> None:
    rotate_ring(ring, alg="ES256", password=None, now=86_401, least_age=0)
    rows = json.loads(run(make_app(KEYRING=ring), "keys", "--json").stdout)
    assert [(row["state"], row["since"]) for row in rows] == [
        ("verify-only", "1970-01-02T00:00:01Z"),
        ("active", "1970-01-02T00:00:01Z"),
        ("next", "1970-01-02T00:00:01Z"),
    ]


def test_keys_lists_the_keys_that_decrypt(make_app: MakeApp) -> None:
    key = run_alone("keygen", "--alg", "A256KW", "--kid", "sealing", "--stdout").stdout
    rows = json.loads(run(make_app(ENCRYPTION={"key": key}), "keys", "--json").stdout)
    assert [(row["kid"], row["use"], row["alg"]) for row in rows] == [
        (None, "sig", "HS256"),
        ("sealing", "enc", "A256KW"),
    ]


def test_keys_never_prints_a_secret(make_app: MakeApp, secret: str) -> None:
    assert secret not in run(make_app(), "keys", "--json").output


# rotate and prune


def test_new_makes_a_ring(tmp_path: Path) -> None:
    result = run_alone("rotate", "--new", "--keyring", tmp_path / "ring")
    lines = [line.split()[1:] for line in result.stdout.splitlines()]
    assert lines == [["alg", "state"], ["ES256", "active"], ["ES256", "next"]]
    assert states(tmp_path / "ring") == ["active", "next"]


def test_rotate_lists_the_keys_for_programs(ring: Path) -> None:
    result = run_alone("rotate", "--keyring", ring, "--json")
    assert json.loads(result.stdout) == [
        {"kid": entry.kid, "alg": "ES256", "state": entry.state} for entry in read_index(ring)
    ]


@pytest.mark.parametrize("alg", ["eddsa", "EDDSA", "ed25519", "Ed25519"])
def test_an_algorithm_is_rotated_to_in_any_case(ring: Path, alg: str) -> None:
    run_alone("rotate", "--keyring", ring, "--alg", alg)
    assert read_index(ring)[-1].alg == ("EdDSA" if alg[2] in "dD" else "Ed25519")


def test_without_new_no_ring_is_made(tmp_path: Path) -> None:
    result = run_alone("rotate", "--keyring", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: The ring {tmp_path} is as it was: {tmp_path} has no ring.json;"
        " `flask tokenguard rotate --new` makes a ring\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_new_leaves_a_ring_that_is_there_alone(ring: Path) -> None:
    result = run_alone("rotate", "--new", "--keyring", ring)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: The ring {ring} is as it was: {ring} has a ring.json already;"
        " leave out --new to rotate it\n"
    )
    assert states(ring) == ["active", "next"]


def test_a_new_ring_in_no_folder_is_an_error(tmp_path: Path) -> None:
    result = run_alone("rotate", "--new", "--keyring", tmp_path / "none" / "ring")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"the folder {tmp_path / 'none'} is not there; make it: mkdir -p" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["rotate"], ["prune", "--keep", "1"]])
def test_an_argument_is_relative_to_the_working_directory(
    ring: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(ring.parent)
    result = run_alone(*command, "--keyring", ring.name)
    assert (result.exit_code, result.stderr) == (0, f"The ring: {ring}\n")


def test_a_file_that_a_command_names_is_shown_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("key").touch()
    result = run_alone("keygen", "--out", "key")
    assert result.stderr == f"Error: {tmp_path / 'key'} exists already\n"


def test_a_new_ring_has_keys_for_the_algorithm(tmp_path: Path) -> None:
    run_alone("rotate", "--new", "--keyring", tmp_path / "ring", "--alg", "HS256")
    assert {entry.alg for entry in read_index(tmp_path / "ring")} == {"HS256"}


def test_a_next_key_that_is_too_young_does_not_sign(tmp_path: Path) -> None:
    run_alone("rotate", "--new", "--keyring", tmp_path / "ring")
    result = run_alone("rotate", "--keyring", tmp_path / "ring")
    assert (result.exit_code, result.stdout) == (2, "")
    ring = tmp_path / "ring"
    assert re.fullmatch(
        rf"Error: The ring {ring} is as it was: the next key is \d+ s old; readers of the published"
        r" keys may take 300 s to see it\. Wait, or add --now if nobody else reads the keys\n",
        result.stderr,
    )
    assert states(tmp_path / "ring") == ["active", "next"]


def test_now_does_not_wait_for_readers(tmp_path: Path) -> None:
    run_alone("rotate", "--new", "--keyring", tmp_path / "ring")
    result = run_alone("rotate", "--keyring", tmp_path / "ring", "--now")
    assert result.exit_code == 0
    assert states(tmp_path / "ring") == ["verify-only", "active", "next"]


def test_the_new_key_is_like_the_active_one(ring: Path) -> None:
    run_alone("rotate", "--keyring", ring)
    assert [entry.alg for entry in read_index(ring)] == ["ES256", "ES256", "ES256"]


def test_the_new_key_may_be_for_another_algorithm(ring: Path) -> None:
    result = run_alone("rotate", "--keyring", ring, "--alg", "EdDSA")
    assert result.stderr.startswith(f"EdDSA is not read by {WITHOUT_EDDSA}; ES256 is\n")
    assert [entry.alg for entry in read_index(ring)] == ["ES256", "ES256", "EdDSA"]


@pytest.mark.parametrize("alg", akp.PUBLIC_SIZES)
def test_a_ring_of_ml_dsa_is_read_and_turned(make_app: MakeApp, ring: Path, alg: str) -> None:
    for _ in range(2):
        run_alone("rotate", "--now", "--keyring", ring, "--alg", alg)
    guard = TokenGuard()
    app = make_app(guard, KEYRING=ring)
    assert guard.verify(guard.issue_token("ada")).header["alg"] == alg
    assert json.loads(run(app, "jwks").stdout)["keys"][0]["kty"] == "AKP"


def test_a_ring_is_not_turned_to_tokens_that_are_too_long(make_app: MakeApp, ring: Path) -> None:
    app = make_app(KEYRING=ring, ENCRYPTION={"key": to_jwk(secrets.token_bytes(32), private=True)})
    result = run(app, "rotate", "--alg", "ML-DSA-87")
    assert (result.exit_code, states(ring)) == (2, ["active", "next"])
    assert "the shortest token by ML-DSA-87 in TOKENGUARD_ENCRYPTION is" in result.stderr
    assert run(app, "rotate", "--alg", "ML-DSA-65").exit_code == 0


def test_a_lost_password_file_leaves_the_ring_as_it_was(
    ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_TOKENGUARD_KEYRING", str(ring))
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY_PASSWORD_FILE", str(ring / "none"))
    result = run_alone("rotate")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: TOKENGUARD_KEY_PASSWORD_FILE cannot be read: No such file or directory\n"
    )


def test_an_unknown_algorithm_leaves_the_ring_as_it_was(ring: Path) -> None:
    result = run_alone("rotate", "--keyring", ring, "--alg", "none")
    assert result.exit_code == 2
    assert "'none' is not one of HS256, HS384" in result.stderr
    assert states(ring) == ["active", "next"]


def test_an_algorithm_for_encryption_leaves_the_ring_as_it_was(ring: Path) -> None:
    result = run_alone("rotate", "--keyring", ring, "--alg", "A256KW")
    assert result.exit_code == 2
    assert states(ring) == ["active", "next"]


def test_the_ring_of_the_app_is_rotated(make_app: MakeApp, ring: Path) -> None:
    result = run(make_app(KEYRING=ring), "rotate")
    assert result.exit_code == 0
    assert states(ring) == ["verify-only", "active", "next"]


def test_the_ring_of_the_environment_needs_no_app(tmp_path: Path) -> None:
    env = {"FLASK_TOKENGUARD_KEYRING": str(tmp_path / "ring")}
    assert run_alone("rotate", "--new", env=env).exit_code == 0
    assert states(tmp_path / "ring") == ["active", "next"]


def test_without_an_app_a_ring_is_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run_alone("rotate", "--new", env={"FLASK_TOKENGUARD_KEYRING": "ring"})
    assert (result.exit_code, result.stderr) == (0, f"The ring: {tmp_path / 'ring'}\n")


def test_a_password_that_is_no_text_makes_no_ring(tmp_path: Path) -> None:
    env = {
        "FLASK_TOKENGUARD_KEYRING": str(tmp_path / "ring"),
        "FLASK_TOKENGUARD_KEY_PASSWORD": "1234",
    }
    result = run_alone("rotate", "--new", env=env)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: TOKENGUARD_KEY_PASSWORD is a number where text is")
    assert not (tmp_path / "ring").exists()


def test_rotate_turns_the_ring_in_the_app_s_instance_folder(
    ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Flask(__name__, instance_path=str(ring.parent))
    app.config["TOKENGUARD_KEYRING"] = ring.name
    TokenGuard(app)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert run(app, "rotate").stderr == f"The ring: {ring}\n"
    assert states(ring) == ["verify-only", "active", "next"]
    assert list(elsewhere.iterdir()) == []


def test_an_app_of_the_environment_opens_the_ring_made_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_TOKENGUARD_KEYRING", str(tmp_path / "ring"))
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY_PASSWORD", PASSWORD)
    run_alone("rotate", "--new")
    app = Flask(__name__)
    app.config.from_prefixed_env()
    TokenGuard(app)


def test_an_app_without_a_ring_has_none_to_rotate(make_app: MakeApp) -> None:
    result = run(make_app(), "rotate")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: The app has no key ring; name one with --keyring\n"


@pytest.mark.parametrize("command", [["prune"], ["prune", "--keep", "1"], ["prune", "--json"]])
def test_prune_names_what_it_prunes_where_there_is_one(
    make_app: MakeApp, command: list[str]
) -> None:
    result = run(make_app(), *command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "Error: There is nothing to prune: the app has no key ring (TOKENGUARD_KEYRING), whose keys"
        " are dropped when all their tokens have expired, and no store (TOKENGUARD_STORAGE_URI),"
        " whose entries are dropped when they have expired; name a ring with --keyring\n"
    )


@pytest.mark.parametrize("command", [["rotate"], ["prune", "--keep", "1"]])
def test_a_ring_that_is_no_folder_is_an_error(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").touch()
    result = run_alone(*command, "--keyring", tmp_path / "file")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: The ring {tmp_path / 'file'} is as it was: ")


@pytest.mark.parametrize("command", [["rotate"], ["prune", "--keep", "1"]])
def test_a_damaged_ring_is_an_error(ring: Path, command: list[str]) -> None:
    (ring / INDEX).write_text("{}")
    result = run_alone(*command, "--keyring", ring)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: The ring {ring} is as it was: ring.json is not")


def test_a_new_ring_is_encrypted_with_the_password(tmp_path: Path) -> None:
    run_alone(
        *("rotate", "--new", "--keyring", tmp_path / "ring", "--password-env", "PEM_PW"),
        env={"PEM_PW": PASSWORD},
    )
    assert pem_starts(tmp_path / "ring") == {"-----BEGIN ENCRYPTED PRIVATE KEY-----"}


def test_a_new_ring_is_encrypted_with_the_typed_password(make_app: MakeApp, tmp_path: Path) -> None:
    run_alone(
        *("rotate", "--new", "--keyring", tmp_path / "ring", "--password"),
        input=f"{PASSWORD}\n{PASSWORD}\n",
    )
    assert make_app(KEYRING=tmp_path / "ring", KEY_PASSWORD=PASSWORD)


@pytest.mark.parametrize("setting", ["KEY_PASSWORD", "KEY_PASSWORD_FILE"])
def test_the_password_of_the_app_encrypts_the_new_key(
    make_app: MakeApp, tmp_path: Path, setting: str
) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    value = {"KEY_PASSWORD": PASSWORD, "KEY_PASSWORD_FILE": tmp_path / "password"}[setting]
    make_ring(tmp_path / "ring", alg="ES256", password=PASSWORD, now=1)
    result = run(make_app(KEYRING=tmp_path / "ring", **{setting: value}), "rotate")
    assert result.exit_code == 0
    assert pem_starts(tmp_path / "ring") == {"-----BEGIN ENCRYPTED PRIVATE KEY-----"}
    assert PASSWORD not in result.output


def test_rotate_takes_its_password_from_one_place(ring: Path) -> None:
    result = run_alone("rotate", "--keyring", ring, "--password", "--password-env", "E")
    assert result.exit_code == 2
    assert states(ring) == ["active", "next"]


def test_prune_drops_the_keys_whose_tokens_have_expired(ring: Path) -> None:
    rotate_ring(ring, alg="ES256", password=None, now=2, least_age=0)
    result = run_alone("prune", "--keyring", ring, "--keep", "60")
    assert (result.exit_code, result.stdout) == (0, "1 key dropped\n")
    assert states(ring) == ["active", "next"]


def test_prune_lists_what_it_dropped_for_programs(ring: Path) -> None:
    rotate_ring(ring, alg="ES256", password=None, now=2, least_age=0)
    kids = [entry.kid for entry in read_index(ring)]
    result = run_alone("prune", "--keyring", ring, "--keep", "60", "--json")
    assert json.loads(result.stdout) == {"keys": kids[:1], "entries": None}


def test_prune_keeps_the_keys_whose_tokens_may_live(ring: Path) -> None:
    rotate_ring(ring, alg="ES256", password=None, now=2, least_age=0)
    result = run_alone("prune", "--keyring", ring, "--keep", "99999d")
    assert result.stdout == "0 keys dropped\n"
    assert states(ring) == ["verify-only", "active", "next"]


def test_prune_keeps_what_the_lifetime_of_the_app_demands(make_app: MakeApp, ring: Path) -> None:
    app = make_app(KEYRING=ring, ACCESS_TOKEN_LIFETIME=3600, LEEWAY=60)
    run(app, "rotate")
    assert run(app, "prune").stdout == "0 keys dropped\n"


def test_prune_takes_the_lifetime_of_the_app_for_another_ring(
    make_app: MakeApp, ring: Path
) -> None:
    rotate_ring(ring, alg="ES256", password=None, now=2, least_age=0)
    assert run(make_app(), "prune", "--keyring", ring).stdout == "1 key dropped\n"


def test_prune_takes_the_ring_of_the_app(make_app: MakeApp, ring: Path) -> None:
    rotate_ring(ring, alg="ES256", password=None, now=2, least_age=0)
    run(make_app(KEYRING=ring), "prune", "--keep", "0")
    assert states(ring) == ["active", "next"]


def test_prune_keeps_for_no_negative_time(ring: Path) -> None:
    assert run_alone("prune", "--keyring", ring, "--keep", "-1").exit_code == 2


def test_prune_makes_no_folder(tmp_path: Path) -> None:
    run_alone("prune", "--keyring", tmp_path / "none", "--keep", "0")
    assert not (tmp_path / "none").exists()


# issue


def test_issue_prints_a_token_that_the_app_accepts(make_app: MakeApp) -> None:
    guard = TokenGuard()
    token = run(make_app(guard, AUDIENCE=["api", "web"]), "issue", "ada").stdout.strip()
    assert guard.verify(token).claims.subject == "ada"


@pytest.mark.parametrize(
    ("options", "seconds"),
    [([], 900), (["--lifetime", "7"], 7), (["--lifetime", "90d"], 90 * 86_400)],
)
def test_issue_prints_a_token_response_for_programs(
    make_app: MakeApp, options: list[str], seconds: int
) -> None:
    guard = TokenGuard()
    answer = json.loads(run(make_app(guard), "issue", "ada", "--json", *options).stdout)
    claims = guard.verify(answer.pop("access_token")).claims
    assert answer == {"token_type": "Bearer", "expires_in": seconds, "jti": claims.id}
    assert claims["exp"] - claims["iat"] == seconds


def test_issue_writes_what_it_is_told(make_app: MakeApp) -> None:
    guard = TokenGuard()
    result = run(
        make_app(guard, AUDIENCE=["api", "web"]),
        *("issue", "ada", "--scope", "read write", "--audience", "web", "--lifetime", "7"),
        *("--not-before", "3s"),
    )
    claims = guard.verify(result.stdout.strip()).claims
    assert (claims["scope"], claims["aud"]) == ("read write", "web")
    assert (claims["exp"] - claims["iat"], claims["nbf"] - claims["iat"]) == (7, 3)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("tier=gold", "gold"),
        ("tier=3", 3),
        ('tier="3"', "3"),
        ("tier=true", True),
        ('tier={"a": [1]}', {"a": [1]}),
        ("tier=a=b", "a=b"),
        ("tier=", ""),
        (f"tier={'9' * 5000}", "9" * 5000),
    ],
)
def test_a_claim_is_json_if_it_is_json(make_app: MakeApp, said: str, value: object) -> None:
    guard = TokenGuard()
    app = make_app(guard, MAX_TOKEN_SIZE=100_000)
    token = run(app, "issue", "ada", "--claim", said).stdout.strip()
    assert guard.verify(token).claims["tier"] == value


def test_a_claim_that_nests_too_deeply_for_json_is_text(make_app: MakeApp) -> None:
    guard = TokenGuard()
    value = "[" * 100_000
    app = make_app(guard, MAX_TOKEN_SIZE=1_000_000)
    token = run(app, "issue", "ada", "--claim", f"tier={value}").stdout.strip()
    assert guard.verify(token).claims["tier"] == value


def test_several_claims_are_written(make_app: MakeApp) -> None:
    guard = TokenGuard()
    token = run(make_app(guard), "issue", "ada", "--claim", "a=1", "--claim", "b=x").stdout
    assert guard.verify(token.strip()).claims.items() >= {"a": 1, "b": "x"}.items()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ada", "--claim", "exp=1"], "the claim exp is reserved"),
        (["ada", "--claim", "tier"], "A claim is NAME=VALUE"),
        (["ada", "--claim", "tier=NaN"], "cannot be written as JSON"),
        (["ada", "--scope", 'a"b'], "is not a scope"),
        (["ada", "--lifetime", "0"], "the lifetime must be"),
        (
            ["ada", "--lifetime", "soon"],
            "write a whole number of seconds, or one with s, m, h or d",
        ),
        (["ada", "--lifetime=-5m"], "write a whole number of seconds"),
        (["ada", "--audience", ""], "the audience must be"),
        ([""], "the subject must be"),
        ([], "Missing argument 'SUBJECT'"),
    ],
)
def test_a_token_that_must_not_be_is_refused(
    make_app: MakeApp, arguments: list[str], said: str
) -> None:
    result = run(make_app(), "issue", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_lifetime_above_the_rings_is_refused_in_a_line(make_app: MakeApp, ring: Path) -> None:
    result = run(make_app(KEYRING=str(ring)), "issue", "ada", "--lifetime", "90d")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "Error: the lifetime of 7776000 seconds is longer than 900: TOKENGUARD_KEYRING drops a key"
        " when the longest token that it signed has expired; raise"
        " TOKENGUARD_ACCESS_TOKEN_LIFETIME\n"
    )


def test_an_app_with_public_keys_issues_nothing(
    make_app: MakeApp, public_pems: dict[str, str]
) -> None:
    result = run(make_app(KEY=public_pems["ES256"]), "issue", "ada")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: No key can sign")


def test_issue_writes_the_default_claims_of_the_app(make_app: MakeApp) -> None:
    guard = TokenGuard()
    guard.default_claims(lambda subject: {"tenant": f"of {subject}"})
    token = run(make_app(guard), "issue", "ada").stdout.strip()
    assert guard.verify(token).claims["tenant"] == "of ada"


# routes


def test_routes_lists_what_each_endpoint_demands(make_app: MakeApp) -> None:
    result = run(make_app(), "routes")
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["endpoint", "methods", "rule", "demands"],
        ["claims", "GET", "HEAD", "/claims", "a", "token"],
        ["static", "GET", "HEAD", "/static/<path:filename>", "public"],
    ]


def test_routes_tells_scopes_and_other_demands(make_app: MakeApp) -> None:
    app = make_app()
    view = token_required(scope="read")(token_required(claims={"tier": "gold"})(lambda: ""))
    app.add_url_rule("/reports", "reports", view)
    found = routes_by_endpoint(run(app, "routes", "--json"))
    assert found["reports", "GET HEAD"] == [{"scope": ["read"]}, {"claims": {"tier": ["gold"]}}]


def test_routes_puts_each_demand_into_words_in_a_table(make_app: MakeApp) -> None:
    app = make_app()
    view = token_required(scope="read")(token_required(claims={"tier": "gold"})(lambda: ""))
    app.add_url_rule("/reports", "reports", view)
    words = " a token, scope read; a token, claim tier: 'gold'\n"
    assert words in run(app, "routes").stdout


@pytest.mark.parametrize(
    ("demanded", "data"),
    [
        ({"any_scope": "a b"}, {"any_scope": ["a", "b"]}),
        ({"role": "admin"}, {"role": ["admin"]}),
        ({"claims": {"level": [1, None]}}, {"claims": {"level": [1, None]}}),
        ({"check": bool}, {"check": True}),
        ({"issuers": "own"}, {"issuers": ["own"]}),
        ({"max_age": 0}, {"max_age": 0}),
        ({"optional": True}, {"optional": True}),
        ({"user": True}, {"user": True}),
    ],
    ids=lambda value: next(iter(value)),
)
def test_routes_gives_programs_the_fields_of_a_demand(
    make_app: MakeApp, demanded: Any, data: dict[str, Any]
) -> None:
    app = make_app()
    app.add_url_rule("/reports", "reports", token_required(**demanded)(lambda: ""))
    assert routes_by_endpoint(run(app, "routes", "--json"))["reports", "GET HEAD"] == [data]


def test_routes_tells_the_methods_of_a_class_view_apart(make_app: MakeApp) -> None:
    class Item(MethodView):
        @public
        def get(self) -> ResponseReturnValue:
            return ""

        @token_required(scope="write")
        def put(self) -> ResponseReturnValue:
            return ""

    app = make_app()
    app.add_url_rule("/item", view_func=Item.as_view("item"))
    found = routes_by_endpoint(run(app, "routes", "--json"))
    assert found["item", "GET HEAD"] == "public"
    assert found["item", "PUT"] == [{"scope": ["write"]}]


def test_routes_lists_options_where_the_view_answers_it(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/open", "open", lambda: "", methods=["OPTIONS"])
    assert routes_by_endpoint(run(app, "routes", "--json"))["open", "OPTIONS"] == []


def test_an_endpoint_that_nobody_spoke_of_demands_nothing(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/open", "open", lambda: "")
    result = run(app, "routes", "--json")
    assert result.exit_code == 0
    assert routes_by_endpoint(result)["open", "GET HEAD"] == []


def test_an_unmarked_endpoint_demands_a_token_where_all_do(make_app: MakeApp) -> None:
    app = make_app(PROTECT="all")
    app.add_url_rule("/closed", "closed", lambda: "")
    result = run(app, "routes", "--json", "--strict")
    assert result.exit_code == 0
    assert routes_by_endpoint(result)["closed", "GET HEAD"] == [{}]


@pytest.mark.parametrize("settings", [{}, {"PROTECT": "all"}])
def test_a_public_endpoint_is_called_public(make_app: MakeApp, settings: Config) -> None:
    app = make_app(PUBLIC_ENDPOINTS=["health*"], **settings)
    app.add_url_rule("/open", "open", public(lambda: ""))
    app.add_url_rule("/healthz", "healthz", lambda: "")
    found = routes_by_endpoint(run(app, "routes", "--json"))
    assert found["open", "GET HEAD"] == found["healthz", "GET HEAD"] == "public"


def test_strict_fails_for_an_endpoint_that_is_open_by_omission(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/open", "open", lambda: "")
    assert run(app, "routes", "--strict").exit_code == 1


def test_strict_passes_where_somebody_spoke_of_every_endpoint(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/open", "open", public(lambda: ""))
    assert run(app, "routes", "--strict").exit_code == 0


def test_a_rule_that_only_builds_urls_has_no_row(make_app: MakeApp) -> None:
    app = make_app()
    app.url_map.add(app.url_rule_class("/built", endpoint="built", build_only=True))
    assert "built" not in run(app, "routes").stdout


def test_an_app_without_endpoints_has_an_empty_table() -> None:
    app = Flask(__name__, static_folder=None)
    app.config["TOKENGUARD_KEY"] = "0123456789" * 8
    TokenGuard(app)
    assert run(app, "routes").stdout == ""
    assert run(app, "routes", "--json").stdout == "[]\n"


# Faults, and colours


NEEDS_AN_APP = [
    *(["keys"], ["rotate"], ["prune"], ["jwks"], ["issue", "ada"]),
    *(["routes"], ["doctor"], ["sessions", "ada"], ["logout", "ada"], ["revoke", "x"]),
]


@pytest.mark.parametrize("command", NEEDS_AN_APP, ids=" ".join)
def test_every_fault_of_a_config_has_its_own_line(make_app: MakeApp, command: list[str]) -> None:
    result = run_with(lambda: make_app(ALGORITHMS="HS256", LEEWAY=-1), *command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "Error: TOKENGUARD_ALGORITHMS is not a setting; did you mean TOKENGUARD_ALGORITHM?",
        "TOKENGUARD_LEEWAY must be from 0 to 300 seconds",
    ]


@pytest.mark.parametrize("command", NEEDS_AN_APP, ids=" ".join)
def test_no_app_is_an_error(command: list[str]) -> None:
    result = run_alone(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Could not locate a Flask application." in result.stderr


@pytest.mark.parametrize("command", NEEDS_AN_APP, ids=" ".join)
def test_an_app_without_a_guard_is_an_error(command: list[str]) -> None:
    result = run(Flask("plain"), *command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: The app 'plain' has no TokenGuard\n"


@pytest.mark.parametrize(
    "settings",
    [{"KEY": "tooshortasecret"}, {"KEY_FILE": "{tooshortasecret"}, {"KEYS": ["tooshortasecret"]}],
)
def test_an_error_never_quotes_a_secret(make_app: MakeApp, settings: Config) -> None:
    result = run_with(lambda: make_app(**settings), "keys")
    assert result.exit_code == 2
    assert "tooshortasecret" not in result.output


def test_an_unknown_command_is_an_error() -> None:
    result = run_alone("keygne")
    assert (result.exit_code, result.stdout) == (2, "")


def test_help_names_every_command() -> None:
    result = run_alone("--help")
    assert all(
        f"\n  {name} " in result.stdout
        for name in "doctor inspect issue jwks keygen keys logout prune revoke rotate routes"
        " sessions".split()
    )


@pytest.mark.parametrize("name", sorted(tokenguard.commands))
def test_every_command_prints_json_for_programs(name: str) -> None:
    assert "--json" in run_alone(name, "--help").stdout


def test_there_is_no_colour_where_there_is_no_terminal(make_app: MakeApp) -> None:
    assert "\x1b" not in run(make_app(), "doctor").output


def test_there_is_colour_on_a_terminal(make_app: MakeApp) -> None:
    assert "\x1b[33m" in run(make_app(), "doctor", color=True).stdout


def test_a_verdict_has_a_colour_on_a_terminal(make_app: MakeApp) -> None:
    result = run(make_app(), "inspect", "nonsense", color=True)
    assert "\x1b[31m" in result.stdout


def test_no_color_is_heeded_on_a_terminal(make_app: MakeApp) -> None:
    result = run(make_app(), "doctor", color=True, env={"NO_COLOR": "1"})
    assert "\x1b[3" not in result.stdout


def test_json_has_no_colour_on_a_terminal(make_app: MakeApp) -> None:
    assert "\x1b" not in run(make_app(), "doctor", "--json", color=True).stdout


# The command that is installed


@pytest.mark.skipif(
    not entry_points(group="flask.commands", name="tokenguard"),
    reason="the package is not installed, so that flask does not know its commands",
)
def test_flask_finds_the_commands_for_every_app(tmp_path: Path) -> None:
    app = tmp_path / "served.py"
    app.write_text(
        "from flask import Flask\nfrom flask_tokenguard import TokenGuard\napp = Flask('served')\n"
        "app.config['TOKENGUARD_KEY'] = '0123456789' * 8\nTokenGuard(app)\n"
    )
    command = [sys.executable, "-m", "flask", "--app", str(app), "tokenguard", "routes"]
    result = subprocess.run(  # noqa: S603 - the command is ours
        command, capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.splitlines()[0].split() == ["endpoint", "methods", "rule", "demands"]
