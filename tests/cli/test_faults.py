"""Commands given too much, apps that do not start, and what a doctor could overlook."""

import json
from pathlib import Path
from secrets import token_urlsafe

import pytest
from click.testing import CliRunner, Result
from flask import Flask, current_app
from flask.cli import ScriptInfo

from flask_tokenguard import TokenGuard, VerifiedToken
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.keys.ring_files import INDEX, make, rotate

from ..conftest import MakeApp


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    folder = tmp_path / "ring"
    make(folder, alg="EdDSA", password=None, now=1)
    return folder


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(tokenguard, list(arguments))


def warnings_of(app: Flask) -> list[str]:
    found = json.loads(run(app, "doctor", "--json").stdout)
    return [finding["about"] for finding in found if finding["level"] == "warning"]


def broken_app() -> Flask:
    raise RuntimeError("no database")


@pytest.mark.parametrize(
    "arguments",
    [["keygen", "--stdout", "--password", "hunter2"], ["inspect", "e30.e30.a", "hunter2"]],
    ids=["password", "token"],
)
def test_an_argument_too_many_is_not_repeated(make_app: MakeApp, arguments: list[str]) -> None:
    result = run(make_app(), *arguments)
    assert (result.exit_code, "hunter2" in result.output) == (2, False)


def test_a_token_is_read_beside_an_app_that_fails_to_start(make_app: MakeApp) -> None:
    token = run(make_app(), "issue", "ada").stdout.strip()
    info = ScriptInfo(create_app=broken_app)
    result = CliRunner().invoke(tokenguard, ["inspect", token], obj=info)
    assert (result.exit_code, '"ada"' in result.stdout) == (1, True)
    assert result.stderr == "Error: The app cannot be loaded: RuntimeError\n"


@pytest.mark.parametrize("command", [["doctor"], ["routes", "--strict"], ["logout", "ada"]])
def test_an_app_that_fails_to_start_exits_with_2(command: list[str]) -> None:
    result = CliRunner().invoke(tokenguard, command, obj=ScriptInfo(create_app=broken_app))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("RuntimeError: no database\n")


def test_a_callback_that_fails_exits_with_2(make_app: MakeApp) -> None:
    guard = TokenGuard()

    @guard.default_claims
    def fails(subject: str) -> dict[str, str]:
        raise KeyError(subject)

    result = run(make_app(guard), "issue", "ada")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("KeyError: 'ada'\n")


COMMANDS = [
    *(["keys"], ["jwks"], ["jwks", "--format", "pem"], ["routes"], ["doctor"], ["prune"]),
    *(["issue", "ada"], ["inspect", "a.b.c"], ["sessions", "ada"], ["logout", "ada"]),
    ["revoke", "--jti", "x"],
]


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["people", "programs"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_prints_a_secret_of_the_app(
    make_app: MakeApp, command: list[str], options: list[str]
) -> None:
    secret, other = token_urlsafe(32), token_urlsafe(32)
    app = make_app(KEY=secret, STORAGE_URI="memory://")
    app.config["JWT_SECRET_KEY"] = other
    result = run(app, *command, *options)
    assert (secret in result.output, other in result.output) == (False, False)


def test_default_claims_may_use_the_app(make_app: MakeApp) -> None:
    guard = TokenGuard()
    guard.default_claims(lambda _: {"app": current_app.name})
    assert run(make_app(guard), "issue", "ada").exit_code == 0


def test_a_rule_may_use_the_app(make_app: MakeApp) -> None:
    def has_an_app(_: VerifiedToken) -> None:
        assert current_app.name

    app = make_app(TokenGuard(validators=[has_an_app]))
    token = run(app, "issue", "ada").stdout.strip()
    assert run(app, "inspect", token).exit_code == 0


def test_rotate_turns_the_ring_of_the_app_not_of_the_environment(
    make_app: MakeApp, ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_TOKENGUARD_KEYRING", str(tmp_path / "other"))
    before = (ring / INDEX).read_bytes()
    assert run(make_app(KEYRING=ring), "rotate").exit_code == 0
    assert (ring / INDEX).read_bytes() != before
    assert not (tmp_path / "other").exists()


def test_rotate_tells_how_to_name_a_ring_that_is_empty(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLASK_TOKENGUARD_KEYRING", raising=False)
    info = ScriptInfo(create_app=lambda: make_app(KEYRING=tmp_path / "none"))
    result = CliRunner().invoke(tokenguard, ["rotate"], obj=info)
    assert result.exit_code == 2
    assert result.stderr.endswith("Name the ring with --keyring\n")


def test_rotate_names_the_place_where_the_ring_is(
    ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create_app() -> Flask:
        app = Flask(__name__, instance_path=str(tmp_path / "instance"))
        app.config["TOKENGUARD_KEYRING"] = ring.name
        TokenGuard(app)
        return app

    monkeypatch.delenv("FLASK_TOKENGUARD_KEYRING", raising=False)
    monkeypatch.chdir(ring.parent)
    info = ScriptInfo(create_app=create_app)
    result = CliRunner().invoke(tokenguard, ["rotate", "--new"], obj=info)
    assert result.exit_code == 2
    assert f"but at {ring}: move it, or set its absolute path" in result.stderr
    assert not (tmp_path / "instance").exists()


def test_the_doctor_sees_one_secret_in_two_settings(make_app: MakeApp) -> None:
    secret = "0123456789abcdef" * 2
    app = make_app(KEY=secret, ENCRYPTION={"key": secret, "alg": "A256KW"})
    assert "One secret both signs and encrypts." in run(app, "doctor").stdout


def test_the_doctor_sees_a_key_that_should_have_been_pruned(make_app: MakeApp, ring: Path) -> None:
    rotate(ring, alg="EdDSA", password=None, now=2, least_age=0)
    assert "TOKENGUARD_KEYRING" in warnings_of(make_app(KEYRING=ring))


def test_the_doctor_sees_an_app_that_is_being_tested(make_app: MakeApp) -> None:
    app = make_app()
    app.testing = True
    assert "TESTING" in warnings_of(app)


def test_a_key_file_that_is_gone_since_the_start_is_an_error(
    make_app: MakeApp, tmp_path: Path, private_pems: dict[str, str]
) -> None:
    path = tmp_path / "key.pem"
    path.write_text(private_pems["EdDSA"])
    app = make_app(KEY_FILE=path)
    path.unlink()
    result = run(app, "doctor")
    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (2, True)


def test_a_public_part_that_cannot_be_written_leaves_no_secret(tmp_path: Path) -> None:
    arguments = ["keygen", "--out", str(tmp_path / "key"), "--public", str(tmp_path / "no" / "key")]
    result = CliRunner().invoke(tokenguard, arguments)
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])


def test_one_file_does_not_take_the_secret_and_the_public_part(tmp_path: Path) -> None:
    path = str(tmp_path / "key")
    result = CliRunner().invoke(tokenguard, ["keygen", "--out", path, "--public", path])
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])


def test_a_kid_is_not_lost_in_a_pem(tmp_path: Path) -> None:
    arguments = ["keygen", "--kid", "k1", "--out", str(tmp_path / "key")]
    result = CliRunner().invoke(tokenguard, arguments)
    assert (result.exit_code, "use --format jwk" in result.stderr) == (2, True)


def test_the_states_of_configured_keys_are_listed(
    make_app: MakeApp, private_pems: dict[str, str]
) -> None:
    states = {"EdDSA": "active", "ES256": "next", "RS256": "verify-only"}
    entries = [{"value": private_pems[alg], "state": state} for alg, state in states.items()]
    rows = json.loads(run(make_app(KEYS=entries), "keys", "--json").stdout)
    assert {row["alg"]: row["state"] for row in rows} == states


def test_the_header_of_a_token_that_cannot_be_opened_is_shown(make_app: MakeApp) -> None:
    sealing = {"key": {"kty": "oct", "k": token_urlsafe(32), "kid": "k1"}}
    token = run(make_app(ENCRYPTION=sealing), "issue", "ada").stdout.strip()
    report = json.loads(run(make_app(), "inspect", token, "--json").stdout)
    assert (report["header"]["kid"], report["claims"]) == ("k1", None)


def test_what_only_looks_like_an_encrypted_token_has_no_header(make_app: MakeApp) -> None:
    assert json.loads(run(make_app(), "inspect", "a.b.c.d.e", "--json").stdout)["header"] is None


def test_a_signature_is_not_checked_without_its_key(make_app: MakeApp, secret: str) -> None:
    keys = [{"value": secret, "kid": "k1"}]
    token = run(make_app(KEYS=keys), "issue", "ada").stdout.strip()
    checks = json.loads(run(make_app(), "inspect", token, "--json").stdout)["checks"]
    assert checks["key"].startswith("refused: No key is known")
    assert checks["signature"] == "not checked"


def test_the_doctor_sees_a_secret_out_of_an_example(make_app: MakeApp) -> None:
    assert "TOKENGUARD_KEY" in warnings_of(make_app(KEY="the-secret-password-of-an-example"))
