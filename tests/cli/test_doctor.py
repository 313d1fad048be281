"""`flask tokenguard doctor`: each risk is found in an app that has it, and in no other."""

import json
import re
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from flask_jwt_extended import JWTManager

from flask_tokenguard import TokenGuard, public, refresh_required, token_required
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.cli.doctor import RISKS
from flask_tokenguard.cli.readers import WITHOUT_EDDSA, WITHOUT_ML_DSA
from flask_tokenguard.keys.ring_files import INDEX, make

from ..conftest import MakeApp
from ..support import Config
from ..web.support import called_by_another, foreign, new_view


@pytest.fixture(autouse=True)
def _no_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start every app as for production."""
    monkeypatch.delenv("FLASK_DEBUG", raising=False)


@pytest.fixture
def safe(private_pems: dict[str, str]) -> Config:
    """Settings without a risk."""
    return {"KEY": private_pems["ES256"], "ISSUER": "us", "AUDIENCE": "api"}


def examine(app: Flask, *options: str, **more: Any) -> Result:
    """Ask the doctor about an app."""
    return app.test_cli_runner().invoke(tokenguard, ["doctor", *options], **more)


def rows_of(app: Flask) -> list[dict[str, str]]:
    """Read each risk."""
    rows: list[dict[str, str]] = json.loads(examine(app, "--json").stdout)
    return rows


def findings(app: Flask) -> list[tuple[str, str]]:
    """Read the level of each risk, and what it is about."""
    return [(row["level"], row["about"]) for row in rows_of(app)]


def oct_jwk(size: int, **said: str) -> dict[str, str]:
    """Make a secret key."""
    octets = urlsafe_b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()
    return {"kty": "oct", "k": octets, **said}


def test_a_safe_app_has_no_risk(make_app: MakeApp, safe: Config) -> None:
    result = examine(make_app(**safe))
    assert (result.exit_code, result.output) == (0, "")


def test_a_safe_app_has_no_risk_for_programs(make_app: MakeApp, safe: Config) -> None:
    result = examine(make_app(**safe), "--json")
    assert (result.exit_code, result.stdout) == (0, "[]\n")


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ({"KEY": "0123401234" * 8}, [("warning", "KEY"), ("advice", "KEY")]),
        ({"KEY": "0123456789" * 8}, [("advice", "KEY")]),
        ({"ISSUER": None}, [("advice", "ISSUER, TOKENGUARD_AUDIENCE")]),
        ({"AUDIENCE": None}, [("advice", "ISSUER, TOKENGUARD_AUDIENCE")]),
        ({"TYPES": ["at+jwt", "JWT"]}, [("warning", "TYPES")]),
        ({"TYPES": ["at+jwt", None]}, [("warning", "TYPES")]),
        ({"TYPES": ["at+jwt", "other+jwt"]}, []),
        ({"REQUIRED_CLAIMS": ["iat", "sub"]}, [("advice", "REQUIRED_CLAIMS")]),
        ({"REQUIRED_CLAIMS": ["iat", "sub", "jti", "role"]}, []),
        ({"ACCESS_TOKEN_LIFETIME": 3601}, [("warning", "ACCESS_TOKEN_LIFETIME")]),
        ({"ACCESS_TOKEN_LIFETIME": 3600}, []),
        ({"LEEWAY": 61}, [("advice", "LEEWAY")]),
        ({"LEEWAY": 60}, []),
        ({"REFRESH_ROTATION": "off"}, [("advice", "REFRESH_ROTATION")]),
        ({"TOKEN_LOCATIONS": ["header", "query"]}, [("warning", "TOKEN_LOCATIONS")]),
        ({"TOKEN_LOCATIONS": ["header", "query:jwt"]}, [("warning", "TOKEN_LOCATIONS")]),
        ({"TOKEN_LOCATIONS": ["header", "form"]}, []),
        ({"TOKEN_LOCATIONS": ["cookie"]}, []),
        (
            {"TOKEN_LOCATIONS": ["cookie"], "COOKIE_REFRESH_NAME": "__Secure-r"},
            [("advice", "COOKIE_ACCESS_NAME")],
        ),
        ({"TOKEN_LOCATIONS": ["cookie:a"]}, [("advice", "COOKIE_ACCESS_NAME")]),
        ({"TOKEN_LOCATIONS": ["cookie", "cookie:a"]}, [("advice", "COOKIE_ACCESS_NAME")]),
        ({"TRUSTED_ORIGINS": ["https://a.example", "http://localhost:5173"]}, []),
        ({"TRUSTED_ORIGINS": "http://a.example"}, [("warning", "TRUSTED_ORIGINS")]),
    ],
)
def test_a_risky_setting_is_found(
    make_app: MakeApp, safe: Config, setting: Config, found: list[tuple[str, str]]
) -> None:
    assert findings(make_app(**safe | setting)) == [
        (level, f"TOKENGUARD_{about}") for level, about in found
    ]


def test_cookies_over_plain_http_are_found(safe: Config) -> None:
    app = Flask(__name__)
    app.debug = True
    settings = safe | {"TOKEN_LOCATIONS": ["cookie"], "COOKIE_INSECURE": True}
    app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
    TokenGuard(app)
    assert findings(app) == [("warning", "TOKENGUARD_COOKIE_INSECURE")]


def test_an_rsa_key_of_2048_bits_is_found(
    make_app: MakeApp, safe: Config, private_pems: dict[str, str]
) -> None:
    app = make_app(**safe | {"KEY": private_pems["RS256"]})
    assert findings(app) == [("advice", "TOKENGUARD_KEY")]


def test_an_rsa_key_of_3072_bits_is_no_risk(make_app: MakeApp, safe: Config) -> None:
    key = rsa.generate_private_key(65537, 3072)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert findings(make_app(**safe | {"KEY": pem})) == []


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_an_elliptic_key_is_no_risk(
    make_app: MakeApp, safe: Config, private_pems: dict[str, str], alg: str
) -> None:
    assert findings(make_app(**safe | {"KEY": private_pems[alg]})) == []


@pytest.mark.parametrize("name", ["EdDSA", "Ed25519"])
def test_a_key_for_eddsa_is_found_with_who_cannot_read_it(
    make_app: MakeApp, safe: Config, private_pems: dict[str, str], name: str
) -> None:
    (row,) = rows_of(make_app(**safe | {"KEY": private_pems["EdDSA"], "ALGORITHM": name}))
    assert (row["level"], row["about"]) == ("advice", "TOKENGUARD_KEY")
    assert WITHOUT_EDDSA in row["why"]


@pytest.mark.parametrize("alg", ["ML-DSA-44", "ML-DSA-87"])
def test_a_key_for_ml_dsa_is_found_with_who_can_read_it(
    make_app: MakeApp, safe: Config, private_pems: dict[str, str], alg: str
) -> None:
    (row,) = rows_of(make_app(**safe | {"KEY": private_pems[alg]}))
    assert row["why"] == f"The key that signs is for {alg}, which is not read by {WITHOUT_ML_DSA}."


def test_a_public_key_for_eddsa_is_no_risk(
    make_app: MakeApp, safe: Config, public_pems: dict[str, str]
) -> None:
    assert findings(make_app(**safe | {"KEY": public_pems["EdDSA"]})) == []


def test_a_secret_in_a_jwk_is_found(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe | {"KEY": oct_jwk(32, alg="HS256")})
    assert findings(app) == [("advice", "TOKENGUARD_KEY")]


# Files


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_key_file_that_others_can_read_is_found(
    make_app: MakeApp, safe: Config, tmp_path: Path, mode: int
) -> None:
    (tmp_path / "key").write_text(safe.pop("KEY"))
    (tmp_path / "key").chmod(mode)
    app = make_app(KEY_FILE=tmp_path / "key", **safe)
    assert findings(app) == [("warning", "TOKENGUARD_KEY_FILE")]


def test_a_key_file_of_its_owner_alone_is_no_risk(
    make_app: MakeApp, safe: Config, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(safe.pop("KEY"))
    (tmp_path / "key").chmod(0o600)
    assert findings(make_app(KEY_FILE=tmp_path / "key", **safe)) == []


def test_a_password_file_that_others_can_read_is_found(
    make_app: MakeApp, safe: Config, encrypted_pems: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("correct horse")
    (tmp_path / "password").chmod(0o644)
    key = {"KEY": encrypted_pems["ES256"], "KEY_PASSWORD_FILE": tmp_path / "password"}
    assert findings(make_app(**safe | key)) == [("warning", "TOKENGUARD_KEY_PASSWORD_FILE")]


def test_a_file_with_a_public_key_is_for_everybody(
    make_app: MakeApp, safe: Config, public_pems: dict[str, str], tmp_path: Path
) -> None:
    del safe["KEY"]
    (tmp_path / "key").write_text(public_pems["EdDSA"])
    (tmp_path / "key").chmod(0o644)
    assert findings(make_app(KEY_FILE=tmp_path / "key", **safe)) == []


def test_a_file_among_several_keys_that_others_can_read_is_found(
    make_app: MakeApp, safe: Config, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(safe.pop("KEY"))
    (tmp_path / "key").chmod(0o644)
    assert findings(make_app(KEYS=[{"file": str(tmp_path / "key")}], **safe)) != []


# The ring


@pytest.fixture
def ring(tmp_path: Path, safe: Config) -> Path:
    """A ring that takes the place of the key."""
    del safe["KEY"]
    make(tmp_path / "ring", alg="ES256", password=None, now=1)
    return tmp_path / "ring"


def test_a_ring_with_a_next_key_is_no_risk(make_app: MakeApp, safe: Config, ring: Path) -> None:
    assert findings(make_app(KEYRING=ring, **safe)) == []


def test_a_ring_without_a_next_key_is_found(make_app: MakeApp, safe: Config, ring: Path) -> None:
    index = json.loads((ring / INDEX).read_text())
    index["keys"] = [entry for entry in index["keys"] if entry["state"] != "next"]
    (ring / INDEX).write_text(json.dumps(index))
    assert findings(make_app(KEYRING=ring, **safe)) == [("warning", "TOKENGUARD_KEYRING")]


def test_a_ring_that_others_can_read_is_found(make_app: MakeApp, safe: Config, ring: Path) -> None:
    ring.chmod(0o755)
    assert findings(make_app(KEYRING=ring, **safe)) == [("warning", "TOKENGUARD_KEYRING")]


# Encryption


class Hiding:
    """A decorator that is a class."""

    __name__ = "hiding"

    def __init__(self, view: Any) -> None:
        self.view = view

    def __call__(self) -> Any:
        """Call the view."""
        return self.view()


def codes_of(app: Flask) -> list[tuple[str, str]]:
    return [(row["code"], row["about"]) for row in rows_of(app)]


@pytest.mark.parametrize(
    "decorator", [called_by_another, Hiding, lambda view: called_by_another(Hiding(view))]
)
def test_a_decorator_that_hides_the_guard_is_found(
    make_app: MakeApp, safe: Config, decorator: Any
) -> None:
    app = make_app(**safe, PROTECT="all", PUBLIC_ENDPOINTS=["hidden"])
    app.add_url_rule("/hidden", "hidden", decorator(token_required(new_view())))
    assert ("hidden_guard", "hidden") in codes_of(app)


@pytest.mark.parametrize(
    "view",
    [
        called_by_another(new_view()),
        called_by_another(Hiding),
        called_by_another(public(new_view())),
    ],
    ids=["a function", "a class", "an open function"],
)
def test_a_decorator_that_hides_no_guard_is_no_risk(
    make_app: MakeApp, safe: Config, view: Any
) -> None:
    app = make_app(**safe, PROTECT="all")
    app.add_url_rule("/plain", "plain", view)
    assert codes_of(app) == []


def test_a_guard_above_a_decorator_that_hides_one_is_no_risk(
    make_app: MakeApp, safe: Config
) -> None:
    app = make_app(**safe)
    app.add_url_rule(
        "/twice", "twice", token_required(called_by_another(token_required(new_view())))
    )
    assert codes_of(app) == []


def test_a_realm_that_a_server_made_up_is_advice(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe)
    assert codes_of(app) == []
    app = Flask("_mod_wsgi_1f8c")
    app.config.update({f"TOKENGUARD_{name}": value for name, value in safe.items()})
    TokenGuard(app)
    assert codes_of(app) == [("generated_realm", "TOKENGUARD_REALM")]


def test_a_realm_that_was_set_is_no_risk(make_app: MakeApp, safe: Config) -> None:
    assert codes_of(make_app(**safe, REALM="notes")) == []


@pytest.mark.parametrize(
    ("size", "setting", "count"),
    [
        (32, {"alg": "A256KW"}, 0),
        (32, {"alg": "A256KW", "required": False}, 1),
        (32, {"alg": "dir", "enc": "A256GCM"}, 1),
        (16, {"alg": "dir", "enc": "A128GCM"}, 1),
        (32, {"alg": "A256KW", "enc": "A256GCM"}, 0),
        (64, {"alg": "dir", "enc": "A256CBC-HS512"}, 0),
        (32, {"alg": "dir", "enc": "A256GCM", "required": False}, 2),
    ],
)
def test_a_risky_encryption_is_found(
    make_app: MakeApp, safe: Config, size: int, setting: Config, count: int
) -> None:
    app = make_app(ENCRYPTION={"key": oct_jwk(size), **setting}, **safe)
    assert findings(app) == [("advice", "TOKENGUARD_ENCRYPTION")] * count


def test_one_secret_for_both_uses_is_found(make_app: MakeApp, safe: Config) -> None:
    key = oct_jwk(32, kid="both")
    app = make_app(**safe | {"KEY": key}, ENCRYPTION={"kid": "both", "alg": "A256KW"})
    assert findings(app) == [("advice", "TOKENGUARD_KEY"), ("advice", "TOKENGUARD_ENCRYPTION")]


# Requests


def test_an_endpoint_that_is_open_by_omission_is_found(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe)
    app.add_url_rule("/b", "second", lambda: "")
    app.add_url_rule("/a", "first", lambda: "", methods=["GET", "POST"])
    result = examine(app)
    assert result.exit_code == 1
    assert "Nobody said that these are open: first, second." in result.stdout


def test_a_view_that_takes_a_token_in_its_url_is_found(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe)
    app.add_url_rule("/a", "a", token_required(locations=["query:jwt"])(new_view()))
    app.add_url_rule("/b", "b", token_required(locations=["form:jwt"])(new_view()))
    (row,) = rows_of(app)
    assert (row["level"], row["about"]) == ("advice", "locations=")
    assert row["why"].endswith(": a.")


def test_a_refresh_token_that_no_store_can_know_is_found(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe)
    app.add_url_rule("/refresh", "refresh", refresh_required(new_view()), methods=["POST"])
    result = examine(app)
    assert "answer 500 without a store: refresh." in result.stdout


def test_a_refresh_token_that_a_store_knows_is_no_risk(
    make_app: MakeApp, safe: Config, tmp_path: Path
) -> None:
    app = make_app(**safe, STORAGE_URI=f"sqlite:///{tmp_path / 'tokenguard.db'}")
    app.add_url_rule("/refresh", "refresh", refresh_required(new_view()), methods=["POST"])
    assert findings(app) == []


def test_an_endpoint_that_is_public_is_no_risk(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe)
    app.add_url_rule("/", "open", public(lambda: ""))
    assert findings(app) == []


def test_a_public_endpoint_that_is_none_is_found(make_app: MakeApp, safe: Config) -> None:
    result = examine(make_app(**safe, PUBLIC_ENDPOINTS=["helth"]))
    assert "No endpoint matches 'helth'." in result.stdout


def test_a_login_view_that_is_none_is_found(make_app: MakeApp, safe: Config) -> None:
    result = examine(make_app(**safe, LOGIN_VIEW="auth.logn"))
    assert "Nobody is sent to the login: 'auth.logn' is no endpoint" in result.stdout
    assert findings(make_app(**safe, LOGIN_VIEW="claims")) == []


def test_the_endpoints_that_the_config_opens_are_listed(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe, PUBLIC_ENDPOINTS=["a*"])
    for name in ("api", "about"):
        app.add_url_rule(f"/{name}", name, new_view())
    result = examine(app)
    assert "These need no token: about, api, static." in result.stdout


def test_a_guard_under_another_decorator_is_no_risk(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe)
    app.add_url_rule("/guarded", "guarded", foreign(token_required(new_view())))
    app.add_url_rule("/open", "open", foreign(public(new_view())))
    assert findings(app) == []


def test_an_unmarked_endpoint_is_no_risk_where_all_are_guarded(
    make_app: MakeApp, safe: Config
) -> None:
    app = make_app(PROTECT="all", **safe)
    app.add_url_rule("/", "closed", lambda: "")
    assert findings(app) == []


def test_the_debugger_is_found(
    make_app: MakeApp, safe: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert findings(make_app(**safe)) == [("warning", "DEBUG")]


# How it is told


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
