"""Every setting: from the environment, as flask reads it."""

from datetime import timedelta

import pytest

from flask_tokenguard.keys.entries import KeyEntry

from .support import FromEnvironment, fault_of


def test_the_environment_says_text_numbers_and_lists(from_environment: FromEnvironment) -> None:
    settings, faults = from_environment(
        ISSUER="https://issuer.example",
        AUDIENCE="api,app",
        TYPES='["at+jwt", "jwt"]',
        LEEWAY="30",
        MAX_TOKEN_SIZE="4096",
    )
    assert faults == []
    assert settings.audience == ("api", "app")
    assert settings.types == ("at+jwt", "jwt")
    assert (settings.leeway, settings.max_token_size) == (timedelta(seconds=30), 4096)


@pytest.mark.parametrize("number", ["123", "-1", "1.5", "1e9", "12345678901234567890123456789012"])
@pytest.mark.parametrize("name", ["KEY", "ISSUER", "KEY_PASSWORD", "CLIENT_ID"])
def test_a_number_in_the_environment_is_to_be_quoted(
    from_environment: FromEnvironment, name: str, number: str
) -> None:
    _, faults = from_environment(**{name: number})
    assert faults == [
        f"TOKENGUARD_{name} is a number where text is wanted; quote it, as in '\"123\"'"
    ]


def test_a_quoted_number_in_the_environment_is_text(from_environment: FromEnvironment) -> None:
    settings, faults = from_environment(ISSUER='"123"')
    assert (settings.issuer, faults) == ("123", [])


@pytest.mark.parametrize("text", ["False", "True", "false", "true", "no", "off"])
@pytest.mark.parametrize("name", ["LEEWAY", "MAX_TOKEN_SIZE", "PROTECT", "ACCESS_TOKEN_LIFETIME"])
def test_a_truth_value_in_the_environment_is_no_number_or_choice(
    from_environment: FromEnvironment, name: str, text: str
) -> None:
    _, (fault,) = from_environment(**{name: text})
    assert fault.startswith(f"TOKENGUARD_{name} must be ")


@pytest.mark.parametrize("text", ["true", "false"])
def test_a_truth_value_in_the_environment_is_no_text(
    from_environment: FromEnvironment, text: str
) -> None:
    _, faults = from_environment(ISSUER=text)
    assert faults == [f"TOKENGUARD_ISSUER must be text that is not empty, and is {text}"]


def test_an_object_in_the_environment_is_a_jwk(from_environment: FromEnvironment) -> None:
    settings, faults = from_environment(KEY='{"kty":"oct","k":"AA"}')
    assert (settings.key, faults) == ({"kty": "oct", "k": "AA"}, [])


def test_several_keys_come_from_the_environment(from_environment: FromEnvironment) -> None:
    settings, faults = from_environment(KEYS='[{"env":"X","state":"active"}]')
    assert faults == []
    assert settings.key_entries() == (
        KeyEntry(source="TOKENGUARD_KEYS[0]", env="X", state="active"),
    )


@pytest.mark.parametrize(("text", "types"), [("[null]", (None,)), ('["JWT", null]', ("JWT", None))])
def test_the_environment_may_name_no_type(
    from_environment: FromEnvironment, text: str, types: tuple[str | None, ...]
) -> None:
    settings, faults = from_environment(TYPES=text)
    assert (settings.types, faults) == (types, [])


@pytest.mark.parametrize(
    ("text", "claims"), [("[]", ()), ('["sub"]', ("sub",)), ("sub,role", ("sub", "role"))]
)
def test_the_environment_may_demand_fewer_claims(
    from_environment: FromEnvironment, text: str, claims: tuple[str, ...]
) -> None:
    settings, faults = from_environment(REQUIRED_CLAIMS=text)
    assert (settings.required_claims, faults) == (claims, [])


@pytest.mark.parametrize("text", ["True", "yes"])
def test_a_truth_value_in_the_environment_is_in_small_letters(
    from_environment: FromEnvironment, text: str
) -> None:
    _, (fault,) = from_environment(SLIDING_SESSIONS=text)
    assert fault.endswith(
        "; the environment takes both in small letters, and Python without quotes"
    )


def test_null_in_the_environment_is_not_set(from_environment: FromEnvironment) -> None:
    settings, faults = from_environment(ISSUER="null")
    assert (settings.issuer, faults) == (None, [])


def test_an_unknown_variable_is_refused(from_environment: FromEnvironment) -> None:
    _, faults = from_environment(AUDIENCES="api")
    assert faults == ["TOKENGUARD_AUDIENCES is not a setting; did you mean TOKENGUARD_AUDIENCE?"]


@pytest.mark.parametrize("prefix", ["{a}", "a b", "a*", "é", "a\n", ""], ids=repr)
def test_a_prefix_that_a_server_could_misread_is_refused(prefix: str) -> None:
    assert fault_of("STORAGE_PREFIX", prefix)


@pytest.mark.parametrize(
    "value",
    ["true", "True", 1, 0, "no", {}, ["keycloak", "off"], "http://keycloak", "keycloak:80", "*"],
    ids=repr,
)
def test_http_is_allowed_in_so_many_words(value: object) -> None:
    assert "must be true or false" in fault_of("ALLOW_INSECURE_HTTP", value)


def test_http_is_allowed_from_hosts_by_name(from_environment: FromEnvironment) -> None:
    settings, faults = from_environment(ALLOW_INSECURE_HTTP="Keycloak,id.internal")
    assert (settings.allow_insecure_http, faults) == (("keycloak", "id.internal"), [])


def test_issuers_come_from_the_environment(from_environment: FromEnvironment) -> None:
    text = '{"https://id.example/": {"audience": "notes-api", "discovery": true}}'
    settings, faults = from_environment(ISSUERS=text)
    assert faults == []
    assert settings.issuers is not None
    assert settings.issuers["https://id.example/"].audience == ("notes-api",)
