"""Every setting: unknown keys."""

from datetime import timedelta

import pytest

from flask_tokenguard.config.settings import Settings

from .support import FOLDER, fault_of, read


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("ALGORITHMS", "ALGORITHM"),
        ("AUDIENCES", "AUDIENCE"),
        ("ISSUER_", "ISSUER"),
        ("KEYFILE", "KEY_FILE"),
        ("LEEWAY_SECONDS", "LEEWAY"),
        ("key", "KEY"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest_name(name: str, near: str) -> None:
    assert fault_of(name, "x") == (
        f"TOKENGUARD_{name} is not a setting; did you mean TOKENGUARD_{near}?"
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SECRET", "keygen --alg HS256 --out FILE"),
        ("SECRET_KEY", "keygen --alg HS256 --out FILE"),
        ("KEY_PATH", "TOKENGUARD_KEY_FILE"),
        ("ALG", "TOKENGUARD_ALGORITHM"),
        ("PRIVATE_KEY", "TOKENGUARD_KEY_FILE"),
        ("PUBLIC_KEY_FILE", "TOKENGUARD_KEY_FILE"),
        ("HEADER_TYPE", "Authorization: Bearer"),
        ("TOKEN_LOCATION", "headers is header, cookies is cookie"),
        ("HEADER_NAME", "header:X-Auth-Token"),
        ("HEADER_TYPE", "header:Authorization:Token"),
        ("QUERY_STRING_NAME", "query:jwt"),
        ("QUERY_STRING_VALUE_PREFIX", "query:jwt"),
        ("JSON_KEY", "json:token"),
        ("REFRESH_COOKIE_NAME", "TOKENGUARD_COOKIE_REFRESH_NAME"),
        ("ACCESS_COOKIE_PATH", "TOKENGUARD_COOKIE_PATH"),
        ("ACCESS_CSRF_COOKIE_NAME", "TOKENGUARD_COOKIE_CSRF_NAME"),
        ("REFRESH_CSRF_COOKIE_NAME", "TOKENGUARD_COOKIE_CSRF_NAME"),
        ("CSRF_METHODS", "no check can be switched off"),
        ("CSRF_CHECK_FORM", "no check can be switched off"),
        ("CSRF_IN_COOKIES", "no check can be switched off"),
        ("JWKS_URL", "TOKENGUARD_ISSUERS"),
        ("OIDC_DISCOVERY_URL", "TOKENGUARD_ISSUERS"),
        ("ACCESS_TOKEN_EXPIRES", "TOKENGUARD_ACCESS_TOKEN_LIFETIME"),
        ("EXPIRATION_DELTA", "TOKENGUARD_ACCESS_TOKEN_LIFETIME"),
        ("BLOCKLIST_ENABLED", "TOKENGUARD_STORAGE_URI"),
        ("REDIS_URL", "TOKENGUARD_STORAGE_URI"),
        ("ACCESS_COOKIE_NAME", "TOKENGUARD_COOKIE_ACCESS_NAME"),
        ("COOKIE_SECURE", "TOKENGUARD_COOKIE_INSECURE"),
        ("SESSION_COOKIE", "persistent="),
        ("COOKIE_CSRF_PROTECT", "no check can be switched off"),
        ("ACCESS_CSRF_HEADER_NAME", "TOKENGUARD_COOKIE_CSRF_HEADER"),
        ("ACCESS_CSRF_FIELD_NAME", "TOKENGUARD_COOKIE_CSRF_FIELD"),
        ("CORS_ORIGINS", "TOKENGUARD_TRUSTED_ORIGINS"),
        ("VERIFY_EXP", "no check can be switched off"),
        ("DISABLE_AUDIENCE", "no check can be switched off"),
        ("QXZ", "behind TOKENGUARD_ there may be KEY, KEY_FILE, KEY_PASSWORD"),
    ],
)
def test_an_unknown_setting_is_refused_with_what_is_in_its_place(name: str, hint: str) -> None:
    assert hint in fault_of(name, "hush")


def test_the_rest_of_the_config_is_not_ours() -> None:
    faults: list[str] = []
    Settings.read(
        {"SECRET_KEY": 7, "TOKENGUARD": 7, "XTOKENGUARD_KEY": 7}, faults.append, folder=FOLDER
    )
    assert faults == []


def test_all_faults_are_found_at_once() -> None:
    _, faults = read(ISSUER=7, LEEWAY="x", PROTECT="some", REALMS="x", KEY="x", KEY_FILE="y")
    assert len(faults) == 5


def test_a_setting_with_a_fault_has_its_default() -> None:
    settings, _ = read(LEEWAY=-1, ISSUER="us")
    assert (settings.leeway, settings.issuer) == (timedelta(0), "us")


def test_settings_do_not_change() -> None:
    settings, _ = read(ISSUER="us")
    with pytest.raises(AttributeError):
        settings.issuer = "them"  # type: ignore[misc]  # the fault


def test_settings_take_no_name_that_is_none_of_theirs() -> None:
    with pytest.raises(TypeError, match="there is no setting realms"):
        Settings(realms="notes")


def test_the_config_is_not_changed() -> None:
    config = {"TOKENGUARD_AUDIENCE": ["api"], "TOKENGUARD_KEYS": [{"value": "x"}]}
    Settings.read(config, pytest.fail, folder=FOLDER)
    assert config == {"TOKENGUARD_AUDIENCE": ["api"], "TOKENGUARD_KEYS": [{"value": "x"}]}
