"""`migrate` and `doctor --from-flask-jwt-extended`, as one who types them sees them."""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask_jwt_extended import JWTManager

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli.migrating.config import move_config
from flask_tokenguard.cli.migrating.names import LOADERS
from flask_tokenguard.cli.output import instant
from flask_tokenguard.clock import wall_clock

from ...conftest import MakeApp
from ...web.former import FormerApp
from ..commands.support import run, run_alone

OLD = """\
from flask_jwt_extended import jwt_required


@jwt_required()
def notes():
    return {}
"""
NEW = """\
from flask_tokenguard import token_required


@token_required
def notes():
    return {}
"""
BY_HAND = 'app.config["JWT_SECRET_KEY"] = key\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A module that can be moved without a hand."""
    path = tmp_path / "notes.py"
    path.write_text(OLD)
    return path


# migrate


def test_migrate_shows_a_diff_and_writes_nothing(file: Path) -> None:
    result = run_alone("migrate", file)
    assert (result.exit_code, file.read_text()) == (0, OLD)
    assert f"--- {file}\n+++ {file}\n" in result.stdout
    assert "-@jwt_required()\n+@token_required\n" in result.stdout


def test_migrate_writes_where_it_is_asked_to(file: Path) -> None:
    result = run_alone("migrate", file, "--write")
    assert (result.exit_code, file.read_text()) == (0, NEW)
    assert run_alone("migrate", file, "--write").stdout == ""


def test_migrate_names_the_lines_that_need_a_hand(file: Path) -> None:
    file.write_text(OLD + BY_HAND)
    result = run_alone("migrate", file)
    assert result.exit_code == 1
    assert f"\n{file}:7: JWT_SECRET_KEY -> `TOKENGUARD_KEY`" in result.stdout


def test_migrate_looks_at_the_files_of_an_app_together(file: Path, tmp_path: Path) -> None:
    file.write_text("from flask_jwt_extended import create_access_token\ncreate_access_token(a)\n")
    assert run_alone("migrate", file).exit_code == 0
    other = tmp_path / "extensions.py"
    other.write_text("@jwt.user_identity_loader\ndef identity_of(user):\n    return user.id\n")
    result = run_alone("migrate", file, other)
    assert f"{file}:2: user_identity_loader -> `issue_token(str(user.id))`" in result.stdout


def test_migrate_prints_json_for_programs(file: Path) -> None:
    file.write_text(OLD + BY_HAND)
    ((row),) = json.loads(run_alone("migrate", "--json", file).stdout)
    assert (row["file"], row["by_hand"][0]["line"]) == (str(file), 7)
    assert row["diff"].startswith("--- ")
    assert row["by_hand"][0].keys() == {"line", "theirs", "ours", "why"}


def test_migrate_writes_no_file_if_one_is_no_python(file: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def :")
    result = run_alone("migrate", "--write", file, tmp_path / "broken.py")
    assert (result.exit_code, file.read_text()) == (2, OLD)
    assert result.stderr.endswith("broken.py: line 1 is not Python; nothing was written\n")


@pytest.mark.parametrize("nested", ["x = a" + ".b()" * 1500, "x = " + "not " * 900 + "a"])
def test_migrate_names_what_is_nested_too_deeply(file: Path, nested: str) -> None:
    file.write_text(f"{OLD}{nested}\n")
    result = run_alone("migrate", "--write", file)
    assert (result.exit_code, file.read_text()) == (2, f"{OLD}{nested}\n")
    assert result.stderr.endswith("notes.py: it is nested too deeply; nothing was written\n")


def test_migrate_names_a_file_that_cannot_be_read(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", deny)
    result = run_alone("migrate", "--write", file)
    assert result.exit_code == 2
    assert result.stderr == f"Error: {file} cannot be read: Permission denied\n"


def test_migrate_writes_no_file_if_one_has_no_room(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, right = tmp_path / "other.py", os.open
    other.write_text(OLD)

    def fill(path: Any, *args: Any, **options: Any) -> int:
        if "other" in str(path):
            raise OSError(28, "No space left on device")
        return right(path, *args, **options)

    monkeypatch.setattr(os, "open", fill)
    result = run_alone("migrate", "--write", file, other)
    assert result.stderr == f"Error: {other} cannot be written: No space left on device\n"
    assert {path.read_text() for path in tmp_path.iterdir()} == {OLD}


def test_migrate_replaces_a_file_in_one_step(file: Path) -> None:
    with file.open() as before:
        run_alone("migrate", "--write", file)
        assert (before.read(), file.read_text()) == (OLD, NEW)


def test_migrate_keeps_links_and_rights(file: Path, tmp_path: Path) -> None:
    file.chmod(0o640)
    link = tmp_path / "link.py"
    link.symlink_to(file.name)
    run_alone("migrate", "--write", link)
    assert link.is_symlink()
    assert (file.read_text(), file.stat().st_mode & 0o777) == (NEW, 0o640)


def test_migrate_names_what_to_install(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libcst", None)
    result = run_alone("migrate", file)
    assert result.exit_code == 2
    assert "pip install 'flask-tokenguard[migrate]'" in result.stderr


def test_migrate_asks_for_a_file() -> None:
    assert run_alone("migrate").exit_code == 2


# doctor --from-flask-jwt-extended

LONG = "jR4vX0s9mQ2wL7tB1nK8yF3dH6pC5zGa"


def former(**config: Any) -> Flask:
    """Make an app as it was, with a secret that is long enough."""
    return FormerApp(**{"secret": LONG} | config).app


def bare(**config: Any) -> Flask:
    """Make one without a callback."""
    app = Flask("former")
    app.config.update({"JWT_SECRET_KEY": LONG} | {f"JWT_{n}": v for n, v in config.items()})
    JWTManager(app)
    return app


def asked(app: Flask, *arguments: str) -> Result:
    return run(app, "doctor", "--from-flask-jwt-extended", *arguments)


def moved(app: Flask) -> dict[str, Any]:
    """Return what the printed lines set."""
    source = asked(app).stdout
    code = source[: source.index("\n)\n") + 3]
    before = {*app.config}
    exec(compile(code, "printed", "exec"), {"app": app})  # noqa: S102 - it is what we test
    return {name: value for name, value in app.config.items() if name not in before}


def by_hand(app: Flask) -> list[str]:
    return [row["theirs"] for row in json.loads(asked(app, "--json").stdout)["by_hand"]]


def test_the_config_of_an_app_that_needs_no_hand() -> None:
    app = bare()
    result = asked(app)
    assert result.exit_code == 0
    assert LONG not in result.stdout
    found = moved(app)
    assert found["TOKENGUARD_KEY"] == LONG
    assert found["TOKENGUARD_FORMER_TOKENS"]["key"] == LONG


def test_what_was_printed_starts_an_app_that_takes_old_tokens() -> None:
    old = FormerApp(
        LONG,
        ACCESS_TOKEN_EXPIRES=timedelta(minutes=5),
        REFRESH_TOKEN_EXPIRES=86_400,
        DECODE_LEEWAY=10,
        ENCODE_ISSUER="notes",
        DECODE_ISSUER="notes",
        ENCODE_AUDIENCE="notes-api",
        DECODE_AUDIENCE=["notes-api"],
        IDENTITY_CLAIM="user",
        TOKEN_LOCATION=["headers", "json"],
    )
    token = old.access()
    app = Flask(__name__)
    app.config.update({"JWT_SECRET_KEY": LONG} | moved(old.app))
    assert app.config["TOKENGUARD_ACCESS_TOKEN_LIFETIME"] == 300
    assert app.config["TOKENGUARD_TOKEN_LOCATIONS"] == ["header", "json"]
    assert TokenGuard(app).verify(token).claims.subject == "alice"


def test_the_day_is_that_of_the_last_refresh_token() -> None:
    for days, most in ((10, 11), (3650, 366)):
        app = bare(REFRESH_TOKEN_EXPIRES=timedelta(days=days))
        entry = moved(app)["TOKENGUARD_FORMER_TOKENS"]
        assert entry["until"] == last_day(most)
    app = bare(REFRESH_TOKEN_EXPIRES=False, ACCESS_TOKEN_EXPIRES=False)
    assert moved(app)["TOKENGUARD_FORMER_TOKENS"]["until"] == last_day(31)


def last_day(days: int) -> str:
    return instant(int(wall_clock()) + days * 86_400)[:10]


def test_a_short_secret_serves_for_old_tokens_alone() -> None:
    app = bare(SECRET_KEY="tiny-but-ours")
    assert by_hand(app) == ["JWT_SECRET_KEY"]
    assert moved(app).keys() == {"TOKENGUARD_FORMER_TOKENS"}
    assert asked(app).exit_code == 1


def test_the_secret_of_flask_is_named_where_it_stood_in() -> None:
    app = bare(SECRET_KEY=None)
    app.config["SECRET_KEY"] = LONG.encode()
    assert 'TOKENGUARD_KEY=app.config["SECRET_KEY"].decode(),' in asked(app).stdout
    assert moved(app)["TOKENGUARD_KEY"] == LONG


def test_a_key_pair_serves_for_both(
    private_pems: dict[str, str], public_pems: dict[str, str]
) -> None:
    pair = {"PRIVATE_KEY": private_pems["RS256"], "PUBLIC_KEY": public_pems["RS256"]}
    app = bare(ALGORITHM="RS256", **pair)
    found = moved(app)
    assert found["TOKENGUARD_ALGORITHM"] == "RS256"
    assert found["TOKENGUARD_FORMER_TOKENS"]["key"] == pair["PUBLIC_KEY"]
    assert by_hand(app) == []


def test_old_tokens_of_another_algorithm_are_named(private_pems: dict[str, str]) -> None:
    app = bare(ALGORITHM="ES256", PRIVATE_KEY=private_pems["ES256"], PUBLIC_KEY="?")
    assert by_hand(app) == ["JWT_ALGORITHM"]
    assert moved(app).keys() == {"TOKENGUARD_KEY", "TOKENGUARD_ALGORITHM"}


def test_a_key_of_another_kind_is_named(public_pems: dict[str, str]) -> None:
    assert by_hand(bare(SECRET_KEY=public_pems["RS256"])) == ["JWT_SECRET_KEY"]


def test_a_key_that_will_not_do_for_old_tokens_is_named(public_pems: dict[str, str]) -> None:
    pair = {"PRIVATE_KEY": "?", "PUBLIC_KEY": public_pems["ES256"]}
    found = by_hand(bare(ALGORITHM="RS256", **pair))
    assert found == ["JWT_PRIVATE_KEY", "TOKENGUARD_FORMER_TOKENS"]


def test_cookies_keep_their_names() -> None:
    app = bare(
        TOKEN_LOCATION="cookies",
        COOKIE_DOMAIN=".Example.com",
        COOKIE_SAMESITE="Strict",
        COOKIE_SECURE=True,
        ACCESS_CSRF_HEADER_NAME="X-Own",
        REFRESH_CSRF_HEADER_NAME="X-Own",
    )
    found = moved(app)
    assert found["TOKENGUARD_COOKIE_ACCESS_NAME"] == "access_token_cookie"
    assert found["TOKENGUARD_COOKIE_REFRESH_NAME"] == "refresh_token_cookie"
    csrf = ["csrf_access_token", "csrf_refresh_token"]
    assert found["TOKENGUARD_COOKIE_CSRF_NAME"] == csrf
    assert found["TOKENGUARD_COOKIE_CSRF_HEADER"] == "X-Own"
    assert found["TOKENGUARD_COOKIE_DOMAIN"] == "example.com"
    assert found["TOKENGUARD_TOKEN_LOCATIONS"] == ["cookie"]
    assert by_hand(app) == []


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        ({"ACCESS_CSRF_HEADER_NAME": "X-Own"}, "TOKENGUARD_COOKIE_CSRF_HEADER"),
        ({"REFRESH_CSRF_FIELD_NAME": "own"}, "TOKENGUARD_COOKIE_CSRF_FIELD"),
    ],
)
def test_one_setting_stands_not_for_two_values(config: dict[str, Any], setting: str) -> None:
    app = bare(TOKEN_LOCATION=["cookies"], COOKIE_SECURE=True, **config)
    assert setting in by_hand(app)
    assert setting not in moved(app)


@pytest.mark.parametrize("domain", [None, "example.com"])
def test_a_cookie_of_another_path_gets_another_name(domain: str | None) -> None:
    paths = {"ACCESS_COOKIE_PATH": "/api/", "REFRESH_COOKIE_PATH": "/auth/refresh"}
    app = bare(TOKEN_LOCATION=["cookies"], COOKIE_DOMAIN=domain, **paths)
    found = moved(app)
    assert found["TOKENGUARD_TOKEN_LOCATIONS"] == ["cookie", "cookie:access_token_cookie"]
    prefix = "__Host-" if domain is None else ""
    assert found["TOKENGUARD_COOKIE_ACCESS_NAME"] == f"{prefix}access_token"
    names = [f"{prefix}refresh_token", "refresh_token_cookie"]
    assert found["TOKENGUARD_COOKIE_REFRESH_NAME"] == names
    assert by_hand(app) == ["JWT_COOKIE_SECURE", *map("JWT_{}".format, paths)]
    app = Flask(__name__)
    app.config.update({"JWT_SECRET_KEY": LONG} | found)
    TokenGuard(app)


def test_a_refresh_cookie_of_another_path_is_alone_renamed() -> None:
    app = bare(TOKEN_LOCATION=["cookies"], REFRESH_COOKIE_PATH="/auth/refresh")
    found = moved(app)
    assert found["TOKENGUARD_TOKEN_LOCATIONS"] == ["cookie"]
    assert found["TOKENGUARD_COOKIE_ACCESS_NAME"] == "access_token_cookie"
    names = ["__Host-refresh_token", "refresh_token_cookie"]
    assert found["TOKENGUARD_COOKIE_REFRESH_NAME"] == names
    assert "TOKENGUARD_COOKIE_PATH" not in found


def test_a_path_of_both_cookies_is_kept() -> None:
    app = bare(TOKEN_LOCATION=["cookies"], ACCESS_COOKIE_PATH="/a", REFRESH_COOKIE_PATH="/a")
    found = moved(app)
    assert found["TOKENGUARD_COOKIE_PATH"] == "/a"
    assert found["TOKENGUARD_COOKIE_REFRESH_NAME"] == "refresh_token_cookie"


@pytest.mark.parametrize(
    ("config", "places"),
    [
        ({"HEADER_TYPE": "Token"}, ["header:Authorization:Token"]),
        ({"HEADER_NAME": "X-Auth-Token", "HEADER_TYPE": ""}, ["header:X-Auth-Token"]),
        ({"TOKEN_LOCATION": ["query_string"]}, ["query:jwt"]),
        ({"TOKEN_LOCATION": ["json"], "JSON_KEY": "jwt"}, ["json:jwt"]),
    ],
)
def test_tokens_stay_where_they_were(config: dict[str, Any], places: list[str]) -> None:
    lines = {line.setting: line.value for line in move_config(bare(**config)).lines}
    assert lines["TOKENGUARD_TOKEN_LOCATIONS"] == places


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ACCESS_TOKEN_EXPIRES", False),
        ("COOKIE_CSRF_PROTECT", False),
        ("CSRF_IN_COOKIES", False),
        ("CSRF_METHODS", ["POST"]),
        ("DECODE_ALGORITHMS", ["HS256", "HS512"]),
        ("ERROR_MESSAGE_KEY", "message"),
        ("QUERY_STRING_VALUE_PREFIX", "Bearer "),
        ("REFRESH_JSON_KEY", "refresh"),
        ("SESSION_COOKIE", False),
        ("VERIFY_SUB", False),
    ],
)
def test_a_setting_without_a_twin_needs_a_hand(name: str, value: object) -> None:
    assert by_hand(bare(**{name: value})) == [f"JWT_{name}"]


@pytest.mark.parametrize(
    ("name", "value"), [("CSRF_CHECK_FORM", True), ("ENCODE_NBF", False), ("COOKIE_SECURE", True)]
)
def test_a_setting_that_is_so_here_is_left_out(name: str, value: object) -> None:
    assert asked(bare(**{name: value})).exit_code == 0


@pytest.mark.parametrize("loader", LOADERS)
def test_a_loader_needs_a_hand(loader: str) -> None:
    app = bare()
    getattr(app.extensions["flask-jwt-extended"], loader)(lambda *_: None)
    assert by_hand(app) == [f"@{loader}"]


def test_an_app_without_a_manager_is_an_error(make_app: MakeApp) -> None:
    result = asked(make_app())
    assert result.exit_code == 2
    assert "has no JWTManager" in result.stderr
