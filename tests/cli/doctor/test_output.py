"""`flask tokenguard doctor`: its output."""

import json
import re

import pytest
from flask import Flask
from flask_jwt_extended import JWTManager

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli.doctor.findings import RISKS

from ...conftest import MakeApp
from ...support import Config
from .support import examine, findings, rows_of


def test_a_warning_exits_with_1(make_app: MakeApp, safe: Config) -> None:
    app = make_app(ACCESS_TOKEN_LIFETIME=7200, **safe)
    assert examine(app).exit_code == examine(app, "--json").exit_code == 1


def test_advice_exits_with_0(make_app: MakeApp, safe: Config) -> None:
    app = make_app(LEEWAY=120, **safe)
    assert examine(app).exit_code == examine(app, "--json").exit_code == 0


def test_warnings_come_before_advice(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe | {"ISSUER": None, "TOKEN_LOCATIONS": ["query"], "LEEWAY": 120})
    assert [level for level, _ in findings(app)] == ["warning", "advice", "advice"]


def test_a_finding_says_why_and_what_to_do(make_app: MakeApp, safe: Config) -> None:
    header, row = examine(make_app(LEEWAY=120, **safe)).stdout.splitlines()
    assert header.split() == ["level", "about", "why", "do"]
    assert row == (
        "advice  TOKENGUARD_LEEWAY  Expired tokens work for more than a minute longer."
        "  Synchronize the clocks and set 0."
    )


def test_what_to_do_is_stated_without_a_page(
    make_app: MakeApp, safe: Config, private_pems: dict[str, str], public_pems: dict[str, str]
) -> None:
    entry = {"audience": "a", "keys": public_pems["ES256"], "profile": "oidc-access"}
    risky = {"KEY": private_pems["RS256"], "ISSUERS": {"https://id.example": entry}}
    rows = rows_of(make_app(**safe | risky, STORAGE_URI="memory://"))
    assert [row["do"].partition(";")[0].partition(",")[0] for row in rows[:3]] == [
        "Name a store that keeps what it is given: sqlite:///tokenguard.db",
        "Change to ES256 or a longer key",
        "Let the issuer write at+jwt (RFC 9068) if it can",
    ]


def test_json_has_the_same_members(make_app: MakeApp, safe: Config) -> None:
    (finding,) = json.loads(examine(make_app(LEEWAY=120, **safe), "--json").stdout)
    assert list(finding) == ["level", "code", "about", "why", "do"]
    assert finding["code"] == "long_leeway"


def test_each_risk_has_a_code_of_its_own() -> None:
    codes = [risk.code for risk in RISKS]
    assert sorted(set(codes)) == sorted(codes)
    assert all(re.fullmatch("[a-z_]+", code) for code in codes)


def test_a_warning_is_red_on_a_terminal(make_app: MakeApp, safe: Config) -> None:
    result = examine(make_app(ACCESS_TOKEN_LIFETIME=7200, **safe), color=True)
    assert "\x1b[31m" in result.stdout


def test_the_doctor_never_prints_a_secret(make_app: MakeApp) -> None:
    key = "0123401234" * 8
    app = make_app(KEY=key)
    assert key not in examine(app).output + examine(app, "--json").output


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"audience": "a"}, []),
        ({"audience": False}, ["warning"]),
        ({"audience": "a", "profile": "oidc-access"}, ["advice"]),
    ],
)
def test_what_is_risky_of_an_issuer_is_found(
    make_app: MakeApp,
    safe: Config,
    public_pems: dict[str, str],
    entry: Config,
    found: list[str],
) -> None:
    entry = {"keys": public_pems["ES256"], **entry}
    app = make_app(**safe, ISSUERS={"https://id.example": entry})
    about = "TOKENGUARD_ISSUERS['https://id.example']"
    assert findings(app) == [(level, about) for level in found]


def test_how_long_the_end_of_a_foreign_subject_lasts_is_advice(
    make_app: MakeApp, safe: Config, public_pems: dict[str, str]
) -> None:
    issuers = {"https://id.example": {"audience": "a", "keys": public_pems["ES256"]}}
    app = make_app(**safe, ISSUERS=issuers, STORAGE_URI="memory://")
    (advice,) = [row for row in rows_of(app) if row["about"] == "TOKENGUARD_ISSUERS"]
    assert "366 days" in advice["why"]


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        ("JWT_SECRET_KEY", "Take it out. In its place: `TOKENGUARD_KEY`, and `key` of"),
        ("JWT_TOKEN_LOCATION", "Take it out. In its place: `TOKENGUARD_TOKEN_LOCATIONS`"),
        ("JWT_CSRF_METHODS", "Take it out. In its place: nothing."),
        ("JWT_BLACKLIST_ENABLED", "Take it out. In its place: revoked tokens and sessions are"),
        ("JWT_ANYTHING", "Take it out. In its place: nothing."),
    ],
)
def test_a_setting_of_flask_jwt_extended_is_found(
    make_app: MakeApp, safe: Config, setting: str, remedy: str
) -> None:
    app = make_app(**safe)
    app.config[setting] = "hush"
    (found,) = rows_of(app)
    assert found["about"] == setting
    assert found["why"] == "It is left over from flask-jwt-extended, and nothing reads it."
    assert found["do"].startswith(remedy)
    assert "hush" not in examine(app).output


def test_settings_of_flask_jwt_extended_are_its_own_beside_us(
    make_app: MakeApp, safe: Config
) -> None:
    app = make_app(**safe)
    app.config["JWT_SECRET_KEY"] = "x" * 64
    JWTManager(app)
    assert findings(app) == []


@pytest.mark.parametrize(
    ("allowed", "hosts"), [(True, "this machine"), (["keycloak"], "this machine, keycloak")]
)
def test_plain_http_is_risky(
    make_app: MakeApp, safe: Config, allowed: bool | list[str], hosts: str
) -> None:
    app = make_app(**safe, ALLOW_INSECURE_HTTP=allowed)
    assert findings(app) == [("warning", "TOKENGUARD_ALLOW_INSECURE_HTTP")]
    assert rows_of(app)[0]["why"].endswith(f"from: {hosts}.")


def test_plain_http_is_no_risk_in_debug_mode(
    make_app: MakeApp, safe: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = make_app(**safe, ALLOW_INSECURE_HTTP=True)
    assert findings(app) == [("warning", "DEBUG")]


def test_an_api_that_issues_nothing_needs_no_issuer_of_its_own(
    public_pems: dict[str, str],
) -> None:
    app = Flask(__name__, static_folder=None)
    entry = {"audience": "a", "keys": public_pems["ES256"]}
    app.config["TOKENGUARD_ISSUERS"] = {"https://id.example": entry}
    TokenGuard(app)
    assert findings(app) == []


@pytest.mark.parametrize(
    ("grace", "timeout", "found"),
    [(10, 1, 0), (3, 1, 0), (2, 1, 1), (1, 1, 1), (10, 5, 1), (0, 1, 0)],
)
def test_a_grace_that_a_slow_store_uses_up_is_advice(
    make_app: MakeApp, safe: Config, grace: int, timeout: int, found: int
) -> None:
    safe |= {"REFRESH_GRACE": grace, "STORAGE_TIMEOUT": timeout}
    app = make_app(**safe, STORAGE_URI="memory://")
    assert findings(app).count(("advice", "TOKENGUARD_REFRESH_GRACE")) == found


def test_a_grace_without_sessions_is_no_risk(make_app: MakeApp, safe: Config) -> None:
    assert findings(make_app(**safe, REFRESH_GRACE=1)) == []


def test_issuers_that_differ_by_a_slash_are_shown_both(
    make_app: MakeApp, safe: Config, public_pems: dict[str, str]
) -> None:
    entry = {"audience": "api", "keys": public_pems["ES256"]}
    names = ["https://id.example", "https://id.example/", "https://other.example"]
    rows = rows_of(make_app(**safe, ISSUERS=dict.fromkeys(names, entry)))
    (why,) = [row["why"] for row in rows if "slash" in row["why"]]
    assert why.startswith('"https://id.example" and "https://id.example/" differ by a slash')
