"""Every setting: values."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flask_tokenguard.arguments.files import NamedFile
from flask_tokenguard.config.locations import LocationEntry

from .support import FOLDER, FromEnvironment, fault_of, read, value_of


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
        fault == "TOKENGUARD_ISSUERS is not JSON: Expecting ',' delimiter at line 2, character 22;"
        " JSON has double quotes, and true, false and null in small letters"
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


@pytest.mark.parametrize(
    ("member", "near"), [("jwks_uri", "jwks_url"), ("aud", "audience"), ("alg", "algorithms")]
)
def test_an_unknown_member_gets_the_nearest_name(member: str, near: str) -> None:
    fault = fault_of("ISSUERS", {"https://id": {member: "x"}})
    assert fault.endswith(f"; did you mean {near}?")


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
    assert "must be from 0 to 300 seconds, and is " in fault_of("LEEWAY", value)


@pytest.mark.parametrize(
    ("value", "came"), [(-5, "-5"), ("6m", "360"), (timedelta(seconds=300.5), "300.5")], ids=repr
)
def test_a_duration_out_of_bounds_is_shown(value: object, came: str) -> None:
    assert fault_of("LEEWAY", value).endswith(f", and is {came}")


@pytest.mark.parametrize(
    "value", [0, -1, timedelta(0), timedelta(milliseconds=999), 3660 * 86_400 + 1], ids=repr
)
def test_a_lifetime_has_its_bounds(value: object) -> None:
    assert "must be from 1 to 316224000 seconds, and" in fault_of("ACCESS_TOKEN_LIFETIME", value)


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
    assert fault_of("CACHE_LIFETIME", 86_401).endswith("from 0 to 86400 seconds, and is 86401")


@pytest.mark.parametrize(
    ("value", "came"),
    [
        ("ALL", '"ALL"; did you mean all?'),
        ("none", '"none"'),
        (True, "true"),
        (7, "a number"),
        ("", "empty"),
        (["all"], "a list"),
        ("s3cret" * 8, '"s3crets3..." of 48 characters'),
    ],
    ids=repr,
)
def test_protect_is_one_of_two(value: object, came: str) -> None:
    assert fault_of("PROTECT", value).endswith(f"must be one of marked, all, and is {came}")


def test_a_word_in_other_letters_is_meant_as_it_is() -> None:
    assert fault_of("ALGORITHM", "hs256").endswith("did you mean HS256?")


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
