"""Every setting: its type, bounds and default, from Python and from the environment."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard.arguments.files import NamedFile
from flask_tokenguard.config.locations import LocationEntry
from flask_tokenguard.config.settings import Settings
from flask_tokenguard.keys.entries import KeyEntry

# Where relative names of files start.
FOLDER = Path("/instance")
FromEnvironment = Callable[..., tuple[Settings, list[str]]]


def read(**config: Any) -> tuple[Settings, list[str]]:
    """Read settings that are named without their prefix, with their faults."""
    faults: list[str] = []
    prefixed = {f"TOKENGUARD_{name}": value for name, value in config.items()}
    return Settings.read(prefixed, faults.append, folder=FOLDER), faults


def value_of(name: str, value: Any) -> Any:
    """Read one setting that has no fault."""
    settings, faults = read(**{name: value})
    assert faults == []
    return getattr(settings, name.lower())


def fault_of(name: str, value: Any) -> str:
    """Read one setting that has a fault."""
    _, (fault,) = read(**{name: value})
    assert fault.startswith(f"TOKENGUARD_{name}")
    return fault


@pytest.fixture
def from_environment(monkeypatch: pytest.MonkeyPatch) -> FromEnvironment:
    """Read settings as `app.config.from_prefixed_env` does."""

    def read_environment(**variables: str) -> tuple[Settings, list[str]]:
        faults: list[str] = []
        for name, value in variables.items():
            monkeypatch.setenv(f"FLASK_TOKENGUARD_{name}", value)
        app = Flask(__name__)
        app.config.from_prefixed_env()
        return Settings.read(app.config, faults.append, folder=FOLDER), faults

    return read_environment


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("KEY", None),
        ("KEY_FILE", None),
        ("KEY_PASSWORD", None),
        ("KEY_PASSWORD_FILE", None),
        ("KEYS", None),
        ("KEYRING", None),
        ("ALGORITHM", None),
        ("ISSUER", None),
        ("AUDIENCE", ()),
        ("CLIENT_ID", None),
        ("ISSUERS", None),
        ("ALLOW_INSECURE_HTTP", False),
        ("ENCRYPTION", None),
        ("JWKS_PATH", "/.well-known/jwks.json"),
        ("TYPES", ("at+jwt",)),
        ("LEEWAY", timedelta(0)),
        ("REQUIRED_CLAIMS", ("iat", "sub", "jti")),
        ("ACCESS_TOKEN_LIFETIME", timedelta(minutes=15)),
        ("REFRESH_TOKEN_LIFETIME", timedelta(days=30)),
        ("SESSION_LIFETIME", timedelta(days=90)),
        ("REFRESH_GRACE", timedelta(seconds=10)),
        ("STORAGE_URI", None),
        ("STORAGE_PREFIX", "tokenguard:"),
        ("STORAGE_TIMEOUT", timedelta(seconds=1)),
        ("STORAGE_OUTAGE", "refuse"),
        ("REVOCATION_DELAY", timedelta(0)),
        ("TOKEN_LOCATIONS", (LocationEntry("header"),)),
        ("PROTECT", "marked"),
        ("PUBLIC_ENDPOINTS", ("static", "*.static")),
        ("MAX_TOKEN_SIZE", 8160),
        ("CACHE_SIZE", 1024),
        ("CACHE_LIFETIME", timedelta(minutes=5)),
        ("REALM", None),
    ],
)
@pytest.mark.parametrize("config", [{}, None], ids=["absent", "None"])
def test_a_setting_has_its_default(name: str, default: object, config: Any) -> None:
    settings, faults = read(**({name: None} if config is None else {}))
    assert (getattr(settings, name.lower()), faults) == (default, [])


@pytest.mark.parametrize(
    ("name", "value", "read_as"),
    [
        ("KEY", "x", "x"),
        ("KEY", {"kty": "oct"}, {"kty": "oct"}),
        ("KEY_FILE", "a/b.pem", NamedFile("a/b.pem", FOLDER)),
        ("KEY_FILE", Path("a/b.pem"), NamedFile("a/b.pem", FOLDER)),
        ("KEY_PASSWORD", " x ", " x "),
        ("KEY_PASSWORD_FILE", Path("password"), NamedFile("password", FOLDER)),
        ("ALGORITHM", "PS512", "PS512"),
        ("ALGORITHM", "Ed25519", "Ed25519"),
        ("ISSUER", "https://issuer.example", "https://issuer.example"),
        ("AUDIENCE", "api", ("api",)),
        ("AUDIENCE", "api, app", ("api", "app")),
        ("AUDIENCE", ["api", "app"], ("api", "app")),
        ("AUDIENCE", ("api",), ("api",)),
        ("AUDIENCE", '["a, b", "c"]', ("a, b", "c")),
        ("AUDIENCE", ' ["api"]', ("api",)),
        ("CLIENT_ID", "app", "app"),
        ("KEYRING", Path("keys"), NamedFile("keys", FOLDER)),
        ("KEYRING", "/etc/keys", NamedFile("/etc/keys", FOLDER)),
        ("JWKS_PATH", "/keys", "/keys"),
        ("TYPES", "JWT", ("JWT",)),
        ("TYPES", ["application/AT+jwt", "jwt"], ("application/AT+jwt", "jwt")),
        ("TYPES", [None], (None,)),
        ("REQUIRED_CLAIMS", [], ()),
        ("REQUIRED_CLAIMS", "[]", ()),
        ("REQUIRED_CLAIMS", "sub,jti", ("sub", "jti")),
        ("REQUIRED_CLAIMS", '["exp", "role"]', ("exp", "role")),
        ("TYPES", ("JWT", None), ("JWT", None)),
        ("TYPES", '["JWT", null]', ("JWT", None)),
        ("REFRESH_GRACE", 0, timedelta(0)),
        ("STORAGE_PREFIX", "my-app/", "my-app/"),
        ("STORAGE_OUTAGE", "accept", "accept"),
        ("REVOCATION_DELAY", 1, timedelta(seconds=1)),
        ("REVOCATION_DELAY", timedelta(milliseconds=200), timedelta(milliseconds=200)),
        ("LEEWAY", 30, timedelta(seconds=30)),
        ("LEEWAY", 0, timedelta(0)),
        ("LEEWAY", 300, timedelta(minutes=5)),
        ("LEEWAY", timedelta(minutes=5), timedelta(minutes=5)),
        ("ACCESS_TOKEN_LIFETIME", 1, timedelta(seconds=1)),
        ("ACCESS_TOKEN_LIFETIME", timedelta(days=3660), timedelta(days=3660)),
        (
            "TOKEN_LOCATIONS",
            ["json", "header", "form", "query"],
            tuple(map(LocationEntry, ["json", "header", "form", "query"])),
        ),
        (
            "TOKEN_LOCATIONS",
            "header:X-Auth-Token,header:Authorization:Token,cookie:a,query:jwt",
            (
                LocationEntry("header", "X-Auth-Token"),
                LocationEntry("header", "Authorization", "Token"),
                LocationEntry("cookie", "a"),
                LocationEntry("query", "jwt"),
            ),
        ),
        ("PROTECT", "all", "all"),
        ("PUBLIC_ENDPOINTS", "login,*.page", ("static", "*.static", "login", "*.page")),
        ("PUBLIC_ENDPOINTS", [], ()),
        ("PUBLIC_ENDPOINTS", (), ()),
        ("MAX_TOKEN_SIZE", 256, 256),
        ("MAX_TOKEN_SIZE", 1_048_576, 1_048_576),
        ("CACHE_SIZE", 0, 0),
        ("CACHE_SIZE", 1_048_576, 1_048_576),
        ("CACHE_LIFETIME", 0, timedelta(0)),
        ("CACHE_LIFETIME", 86_400, timedelta(days=1)),
        ("REALM", "notes & more", "notes & more"),
    ],
    ids=repr,
)
def test_a_setting_is_read(name: str, value: object, read_as: object) -> None:
    assert value_of(name, value) == read_as


TEXTS = [
    "KEY",
    "KEY_FILE",
    "KEYRING",
    "JWKS_PATH",
    "KEY_PASSWORD",
    "KEY_PASSWORD_FILE",
    "ISSUER",
    "CLIENT_ID",
    "REALM",
]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("number", [123, 0, -1, 1.5, 1e300], ids=repr)
def test_a_number_where_text_is_wanted_is_to_be_quoted(name: str, number: object) -> None:
    assert "quote it" in fault_of(name, number)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", [True, False, "", b"x", ["x"], ("x",), int], ids=repr)
def test_a_text_is_nothing_else(name: str, value: object) -> None:
    assert "must be text that is not empty" in fault_of(name, value)


@pytest.mark.parametrize("name", ["KEY_FILE", "KEY_PASSWORD_FILE", "KEYRING"])
def test_a_path_is_not_a_folder_of_settings(name: str) -> None:
    assert "must be text that is not empty" in fault_of(name, {"path": "x"})


LISTS = ["AUDIENCE", "TYPES", "REQUIRED_CLAIMS", "TOKEN_LOCATIONS", "PUBLIC_ENDPOINTS"]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("value", [True, {}, {"a": 1}, b"x", {"header"}], ids=repr)
def test_a_list_is_nothing_else(name: str, value: object) -> None:
    assert "must be a list of texts, or comma-separated text" in fault_of(name, value)


@pytest.mark.parametrize("name", ["AUDIENCE", "TYPES", "TOKEN_LOCATIONS"])
@pytest.mark.parametrize("value", [[], (), "[]"], ids=repr)
def test_a_list_is_not_empty(name: str, value: object) -> None:
    assert "must be a list of texts, or comma-separated text" in fault_of(name, value)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("value", ["", ",", "header,", ["header", ""], [["header"]]], ids=repr)
def test_an_item_of_a_list_is_text(name: str, value: object) -> None:
    assert "must be text that is not empty" in fault_of(name, value)


@pytest.mark.parametrize("name", [name for name in LISTS if name != "TYPES"])
def test_an_item_of_a_list_is_not_null(name: str) -> None:
    assert "must be text that is not empty" in fault_of(name, [None])


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("value", [7, ["header", 7]], ids=repr)
def test_a_number_in_a_list_is_to_be_quoted(name: str, value: object) -> None:
    assert "quote it" in fault_of(name, value)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("value", ['["header"', "[header]", "['header']"])
def test_text_that_begins_as_json_is_json(name: str, value: str) -> None:
    assert fault_of(name, value).startswith(f"TOKENGUARD_{name} is not JSON: ")


def test_json_that_does_not_parse_is_named_with_its_place() -> None:
    fault = fault_of("ISSUERS", '{"https://id":\n {"audience": "hush" "profile"}}')
    assert (
        fault == "TOKENGUARD_ISSUERS is not JSON: Expecting ',' delimiter at line 2, character 22"
    )


@pytest.mark.parametrize("name", ["ISSUERS", "ENCRYPTION"])
@pytest.mark.parametrize("text", ['{"a": }', "{'a': 1}", "{a: 1}", '{"a": 1,}', '{"a": 1'])
def test_an_object_that_does_not_parse_is_not_json(
    from_environment: FromEnvironment, name: str, text: str
) -> None:
    _, (fault,) = from_environment(**{name: text})
    assert fault.startswith(f"TOKENGUARD_{name} is not JSON: ")


def test_an_object_may_be_json() -> None:
    text = '{"https://id": {"audience": "a", "jwks_url": "https://id/keys"}}'
    issuers = read(ISSUERS=text)[0].issuers
    assert issuers is not None
    assert issuers["https://id"].audience == ("a",)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("ISSUER", None, None),
        ("ISSUER", True, "true"),
        ("ISSUER", "", "empty"),
        ("KEYS", {}, "empty"),
        ("KEYS", {"a": 1}, "an object"),
        ("AUDIENCE", {"hush"}, "set"),
        ("LEEWAY", "30", "a text"),
        ("LEEWAY", 1.5, "a number"),
        ("ISSUERS", ["hush"], "a list"),
        ("ISSUERS", "hush", "a text"),
        ("CACHE_SIZE", "30", "a text"),
    ],
)
def test_a_fault_names_the_type_that_came(name: str, value: object, kind: str | None) -> None:
    _, faults = read(**{name: value})
    assert [fault.rpartition(", and is ")[2] for fault in faults] == ([kind] if kind else [])


@pytest.mark.parametrize("member", ["audiences", "jwks", "cert"])
@pytest.mark.parametrize("name", ["ISSUERS", "KEYS", "ENCRYPTION"])
def test_an_unknown_member_is_named(name: str, member: str) -> None:
    entry = {member: "hush"}
    value = {"ISSUERS": {"https://id": entry}, "KEYS": [entry], "ENCRYPTION": entry}[name]
    assert f" has an unknown member {member}; known are " in fault_of(name, value)


def test_what_is_no_name_of_a_member_is_not_shown() -> None:
    assert "hush" not in fault_of("ENCRYPTION", {"hush hush": 1})


def test_the_nearest_choice_is_named() -> None:
    assert fault_of("PROTECT", "Marked").endswith("did you mean marked?")


def test_an_empty_list_of_public_endpoints_may_be_json() -> None:
    settings, () = read(PUBLIC_ENDPOINTS="[]")
    assert settings.public_endpoints == ()


def test_a_list_that_is_nested_beyond_measure_is_a_fault() -> None:
    assert fault_of("AUDIENCE", "[" * 100_000)


@pytest.mark.parametrize("name", ["LEEWAY", "ACCESS_TOKEN_LIFETIME"])
@pytest.mark.parametrize(
    "value",
    [
        *(
            "30",
            1.5,
            True,
            False,
            [30],
            "False",
            "",
            "m",
            "1.5h",
            "-1s",
            "+1s",
            " 5m",
            "5m\n",
            "5M",
        ),
        *("5 m", "1h30m", "15min", "\u0665m", "1_0m", "9999999999s"),
    ],
    ids=repr,
)
def test_a_duration_is_a_timedelta_seconds_or_has_a_unit(name: str, value: object) -> None:
    fault = "must be a timedelta, a whole number of seconds, or a text such as 30s, 15m, 12h or 90d"
    assert fault in fault_of(name, value)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("900s", timedelta(minutes=15)),
        ("15m", timedelta(minutes=15)),
        ("36h", timedelta(days=1.5)),
        ("90d", timedelta(days=90)),
        ("007d", timedelta(days=7)),
    ],
)
def test_a_duration_may_be_a_number_with_its_unit(text: str, duration: timedelta) -> None:
    settings, () = read(ACCESS_TOKEN_LIFETIME=text)
    assert settings.access_token_lifetime == duration


def test_an_issuers_durations_may_have_a_unit(public_pems: dict[str, str]) -> None:
    entry = {"audience": "a", "keys": public_pems["ES256"], "leeway": "30s", "stale": "2h"}
    settings, () = read(ISSUERS={"https://id.example": entry})
    read_entry = (settings.issuers or {})["https://id.example"]
    assert (read_entry.leeway, read_entry.stale) == (timedelta(seconds=30), timedelta(hours=2))


@pytest.mark.parametrize(
    "name",
    [
        *("LEEWAY", "ACCESS_TOKEN_LIFETIME", "REFRESH_TOKEN_LIFETIME", "SESSION_LIFETIME"),
        *("REFRESH_GRACE", "STORAGE_TIMEOUT", "CACHE_LIFETIME"),
    ],
)
def test_every_duration_may_have_a_unit(name: str) -> None:
    settings, () = read(**{name: "1m"})
    assert getattr(settings, name.lower()) == timedelta(minutes=1)


@pytest.mark.parametrize(
    "value",
    [-1, 301, 10**400, "6m", "999999999d", timedelta(seconds=300.5), timedelta(-1), timedelta.max],
    ids=repr,
)
def test_a_leeway_is_at_most_five_minutes(value: object) -> None:
    assert fault_of("LEEWAY", value).endswith("must be from 0 to 300 seconds")


@pytest.mark.parametrize(
    "value", [0, -1, timedelta(0), timedelta(milliseconds=999), 3660 * 86_400 + 1], ids=repr
)
def test_a_lifetime_has_its_bounds(value: object) -> None:
    assert fault_of("ACCESS_TOKEN_LIFETIME", value).endswith("must be from 1 to 316224000 seconds")


@pytest.mark.parametrize("name", ["LEEWAY", "ACCESS_TOKEN_LIFETIME"])
def test_a_duration_far_below_zero_is_a_fault(name: str) -> None:
    assert "must be from" in fault_of(name, -(10**20))


@pytest.mark.parametrize("value", [255, 1_048_577, -1, 0, "8192", 8192.0, True, [8192]], ids=repr)
def test_a_size_has_its_bounds(value: object) -> None:
    assert "from 256 to 1048576" in fault_of("MAX_TOKEN_SIZE", value)


@pytest.mark.parametrize("value", [-1, 1_048_577, "1024", 1024.0, False, [1]], ids=repr)
def test_a_count_has_its_bounds(value: object) -> None:
    assert "from 0 to 1048576" in fault_of("CACHE_SIZE", value)


def test_a_cache_forgets_within_a_day() -> None:
    assert fault_of("CACHE_LIFETIME", 86_401).endswith("from 0 to 86400 seconds")


@pytest.mark.parametrize("value", ["ALL", "none", True, False, 7, "", ["all"], {}], ids=repr)
def test_protect_is_one_of_two(value: object) -> None:
    assert fault_of("PROTECT", value).endswith("must be one of marked, all")


@pytest.mark.parametrize("value", ["none", "hs256", "", True, 256, ["HS256"], {}], ids=repr)
def test_an_algorithm_is_one_of_ours(value: object) -> None:
    fault = fault_of("ALGORITHM", value)
    assert fault.startswith("TOKENGUARD_ALGORITHM must be one of HS256, HS384, HS512, RS256")


@pytest.mark.parametrize(
    "value",
    [
        ["header", "header"],
        ["header", "header:authorization:bearer"],
        ["header:X-A", "header:x-a"],
        ["query", "query:access_token"],
        ["cookie:a", "cookie:a"],
    ],
    ids=repr,
)
def test_a_place_of_a_token_is_named_once(value: object) -> None:
    assert fault_of("TOKEN_LOCATIONS", value).endswith(
        "must name some of header, cookie, form, query, json, each place once"
    )


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ("Header", "write header"),
        ("headers", "write header"),
        ("cookies", "write cookie"),
        ("query_string", "write query"),
        ("body", "write form or json"),
        ("X-Auth-Token", "write header:X-Auth-Token"),
        ("session", "write some of header, cookie, form, query, json"),
        ("Cookie:a", "write cookie"),
        ("header:", "such as header:X-Auth-Token or header:Authorization:Token"),
        ("header:X_Auth", "such as header:X-Auth-Token or header:Authorization:Token"),
        ("header:X-Auth:", "such as header:X-Auth-Token or header:Authorization:Token"),
        ("header:Authorization: Token", "such as header:X-Auth-Token or header:Authorization"),
        ("cookie:a b", "write cookie:NAME"),
        ("query:", "write query:NAME"),
        ("json:\xe4", "write json:NAME"),
        ("header:Cookie", "write cookie:NAME"),
        ("header:Origin", "write cookie:NAME"),
        ("header:Sec-Fetch-Site", "write cookie:NAME"),
        ("header:Authorization:basic", "write cookie:NAME"),
    ],
)
def test_an_entry_that_names_no_place_gets_a_remedy(value: str, remedy: str) -> None:
    fault = fault_of("TOKEN_LOCATIONS", [value])
    assert fault.startswith("TOKENGUARD_TOKEN_LOCATIONS holds ")
    assert remedy in fault


@pytest.mark.parametrize("value", ["rt+jwt", ["at+jwt", "RT+JWT"], "application/rt+jwt"], ids=repr)
def test_refresh_tokens_never_pass_as_access_tokens(value: object) -> None:
    assert "rt+jwt" in fault_of("TYPES", value)


@pytest.mark.parametrize("value", ["JWT,null", ["None"], "NULL"], ids=repr)
def test_null_in_quotes_is_no_type(value: object) -> None:
    assert fault_of("TYPES", value).endswith('for no type write null without quotes: ["JWT", null]')


def test_a_token_that_is_bound_to_a_key_cannot_be_demanded() -> None:
    assert fault_of("REQUIRED_CLAIMS", ["sub", "cnf"]).endswith(
        "must not hold cnf; a token that is bound to a key is refused"
    )


@pytest.mark.parametrize(("claim", "setting"), [("iss", "ISSUER"), ("aud", "AUDIENCE")])
def test_a_claim_is_not_demanded_where_it_is_refused(claim: str, setting: str) -> None:
    assert fault_of("REQUIRED_CLAIMS", [claim]) == (
        f"TOKENGUARD_REQUIRED_CLAIMS holds {claim}, but without TOKENGUARD_{setting} a token that"
        f" has it is refused; set TOKENGUARD_{setting}"
    )
    assert read(REQUIRED_CLAIMS=[claim], **{setting: "us"})[1] == []


@pytest.mark.parametrize("value", ['a"b', "a\\b", "ä", "a\nb", "a\x7f"], ids=ascii)
def test_a_realm_is_what_a_challenge_may_quote(value: str) -> None:
    assert "must be printable ASCII" in fault_of("REALM", value)


@pytest.mark.parametrize("value", ["keys.json", "https://us.example/keys", " /keys"])
def test_the_path_of_a_url_starts_with_a_slash(value: str) -> None:
    assert fault_of("JWKS_PATH", value) == (
        "TOKENGUARD_JWKS_PATH must be a path that starts with /"
    )


# Keys.


def test_a_key_is_one_entry() -> None:
    settings, _ = read(KEY="x", KEY_PASSWORD="y")
    assert settings.key_entries() == (KeyEntry(source="TOKENGUARD_KEY", value="x", password="y"),)


def test_a_key_file_is_one_entry() -> None:
    settings, _ = read(KEY_FILE="x", KEY_PASSWORD_FILE="y")
    assert settings.key_entries() == (
        KeyEntry(
            source="TOKENGUARD_KEY_FILE",
            file=NamedFile("x", FOLDER),
            password_file=NamedFile("y", FOLDER),
        ),
    )


def test_without_a_key_there_is_no_entry() -> None:
    assert read()[0].key_entries() == ()


def test_several_keys_are_entries() -> None:
    settings, faults = read(
        KEYS=[
            {"value": {"kty": "oct"}, "kid": "k", "alg": "HS256", "use": "sig", "state": "active"},
            {"file": Path("x"), "password_file": Path("y"), "state": "next"},
            {"env": "X", "password": "y", "state": "verify-only"},
        ]
    )
    assert faults == []
    assert settings.key_entries() == (
        KeyEntry(
            source="TOKENGUARD_KEYS[0]",
            value={"kty": "oct"},
            kid="k",
            alg="HS256",
            use="sig",
            state="active",
        ),
        KeyEntry(
            source="TOKENGUARD_KEYS[1]",
            file=NamedFile("x", FOLDER),
            password_file=NamedFile("y", FOLDER),
            state="next",
        ),
        KeyEntry(source="TOKENGUARD_KEYS[2]", env="X", password="y", state="verify-only"),
    )


def test_several_keys_may_be_json() -> None:
    assert value_of("KEYS", '[{"env": "X"}]') == (KeyEntry(source="TOKENGUARD_KEYS[0]", env="X"),)


@pytest.mark.parametrize("value", [[], (), "[]", 7, True, {}, {"value": "x"}], ids=repr)
def test_several_keys_are_a_list(value: object) -> None:
    assert "must be a list of entries" in fault_of("KEYS", value)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("x", "[0] must be an object with some of alg, enc, env, file, kid, password"),
        (["x"], "[0] must be an object"),
        (None, "[0] must be an object"),
        ({"value": "x", "name": "y"}, "[0] has an unknown member name; known are alg,"),
        ({"value": "x", "source": "y"}, "[0] has an unknown member source;"),
        ({"value": "x", 7: "y"}, "[0] has an unknown member; known"),
        ({}, "[0] must have exactly one of value, file and env"),
        ({"kid": "k"}, "[0] must have exactly one of value, file and env"),
        ({"value": "x", "file": "y"}, "[0] must have exactly one of value, file and env"),
        ({"file": "x", "env": "y"}, "[0] must have exactly one of value, file and env"),
        (
            {"value": "x", "password": "y", "password_file": "z"},
            "[0] must have one of password and password_file",
        ),
        ({"value": "x", "state": "old"}, "[0].state must be one of active, next, verify-only"),
        ({"value": "x", "state": ["next"]}, "[0].state must be one of"),
        ({"value": "x", "state": None}, "[0].state must be one of"),
        ({"value": 123}, "[0].value is a number where text is wanted; quote it"),
        ({"value": "x", "kid": 7}, "[0].kid is a number where text is wanted; quote it"),
        ({"value": "x", "kid": True}, "[0].kid must be text that is not empty"),
        ({"value": ""}, "[0].value must be text that is not empty"),
        ({"value": ["x"]}, "[0].value must be text that is not empty"),
        ({"file": {"x": 1}}, "[0].file must be text that is not empty"),
        ({"value": "x", "alg": None}, "[0].alg must be text that is not empty"),
    ],
    ids=repr,
)
def test_an_entry_that_is_wrong_is_a_fault(entry: object, fault: str) -> None:
    assert fault_of("KEYS", [entry]).startswith(f"TOKENGUARD_KEYS{fault}")


def test_a_fault_names_the_entry() -> None:
    assert fault_of("KEYS", [{"value": "x"}, {"value": ""}]).startswith("TOKENGUARD_KEYS[1].value")


# Unknown keys.


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
        ("SECRET", "keygen --alg HS256"),
        ("SECRET_KEY", "keygen --alg HS256"),
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


def test_the_config_is_not_changed() -> None:
    config = {"TOKENGUARD_AUDIENCE": ["api"], "TOKENGUARD_KEYS": [{"value": "x"}]}
    Settings.read(config, pytest.fail, folder=FOLDER)
    assert config == {"TOKENGUARD_AUDIENCE": ["api"], "TOKENGUARD_KEYS": [{"value": "x"}]}


# From the environment, as Flask reads it.


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
