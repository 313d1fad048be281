"""Discovery: where the metadata is, whose it must be, and how long it is remembered."""

import json
from typing import Any

import pytest

from flask_tokenguard.fetching import Fetched, FetchError
from flask_tokenguard.fetching.document import Lifetimes
from flask_tokenguard.keys.entries import DiscoveryKind
from flask_tokenguard.keys.remote.discovery import Discovery, metadata_urls

from ...support import SettableClock
from .providers import ISSUER, JWKS_URL, Provider

OIDC = f"{ISSUER}/.well-known/openid-configuration"
OAUTH = "https://id.example/.well-known/oauth-authorization-server/tenant"
METADATA = {"issuer": ISSUER, "jwks_uri": JWKS_URL, "token_endpoint": "https://id.example/token"}


def publishing(**documents: Any) -> Provider:
    """Make a provider with metadata in one place or both."""
    provider = Provider()
    places = {"oidc": OIDC, "oauth": OAUTH}
    provider.documents = {places[name]: document for name, document in documents.items()}
    return provider


def discovery(
    provider: Provider,
    kind: DiscoveryKind = "oidc",
    *,
    issuer: str = ISSUER,
    metadata_url: str | None = None,
    allow_http: bool = False,
    lifetimes: Lifetimes | None = None,
    monotonic: SettableClock | None = None,
) -> Discovery:
    """Make a discovery by a clock that stands still."""
    return Discovery(
        issuer,
        fetch=provider,
        kind=kind,
        metadata_url=metadata_url,
        allow_http=allow_http,
        lifetimes=lifetimes,
        monotonic=monotonic or SettableClock(1000),
    )


def fault_of(metadata: Any) -> str:
    """Return why metadata is refused."""
    with pytest.raises(FetchError) as caught:
        discovery(publishing(oidc=metadata)).jwks_uri()
    return str(caught.value).removeprefix("openid-configuration: ")


# Where.


@pytest.mark.parametrize(
    ("issuer", "oidc", "oauth"),
    [
        (
            "https://a.example",
            "https://a.example/.well-known/openid-configuration",
            "https://a.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://a.example/",
            "https://a.example/.well-known/openid-configuration",
            "https://a.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://a.example:8443/b/c",
            "https://a.example:8443/b/c/.well-known/openid-configuration",
            "https://a.example:8443/.well-known/oauth-authorization-server/b/c",
        ),
        (
            "https://a.example/b/",
            "https://a.example/b/.well-known/openid-configuration",
            "https://a.example/.well-known/oauth-authorization-server/b",
        ),
    ],
)
def test_openid_connect_appends_and_rfc_8414_inserts(issuer: str, oidc: str, oauth: str) -> None:
    assert metadata_urls(issuer) == (oidc, oauth)
    assert metadata_urls(issuer, "oidc") == (oidc,)
    assert metadata_urls(issuer, "oauth") == (oauth,)


@pytest.mark.parametrize(
    ("kind", "asked"), [("oidc", [OIDC]), ("oauth", [OAUTH]), ("both", [OIDC])]
)
def test_metadata_is_asked_for_where_it_is_said_to_be(
    kind: DiscoveryKind, asked: list[str]
) -> None:
    provider = publishing(oidc=METADATA, oauth=METADATA)
    assert discovery(provider, kind).jwks_uri() == JWKS_URL
    assert [url for url, _ in provider.asked] == asked


@pytest.mark.parametrize("oidc", [{}, b"<html>", {**METADATA, "issuer": "https://evil.example"}])
def test_of_both_places_the_first_that_is_right_counts(oidc: Any) -> None:
    provider = publishing(oidc=oidc, oauth=METADATA)
    assert discovery(provider, "both").jwks_uri() == JWKS_URL
    assert [url for url, _ in provider.asked] == [OIDC, OAUTH]


def test_metadata_that_is_nowhere_is_an_outage() -> None:
    with pytest.raises(FetchError) as caught:
        discovery(publishing(oidc=b"<html>"), "both").jwks_uri()
    assert str(caught.value) == (
        "openid-configuration: the metadata is not a JSON object; "
        "oauth-authorization-server: fetch raised KeyError"
    )


def test_nothing_is_fetched_before_it_is_needed() -> None:
    provider = publishing(oidc=METADATA)
    discovery(provider)
    assert provider.asked == []


# Whose.


@pytest.mark.parametrize(
    "issuer",
    ["https://id.example/tenant/", "https://id.example/Tenant", "https://ID.example/tenant",
     "https://id.example:443/tenant", "https://id.example/{tenant}", "", None, 1, [ISSUER]],
)  # fmt: skip
def test_metadata_of_another_issuer_is_refused(issuer: Any) -> None:
    fault = fault_of({**METADATA, "issuer": issuer})
    assert fault.startswith("the metadata is of another issuer: iss ")
    assert f'"{ISSUER}"' in fault


def test_metadata_without_an_issuer_is_refused() -> None:
    fault = fault_of({"jwks_uri": JWKS_URL})
    assert fault.startswith("the metadata is of another issuer: iss null came, accepted: ")


def test_metadata_whose_issuer_differs_by_a_slash_shows_both() -> None:
    assert fault_of({**METADATA, "issuer": f"{ISSUER}/"}) == (
        f'the metadata is of another issuer: iss "{ISSUER}/" came, "{ISSUER}" is accepted;'
        " a slash at the end differs"
    )


@pytest.mark.parametrize("jwks_uri", [None, 1, [JWKS_URL], {}])
def test_metadata_without_the_address_of_keys_is_refused(jwks_uri: Any) -> None:
    assert fault_of({**METADATA, "jwks_uri": jwks_uri}) == "the metadata has no jwks_uri"


@pytest.mark.parametrize(
    "jwks_uri",
    ["http://id.example/jwks", "http://127.0.0.1/jwks", "file:///etc/passwd", "/jwks", "",
     "https://me:hunter2@id.example/jwks"],
)  # fmt: skip
def test_keys_must_be_at_a_url_to_fetch(jwks_uri: str) -> None:
    fault = fault_of({**METADATA, "jwks_uri": jwks_uri})
    assert fault.startswith("the jwks_uri ")
    assert "hunter2" not in fault


def test_keys_may_be_on_loopback_where_that_is_allowed() -> None:
    provider = publishing(oidc={**METADATA, "jwks_uri": "http://127.0.0.1:8080/jwks"})
    found = discovery(provider, allow_http=True).jwks_uri()
    assert found == "http://127.0.0.1:8080/jwks"


@pytest.mark.parametrize(
    "octets",
    [b"", b"<html>", b"[]", b"{", b'{"issuer": 1, "issuer": 2}', b"\xff", b'{"a":' * 10_000],
)
def test_metadata_that_is_not_a_strict_json_object_is_refused(octets: bytes) -> None:
    assert fault_of(octets) == "the metadata is not a JSON object"


@pytest.mark.parametrize(
    ("issuer", "fault"),
    [
        ("http://id.example", "the issuer is not https"),
        ("id.example", "the issuer is not https"),
        ("https://me:hunter2@id.example", "the issuer holds a user name"),
        ("https://id.example/?a=1", "the issuer has a query"),
        ("https://id.example/#a", "the issuer has a fragment"),
    ],
)
def test_an_issuer_that_is_not_a_url_to_fetch_from_is_refused(issuer: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as caught:
        discovery(Provider(), issuer=issuer)
    assert "hunter2" not in str(caught.value)


POLICY_URL = "https://id.example/notes/sign-in/v2.0/.well-known/openid-configuration?p=a"


@pytest.mark.parametrize("issuer", [ISSUER, "urn:example:issuer", "https://id.example/?a=1"])
def test_metadata_may_be_elsewhere(issuer: str) -> None:
    provider = publishing()
    provider.documents[POLICY_URL] = {**METADATA, "issuer": issuer}
    made = discovery(provider, issuer=issuer, metadata_url=POLICY_URL)
    assert made.jwks_uri() == JWKS_URL
    assert provider.asked == [(POLICY_URL, None)]


@pytest.mark.parametrize(
    ("url", "name"), [(POLICY_URL, "openid-configuration"), ("https://id.example/x", "metadata")]
)
def test_metadata_from_elsewhere_must_name_the_issuer(url: str, name: str) -> None:
    provider = publishing()
    provider.documents[url] = {**METADATA, "issuer": "https://evil.example"}
    with pytest.raises(FetchError) as caught:
        discovery(provider, metadata_url=url).jwks_uri()
    assert str(caught.value).startswith(f"{name}: the metadata is of another issuer: iss ")


def test_the_metadata_url_is_a_url_to_fetch_from() -> None:
    with pytest.raises(ValueError, match="the metadata_url is not https"):
        discovery(Provider(), metadata_url="http://id.example")


def test_an_issuer_may_be_on_loopback_where_that_is_allowed() -> None:
    made = discovery(Provider(), issuer="http://localhost:8080", allow_http=True)
    assert made.issuer == "http://localhost:8080"


def test_another_kind_of_discovery_is_refused() -> None:
    with pytest.raises(ValueError, match="discovery is 'saml', not one of oidc, oauth, both"):
        discovery(Provider(), "saml")  # type: ignore[arg-type] # to be refused


# How long.


def test_metadata_is_remembered_while_it_is_fresh() -> None:
    provider, monotonic = publishing(oidc=METADATA), SettableClock(1000)
    found = discovery(provider, monotonic=monotonic)
    found.jwks_uri()
    monotonic.now += 599
    found.jwks_uri()
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    ("max_age", "lifetime"), [(600, 600), (None, 300), (0, 60), (10**9, 86_400)]
)
def test_metadata_is_fresh_within_bounds(max_age: int | None, lifetime: int) -> None:
    provider, monotonic = publishing(oidc=METADATA), SettableClock(1000)
    provider.max_age = max_age
    found = discovery(provider, monotonic=monotonic)
    found.jwks_uri()
    monotonic.now += lifetime - 1
    found.jwks_uri()
    assert len(provider.asked) == 1
    monotonic.now += 1
    found.jwks_uri()
    assert len(provider.asked) == 2


def test_metadata_that_has_not_changed_is_not_sent_again() -> None:
    provider, monotonic = publishing(oidc=METADATA), SettableClock(1000)
    provider.etag = '"m1"'
    found = discovery(provider, monotonic=monotonic)
    found.jwks_uri()
    monotonic.now += 600
    assert found.jwks_uri() == JWKS_URL
    assert provider.asked == [(OIDC, None), (OIDC, '"m1"')]


def test_an_etag_is_never_sent_to_another_metadata_address() -> None:
    provider, monotonic = publishing(oauth=METADATA), SettableClock(1000)
    provider.etag = '"m1"'
    found = discovery(provider, "both", monotonic=monotonic)
    found.jwks_uri()
    monotonic.now += 600
    assert found.jwks_uri() == JWKS_URL
    assert provider.asked[2:] == [(OIDC, None), (OAUTH, '"m1"')]


def test_stale_metadata_serves_while_the_provider_is_down() -> None:
    provider, monotonic = publishing(oidc=METADATA), SettableClock(1000)
    found = discovery(provider, monotonic=monotonic, lifetimes=Lifetimes(stale=3600))
    found.jwks_uri()
    provider.error = FetchError("down")
    monotonic.now += 600 + 3599
    assert found.jwks_uri() == JWKS_URL
    monotonic.now += 1
    with pytest.raises(FetchError, match="down"):
        found.jwks_uri()


def test_metadata_that_has_expired_is_read_anew() -> None:
    provider = publishing(oidc=METADATA)
    found = discovery(provider)
    found.jwks_uri()
    provider.documents[OIDC] = {**METADATA, "jwks_uri": "https://id.example/moved"}
    found.expire()
    assert found.jwks_uri() == "https://id.example/moved"


def test_an_answer_of_304_that_was_not_asked_for_is_refused() -> None:
    found = Discovery(ISSUER, fetch=lambda *_: Fetched(b"", 304), kind="oidc")
    with pytest.raises(FetchError, match="304, which was not asked for"):
        found.jwks_uri()


def test_a_version_without_a_name_cannot_be_unchanged() -> None:
    answers = [Fetched(json.dumps(METADATA).encode()), Fetched(b"", 304)]
    found = Discovery(ISSUER, fetch=lambda *_: answers.pop(0), kind="oidc")
    found.jwks_uri()
    with pytest.raises(FetchError, match="304"):
        found._metadata.refresh(OIDC)
