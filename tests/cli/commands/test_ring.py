"""`flask tokenguard`: rotate and prune."""

import json
import re
import secrets
from pathlib import Path

import pytest
from flask import Flask

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli.readers import WITHOUT_EDDSA
from flask_tokenguard.jose import akp
from flask_tokenguard.keys.generate import to_jwk
from flask_tokenguard.keys.ring_files import INDEX, read_index
from flask_tokenguard.keys.ring_files import make as make_ring
from flask_tokenguard.keys.ring_files import rotate as rotate_ring

from ...conftest import MakeApp
from .support import PASSWORD, run, run_alone, states


def pem_starts(folder: Path) -> set[str]:
    """Read the first lines of a ring's PEM files."""
    return {path.read_text().split("\n")[0] for path in folder.glob("*.pem")}


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
