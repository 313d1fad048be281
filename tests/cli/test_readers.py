"""`flask tokenguard jwks`: the public keys, in the form that a reader takes."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.keys.ring_files import make, read_index, rotate
from flask_tokenguard.keys.text import read_file, read_keys

from ..conftest import MakeApp


def jwks(app: Flask, *arguments: str | Path) -> Result:
    """Type the command."""
    return app.test_cli_runner().invoke(tokenguard, ["jwks", *map(str, arguments)])


def fault_of(result: Result) -> str:
    """Read why the command ended."""
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr


def kids_in(folder: Path) -> dict[str, str | None]:
    """Read the name of the public key in each file."""
    found = {}
    for path in folder.iterdir():
        ((key,), name) = read_keys(read_file(path)), path.name
        assert not key.is_private
        found[name] = key.kid
    return found


@pytest.fixture
def app(make_app: MakeApp, private_pems: dict[str, str]) -> Flask:
    """An app with a key pair."""
    return make_app(KEY=private_pems["ES256"])


@pytest.fixture
def two(make_app: MakeApp, private_pems: dict[str, str]) -> Flask:
    """An app with a second key, which signs."""
    return make_app(
        KEYS=[
            {"value": private_pems["ES384"], "kid": "next", "state": "next"},
            {"value": private_pems["ES256"], "kid": "../now", "state": "active"},
        ]
    )


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """A ring of two keys."""
    make(tmp_path / "ring", alg="ES256", password=None, now=1)
    return tmp_path / "ring"


def test_the_key_set_has_public_members_alone(app: Flask) -> None:
    (key,) = json.loads(jwks(app).stdout)["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_the_set_of_a_ring_has_the_next_key_second(make_app: MakeApp, ring: Path) -> None:
    rotate(ring, alg="ES256", password=None, now=2, least_age=0)
    old, active, following = (entry.kid for entry in read_index(ring))
    published = json.loads(jwks(make_app(KEYRING=ring)).stdout)["keys"]
    assert [key["kid"] for key in published] == [active, old, following]


def test_a_secret_is_never_printed(make_app: MakeApp) -> None:
    assert json.loads(jwks(make_app()).stdout) == {"keys": []}


def test_a_set_of_one_key_is_had_by_its_name(two: Flask) -> None:
    (key,) = json.loads(jwks(two, "--kid", "next").stdout)["keys"]
    assert key["alg"] == "ES384"


def test_one_key_is_printed_as_a_jwk(app: Flask) -> None:
    assert [json.loads(jwks(app, "--format", "jwk").stdout)] == json.loads(jwks(app).stdout)["keys"]


def test_one_key_is_printed_as_a_pem(app: Flask, public_pems: dict[str, str]) -> None:
    assert jwks(app, "--format", "pem").stdout == public_pems["ES256"]


@pytest.mark.parametrize("form", ["jwk", "pem"])
def test_of_several_keys_one_is_to_be_named(two: Flask, form: str) -> None:
    assert fault_of(jwks(two, "--format", form)) == (
        "Error: There are several keys; name one with --kid, or a folder with --out: ../now, next\n"
    )


@pytest.mark.parametrize("form", ["jwks", "jwk", "pem"])
def test_a_name_of_no_key_is_an_error(two: Flask, form: str) -> None:
    fault = fault_of(jwks(two, "--format", form, "--kid", "a"))
    assert fault == "Error: There is no public key a; there are: ../now, next\n"


@pytest.mark.parametrize("form", ["jwk", "pem"])
def test_a_secret_has_no_public_part(make_app: MakeApp, form: str) -> None:
    fault = fault_of(jwks(make_app(), "--format", form))
    assert fault == "Error: The app has no public key; a secret has no public part\n"


def test_a_secret_has_no_public_part_by_name(make_app: MakeApp) -> None:
    assert fault_of(jwks(make_app(), "--kid", "a")).endswith("there are: none\n")


@pytest.mark.parametrize("form", ["jwk", "pem"])
def test_a_folder_gets_a_file_for_each_key(make_app: MakeApp, ring: Path, form: str) -> None:
    out = ring.parent / "public" / "keys"
    result = jwks(make_app(KEYRING=ring), "--format", form, "--out", out)
    assert (result.exit_code, result.output) == (0, "")
    assert kids_in(out) == {f"{entry.kid}.{form}": entry.kid for entry in read_index(ring)}


def test_a_folder_gets_the_set_as_one_file(two: Flask, tmp_path: Path) -> None:
    jwks(two, "--out", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["jwks.json"]
    assert json.loads((tmp_path / "jwks.json").read_text()) == json.loads(jwks(two).stdout)


def test_a_name_does_not_lead_out_of_the_folder(two: Flask, tmp_path: Path) -> None:
    jwks(two, "--format", "jwk", "--out", tmp_path / "keys")
    assert kids_in(tmp_path / "keys") == {"..%2Fnow.jwk": "../now", "next.jwk": "next"}


def test_a_rotated_ring_adds_a_file_and_replaces_the_set(make_app: MakeApp, ring: Path) -> None:
    out, app = ring.parent / "public", make_app(KEYRING=ring)
    jwks(app, "--out", out)
    before = (out / "jwks.json").read_text()
    rotate(ring, alg="ES256", password=None, now=2, least_age=0)
    assert jwks(make_app(KEYRING=ring), "--out", out).exit_code == 0
    assert len(json.loads((out / "jwks.json").read_text())["keys"]) == 3
    assert (out / "jwks.json").read_text() != before


def test_a_second_run_without_a_change_is_no_fault(two: Flask, tmp_path: Path) -> None:
    jwks(two, "--format", "pem", "--out", tmp_path)
    result = jwks(two, "--format", "pem", "--out", tmp_path)
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize("form", ["jwk", "pem"])
def test_a_file_of_a_key_that_is_gone_is_named(two: Flask, tmp_path: Path, form: str) -> None:
    (tmp_path / f"old.{form}").touch()
    result = jwks(two, "--format", form, "--out", tmp_path)
    assert result.stderr == f"{tmp_path}/old.{form} is of no key of this app; remove it\n"


def test_one_key_by_name_leaves_the_others_unmentioned(two: Flask, tmp_path: Path) -> None:
    (tmp_path / "old.pem").touch()
    result = jwks(two, "--format", "pem", "--kid", "next", "--out", tmp_path)
    assert (result.exit_code, result.stderr) == (0, "")


def test_the_private_keys_of_a_ring_are_never_replaced(make_app: MakeApp, ring: Path) -> None:
    before = {path.name: path.read_bytes() for path in ring.iterdir()}
    fault = fault_of(jwks(make_app(KEYRING=ring), "--format", "pem", "--out", ring))
    assert fault.endswith(".pem is not a public key, and stays as it is; name another folder\n")
    assert {path.name: path.read_bytes() for path in ring.iterdir()} == before


def test_a_file_that_is_no_key_is_never_replaced(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text("{}")
    assert "stays as it is" in fault_of(jwks(app, "--out", tmp_path))
    assert (tmp_path / "jwks.json").read_text() == "{}"


def test_a_folder_that_cannot_be_is_an_error(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be written: File exists" in fault_of(jwks(app, "--out", tmp_path / "file"))


def test_a_set_is_json_as_it_is(two: Flask) -> None:
    assert jwks(two, "--json").stdout == jwks(two).stdout


@pytest.mark.parametrize("form", ["jwk", "pem"])
def test_each_key_has_its_name_for_programs(two: Flask, form: str) -> None:
    rows = json.loads(jwks(two, "--format", form, "--json").stdout)
    assert [row["kid"] for row in rows] == [
        key["kid"] for key in json.loads(jwks(two).stdout)["keys"]
    ]
    alone = jwks(two, "--format", form, "--kid", rows[0]["kid"]).stdout
    assert rows[0][form] == (alone if form == "pem" else json.loads(alone))


def test_the_files_are_named_for_programs(two: Flask, tmp_path: Path) -> None:
    (tmp_path / "gone.jwk").write_text("{}")
    result = json.loads(jwks(two, "--format", "jwk", "--out", tmp_path, "--json").stdout)
    assert result["old"] == [str(tmp_path / "gone.jwk")]
    assert all(Path(name).exists() for name in result["files"])
