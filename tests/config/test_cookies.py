"""The settings of cookies: what they may be, and what browsers would drop in silence."""

from pathlib import Path
from typing import Any

import pytest

from flask_tokenguard.config.cookies import CookieAttributes, check_cookies, without_prefix
from flask_tokenguard.config.settings import Settings


def faults_of(**settings: Any) -> list[str]:
    """List the faults of some settings, named without their prefix."""
    faults: list[str] = []
    config = {f"TOKENGUARD_{name}": value for name, value in settings.items()}
    Settings.read(config, faults.append, folder=Path())
    return faults


def contradictions(
    *, access: str = "a", refresh: str = "r", csrf: str = "c", **attributes: Any
) -> list[str]:
    """List what contradicts what."""
    faults: list[str] = []
    names = [
        ("COOKIE_ACCESS_NAME", access),
        ("COOKIE_REFRESH_NAME", refresh),
        ("COOKIE_CSRF_NAME", csrf),
    ]
    usual: dict[str, Any] = {
        "path": "/",
        "domain": None,
        "samesite": "Lax",
        "partitioned": False,
        "secure": True,
    }
    check_cookies(names, CookieAttributes(**usual | attributes), faults.append)
    return faults


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("COOKIE_ACCESS_NAME", "__Host-a.b_c~"),
        ("COOKIE_CSRF_HEADER", "X-CSRF-TOKEN"),
        ("COOKIE_PATH", "/a/b%20"),
        ("COOKIE_DOMAIN", "app.example.com"),
        ("COOKIE_DOMAIN", "localhost"),
        ("COOKIE_SAMESITE", "Strict"),
        ("TRUSTED_ORIGINS", "https://a.example, http://localhost:5173"),
        ("TRUSTED_ORIGINS", ["https://[::1]:8443", "capacitor://localhost", "https://xn--e1a"]),
        ("TRUSTED_ORIGINS", ["http://a.example:443"]),
    ],
)
def test_a_setting_of_cookies_is_taken(setting: str, value: object) -> None:
    assert faults_of(**{setting: value}) == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("COOKIE_ACCESS_NAME", "a b"),
        ("COOKIE_ACCESS_NAME", "a=b"),
        ("COOKIE_ACCESS_NAME", "a;b"),
        ("COOKIE_ACCESS_NAME", "\xe4"),
        ("COOKIE_ACCESS_NAME", "a" * 129),
        ("COOKIE_CSRF_HEADER", "X CSRF"),
        ("COOKIE_CSRF_HEADER", "X_CSRF"),
        ("COOKIE_PATH", "app"),
        ("COOKIE_PATH", "/;x"),
        ("COOKIE_PATH", "/a b"),
        ("COOKIE_DOMAIN", ".example.com"),
        ("COOKIE_DOMAIN", "Example.com"),
        ("COOKIE_DOMAIN", "example.com:443"),
        ("COOKIE_DOMAIN", "https://example.com"),
        ("COOKIE_SAMESITE", "lax"),
        ("COOKIE_SAMESITE", ""),
        ("COOKIE_PARTITIONED", "true"),
        ("COOKIE_INSECURE", 1),
        ("TRUSTED_ORIGINS", "*"),
        ("TRUSTED_ORIGINS", "null"),
        ("TRUSTED_ORIGINS", "https://a.example/"),
        ("TRUSTED_ORIGINS", "https://a.example/path"),
        ("TRUSTED_ORIGINS", "https://A.example"),
        ("TRUSTED_ORIGINS", "https://a.example:443"),
        ("TRUSTED_ORIGINS", "http://a.example:80"),
        ("TRUSTED_ORIGINS", "https://*.example"),
        ("TRUSTED_ORIGINS", "a.example"),
        ("TRUSTED_ORIGINS", "https://user@a.example"),
    ],
)
def test_a_fault_of_a_setting_names_it(setting: str, value: object) -> None:
    (fault,) = faults_of(**{setting: value})
    assert fault.startswith(f"TOKENGUARD_{setting} ")


@pytest.mark.parametrize(
    ("origin", "shown"),
    [
        ("https://a.example/", '"https://a.example/"'),
        ("https://user:hunter2@a.example", "a user name"),
    ],
)
def test_an_origin_that_is_none_is_shown_without_a_password(origin: str, shown: str) -> None:
    (fault,) = faults_of(TRUSTED_ORIGINS=["https://b.example", origin])
    assert fault.startswith(f"TOKENGUARD_TRUSTED_ORIGINS holds {shown}; name origins as browsers")


def test_the_defaults_contradict_nothing() -> None:
    names = ("__Host-access_token", "__Host-refresh_token", "__Host-csrf_token")
    assert contradictions(**dict(zip(("access", "refresh", "csrf"), names, strict=True))) == []


@pytest.mark.parametrize("prefix", ["__Host-", "__host-", "__HOST-", "__Host-Http-"])
@pytest.mark.parametrize(
    ("attributes", "setting"),
    [
        ({"path": "/app"}, "TOKENGUARD_COOKIE_PATH"),
        ({"domain": "a.example"}, "TOKENGUARD_COOKIE_DOMAIN"),
    ],
)
def test_a_prefix_that_its_attributes_contradict_is_a_fault(
    prefix: str, attributes: dict[str, Any], setting: str
) -> None:
    (fault,) = contradictions(access=f"{prefix}a", **attributes)
    assert fault.startswith(f"TOKENGUARD_COOKIE_ACCESS_NAME is {prefix}a, which browsers keep only")
    assert setting in fault


@pytest.mark.parametrize("prefix", ["__Http-", "__Host-Http-", "__host-http-"])
def test_a_cookie_that_scripts_read_has_no_prefix_against_it(prefix: str) -> None:
    assert contradictions(access=f"{prefix}a", refresh=f"{prefix}r") == []
    (fault,) = contradictions(csrf=f"{prefix}c")
    assert "where no script reads it" in fault


@pytest.mark.parametrize("prefix", ["", "__Secure-", "Host-", "__Hosts-"])
def test_other_prefixes_allow_every_path_and_domain(prefix: str) -> None:
    assert contradictions(access=f"{prefix}a", path="/app", domain="a.example") == []


@pytest.mark.parametrize("other", [{"refresh": "a"}, {"csrf": "a"}, {"refresh": "c"}])
def test_cookies_of_one_name_are_a_fault(other: dict[str, str]) -> None:
    (fault,) = contradictions(**other)
    assert fault.endswith("must differ")


@pytest.mark.parametrize("attributes", [{"samesite": "None"}, {"partitioned": True}])
def test_what_needs_secure_contradicts_the_switch(attributes: dict[str, Any]) -> None:
    assert contradictions(**attributes) == []
    (fault,) = contradictions(**attributes, secure=False)
    assert fault.endswith("needs Secure, which TOKENGUARD_COOKIE_INSECURE drops")


@pytest.mark.parametrize("prefix", ["__Host-", "__Secure-", "__Http-", "__Host-Http-", "__HOST-"])
def test_a_prefix_is_dropped_whole(prefix: str) -> None:
    assert without_prefix(f"{prefix}a") == "a"
