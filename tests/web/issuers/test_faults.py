"""Tokens of other issuers: faults."""

import json
from typing import Any

import pytest

from flask_tokenguard import (
    ConfigurationError,
    TokenGuard,
)
from flask_tokenguard import token_required as demand
from flask_tokenguard.fetching import Fetched
from flask_tokenguard.jose import jws
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey

from ...conftest import MakeApp
from ..conftest import ID, Issue
from .support import guarded


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (7, "must be an object with some of"),
        ({"audience": "a", "key": "x"}, "has an unknown member key"),
        ({}, "lacks audience"),
        ({"audience": True}, ".audience must be a text or several"),
        ({"audience": []}, ".audience must be a text or several"),
        ({"audience": 7}, ".audience is a number where text"),
        ({"audience": "a", "discovery": False}, "must have one of discovery"),
        ({"audience": "a", "discovery": "saml"}, ".discovery must be one of oidc, oauth"),
        ({"audience": "a", "discovery": True, "jwks_url": "https://x"}, "of which there must be"),
        ({"audience": "a", "metadata_url": "ftp://x"}, ".metadata_url must be an https URL"),
        (
            {"audience": "a", "metadata_url": "https://x", "jwks_url": "https://x"},
            "has metadata_url and jwks_url, of which there must be one",
        ),
        ({"audience": "a", "metadata_url": "http://x"}, "the metadata_url is not https"),
        ({"audience": "a", "jwks_url": "ftp://x"}, ".jwks_url must be an https URL"),
        ({"audience": "a", "profile": "saml"}, ".profile must be one of"),
        ({"audience": "a", "algorithms": "none"}, ".algorithms must name some of RS256,"),
        ({"audience": "a", "algorithms": ["rs256"]}, 'is "rs256"; did you mean RS256?'),
        ({"audience": "a", "types": 7}, ".types is a number where text"),
        ({"audience": "a", "types": []}, ".types must be a list"),
        ({"audience": "a", "types": ["rt+jwt"]}, ".types must not hold rt+jwt"),
        ({"audience": "a", "roles_claim": [["a"], []]}, ".roles_claim must be a list of texts"),
        ({"audience": "a", "roles_claim": [["a"], 7]}, ".roles_claim is a number where text"),
        ({"audience": "a", "leeway": 301}, ".leeway must be from 0 to 300"),
        ({"audience": "a", "stale": -1}, ".stale must be from 0"),
        ({"audience": "a", "private_addresses": False}, ".private_addresses must be one of"),
        ({"audience": "a", "keys": "-----BEGIN"}, "the key"),
        ({"audience": "a", "jwks_file": "nowhere.json"}, "the key file cannot be read: No such"),
        (
            {"audience": "a", "jwks_url": "http://127.0.0.1/"},
            "is not https; plain http takes TOKENGUARD_ALLOW_INSECURE_HTTP",
        ),
        (
            {"audience": "a", "jwks_url": "https://id/.well-known/openid-configuration"},
            ".jwks_url is where metadata is, not the key set; name it in metadata_url",
        ),
        ({"audience": "a", "algorithms": "HS256"}, "by which no public key verifies"),
    ],
)
def test_a_fault_of_an_entry_is_named(entry: Any, fault: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        guarded(TokenGuard(), ISSUERS={ID: entry})
    (message,) = caught.value.faults
    assert message.startswith("TOKENGUARD_ISSUERS")
    assert fault in message


def test_an_algorithm_of_secrets_is_no_matter_of_http() -> None:
    with pytest.raises(ConfigurationError, match=r"by which no public key verifies$"):
        guarded(TokenGuard(), ISSUERS={ID: {"audience": "a", "algorithms": "HS256"}})


@pytest.mark.parametrize(
    ("issuer", "remedy"),
    [
        ("id.example", "write https:// before it .*, or else name its jwks_url"),
        ("http://id.example", "plain http takes TOKENGUARD_ALLOW_INSECURE_HTTP"),
        ("https://id.example/.well-known/openid-configuration", "in iss, https://id.example or"),
    ],
)
def test_an_issuer_that_is_no_https_url_is_a_fault(issuer: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError, match=remedy):
        guarded(TokenGuard(), ISSUERS={issuer: {"audience": "a"}})


@pytest.mark.parametrize(("scheme", "number"), [("http", 2), ("https", 1)])
def test_faults_of_issuers_come_with_all_others(scheme: str, number: int) -> None:
    with pytest.raises(ConfigurationError) as caught:
        guarded(TokenGuard(), ISSUERS={f"{scheme}://id.example": {"audience": "a"}}, LEEWAY=-1)
    assert len(caught.value.faults) == number


@pytest.mark.parametrize("value", [[], {}, "x", {"": {"audience": "a"}}], ids=repr)
def test_the_setting_is_an_object(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="TOKENGUARD_ISSUERS"):
        guarded(TokenGuard(), ISSUERS=value)


@pytest.mark.parametrize(
    ("entry", "status"), [({}, 200), ({"kid": "2024-11"}, 200), ({"kid": "2025-01"}, 401)]
)
def test_a_key_as_pem_fits_a_token_with_a_name(
    public_pems: dict[str, str],
    private_keys: dict[str, PrivateKey],
    issue: Issue,
    entry: dict[str, Any],
    status: int,
) -> None:
    issuers = {ID: {"audience": "notes-api", "keys": public_pems["ES256"]} | entry}
    client = guarded(TokenGuard(), ISSUERS=issuers).test_client()
    headers = issue(ID, key=Key(private_keys["ES256"], kid="2024-11"))
    assert client.get("/claims", headers=headers).status_code == status


@pytest.mark.parametrize("source", [{}, {"discovery": True}, {"jwks_url": "https://x"}], ids=str)
def test_a_name_is_for_keys_that_are_given(source: dict[str, Any]) -> None:
    entry = {"audience": "a", "kid": "b"} | source
    with pytest.raises(ConfigurationError, match="has kid, which is for keys and jwks_file"):
        guarded(TokenGuard(), ISSUERS={ID: entry})


def test_a_set_without_a_usable_key_is_503_and_named_in_the_log(
    issue: Issue, caplog: pytest.LogCaptureFixture
) -> None:
    def fetch(_url: str, _etag: str | None) -> Fetched:
        return Fetched(json.dumps({"keys": [{"kty": "LMS", "kid": "ml"}]}).encode())

    entry = {"audience": "notes-api", "jwks_url": "https://id.example/keys"}
    client = guarded(TokenGuard(fetch=fetch), ISSUERS={ID: entry}).test_client()
    caplog.set_level("INFO", "flask_tokenguard")
    answer = client.get("/claims", headers=issue(ID))
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert "LMS" not in answer.text
    assert (
        'no_usable_key, "None of the keys of the token\'s issuer can be used"; fetched, and its one'
        ' key cannot be used: kid "ml" has a kty other than' in caplog.text
    )


def test_a_key_must_be_for_an_algorithm_of_its_issuer(public_pems: dict[str, str]) -> None:
    entry = {"audience": "a", "keys": public_pems["ES256"], "algorithms": "RS256"}
    with pytest.raises(ConfigurationError, match="not among the issuer's algorithms"):
        guarded(TokenGuard(), ISSUERS={ID: entry})


def test_we_are_not_another_issuer(make_app: MakeApp, entries: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="whose tokens are our own"):
        make_app(ISSUERS=entries, ISSUER=ID)


def test_issuing_without_a_key_names_the_setting(entries: dict[str, Any]) -> None:
    guard = TokenGuard()
    guarded(guard, ISSUERS=entries)
    with pytest.raises(ConfigurationError, match="TOKENGUARD_KEY"):
        guard.issue_token("alice")


@pytest.mark.parametrize("role", ["", [], [""], [7]])
def test_a_role_must_be_named(role: Any) -> None:
    with pytest.raises(TypeError, match="role"):
        demand(role=role)


def test_what_an_issuers_keys_will_need_is_imported_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(jws, "algorithm", asked.append)
    guarded(TokenGuard(), ISSUERS={ID: {"audience": "a", "algorithms": ["RS256", "ES256"]}})
    assert asked == ["RS256", "ES256"]


def test_an_issuer_of_discovery_is_an_https_url() -> None:
    with pytest.raises(ConfigurationError, match="TOKENGUARD_ALLOW_INSECURE_HTTP"):
        guarded(TokenGuard(), ISSUERS={"http://id.example": {"audience": "a"}})


@pytest.mark.parametrize(
    "entry", [{}, {"discovery": True}, {"discovery": "oauth"}, {"jwks_url": "http://127.0.0.1:1/"}]
)
def test_an_issuer_that_is_away_is_our_fault(issue: Issue, entry: dict[str, Any]) -> None:
    issuer = "http://127.0.0.1:1"
    settings = {"ISSUERS": {issuer: {"audience": "a"} | entry}, "ALLOW_INSECURE_HTTP": True}
    client = guarded(TokenGuard(), **settings).test_client()
    answer = client.get("/claims", headers=issue(ID, iss=issuer))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1


def test_an_app_fetches_by_itself_if_it_likes(issue: Issue, keys: dict[str, Key]) -> None:
    asked: list[str] = []

    def fetch(url: str, _etag: str | None) -> Fetched:
        asked.append(url)
        return Fetched(json.dumps({"keys": [keys[ID].public_jwk()]}).encode())

    guard = TokenGuard(fetch=fetch)
    entry = {"audience": "notes-api", "jwks_url": "https://id.example/keys"}
    client = guarded(guard, ISSUERS={ID: entry}).test_client()
    assert client.get("/claims", headers=issue(ID)).status_code == 200
    assert asked == ["https://id.example/keys"]


@pytest.mark.parametrize(("named", "status"), [(ID, 200), ("https://evil.example", 503)])
def test_an_entry_names_where_its_metadata_is(
    issue: Issue, keys: dict[str, Key], named: str, status: int
) -> None:
    url = "https://id.example/policy/.well-known/openid-configuration"
    documents: dict[str, Any] = {
        url: {"issuer": named, "jwks_uri": "https://id.example/keys"},
        "https://id.example/keys": {"keys": [keys[ID].public_jwk()]},
    }

    def fetch(url: str, _etag: str | None) -> Fetched:
        return Fetched(json.dumps(documents[url]).encode())

    entry = {"audience": "notes-api", "metadata_url": url}
    client = guarded(TokenGuard(fetch=fetch), ISSUERS={ID: entry}).test_client()
    assert client.get("/claims", headers=issue(ID)).status_code == status


@pytest.mark.parametrize("entry", [{}, {"jwks_url": "http://id.internal/keys"}])
def test_an_apps_own_fetch_may_use_plain_http(
    issue: Issue, keys: dict[str, Key], entry: dict[str, Any]
) -> None:
    issuer = "http://id.internal"
    metadata = {"issuer": issuer, "jwks_uri": "http://keys.internal/"}

    def fetch(url: str, _etag: str | None) -> Fetched:
        jwks = {"keys": [keys[ID].public_jwk()]}
        return Fetched(json.dumps(metadata if "well-known" in url else jwks).encode())

    issuers = {issuer: {"audience": "notes-api"} | entry}
    client = guarded(TokenGuard(fetch=fetch), ISSUERS=issuers).test_client()
    headers = issue(ID, iss=issuer)
    assert client.get("/claims", headers=headers).status_code == 200


def test_the_log_states_why_an_address_was_refused(
    issue: Issue, caplog: pytest.LogCaptureFixture
) -> None:
    entry = {"audience": "notes-api", "jwks_url": "http://192.0.2.1:8080/keys"}
    issuers = {ID: entry}
    client = guarded(TokenGuard(), ISSUERS=issuers, ALLOW_INSECURE_HTTP=["id"]).test_client()
    assert client.get("/claims", headers=issue(ID)).status_code == 503
    assert "192.0.2.1 is refused: plain http is for this machine, and for hosts" in caplog.text


def test_loopback_http_contradicts_public_addresses_alone() -> None:
    entry = {"audience": "a", "private_addresses": "forbid"}
    with pytest.raises(ConfigurationError, match="TOKENGUARD_ISSUERS"):
        guarded(TokenGuard(), ISSUERS={ID: entry}, ALLOW_INSECURE_HTTP=True)


def test_private_addresses_may_be_forbidden(issue: Issue) -> None:
    entry = {"audience": "a", "jwks_url": "https://127.0.0.1:1/", "private_addresses": "forbid"}
    client = guarded(TokenGuard(), ISSUERS={ID: entry}).test_client()
    assert client.get("/claims", headers=issue(ID)).status_code == 503
