"""`flask tokenguard doctor`: faults of other issuers' keys, seen before a token comes."""

import json
import threading
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.cli.doctor import key_sets
from flask_tokenguard.fetching import Fetched, FetchError
from flask_tokenguard.jose.material import PrivateKey

from ..conftest import MakeApp
from ..fetching.servers import KeyServer, answering, head
from ..keys.remote.providers import ISSUER, JWKS_URL, Provider, jwk_of

ABOUT = f"TOKENGUARD_ISSUERS['{ISSUER}']"
OIDC = f"{ISSUER}/.well-known/openid-configuration"
ENTRY = {"audience": "a", "algorithms": ["ES256"]}


@pytest.fixture
def provider(private_keys: dict[str, PrivateKey]) -> Provider:
    """An issuer whose metadata and keys are as they should be."""
    provider = Provider(jwk_of(private_keys["ES256"]))
    provider.documents[OIDC] = {"issuer": ISSUER, "jwks_uri": JWKS_URL}
    return provider


def findings(app: Flask) -> list[dict[str, str]]:
    """Read what the doctor finds about issuers, but not about what they are allowed."""
    rows = json.loads(app.test_cli_runner().invoke(tokenguard, ["doctor", "--json"]).stdout)
    return [row for row in rows if row["why"].startswith("Its keys ")]


def fault_of(app: Flask) -> str:
    """Read the one reason for which keys cannot be fetched."""
    (found,) = findings(app)
    assert found["level"] == "warning"
    return found["why"].removeprefix("Its keys cannot be fetched: ")


def make(make_app: MakeApp, fetch: Any, entry: dict[str, Any] | None = None) -> Flask:
    issuers = {ISSUER: ENTRY | (entry or {"discovery": "oidc"})}
    return make_app(TokenGuard(fetch=fetch), ISSUERS=issuers)


def test_an_issuer_whose_keys_come_is_no_risk(make_app: MakeApp, provider: Provider) -> None:
    assert findings(make(make_app, provider)) == []
    assert [url for url, _ in provider.asked] == [OIDC, JWKS_URL]


def test_nothing_is_fetched_for_keys_in_the_config(
    make_app: MakeApp, provider: Provider, public_pems: dict[str, str]
) -> None:
    assert findings(make(make_app, provider, {"keys": public_pems["ES256"]})) == []
    assert provider.asked == []


def test_an_issuer_that_is_away_is_found(make_app: MakeApp, provider: Provider) -> None:
    provider.error = FetchError("the connection failed: ConnectionRefusedError")
    (found,) = findings(make(make_app, provider))
    assert found == {
        "level": "warning",
        "code": "issuer_without_keys",
        "about": ABOUT,
        "why": "Its keys cannot be fetched: openid-configuration:"
        " the connection failed: ConnectionRefusedError.",
        "do": f"Compare the entry with what `curl -i {OIDC}` prints on this machine.",
    }


def test_an_address_without_keys_is_found(make_app: MakeApp) -> None:
    with KeyServer(answering(head(status="404 Not Found", size=0))) as server:
        entry = {"audience": "a", "jwks_url": server.url()}
        app = make_app(ISSUERS={ISSUER: entry}, ALLOW_INSECURE_HTTP=True)
        assert fault_of(app) == "the answer has the status 404."


@pytest.mark.parametrize(
    ("issuer", "fault"),
    [
        ("https://other.example", f'"https://other.example" came, accepted: "{ISSUER}".'),
        (f"{ISSUER}/", f'"{ISSUER}/" came, "{ISSUER}" is accepted; a slash at the end differs.'),
    ],
)
def test_metadata_of_another_issuer_is_found(
    make_app: MakeApp, provider: Provider, issuer: str, fault: str
) -> None:
    provider.documents[OIDC]["issuer"] = issuer
    found = fault_of(make(make_app, provider))
    assert found == f"openid-configuration: the metadata is of another issuer: iss {fault}"


def test_a_set_without_a_key_to_use_is_found(
    make_app: MakeApp, provider: Provider, private_keys: dict[str, PrivateKey]
) -> None:
    provider.publish(jwk_of(private_keys["EdDSA"], "okp"), {"kty": "LMS", "kid": "ml"})
    assert fault_of(make(make_app, provider)) == (
        'Its keys were fetched, and none of its 2 keys can be used: kid "okp" is for "EdDSA", not'
        ' among the issuer\'s algorithms, ES256; kid "ml" has a kty other than oct, RSA, EC, OKP,'
        " AKP."
    )


def test_the_address_of_metadata_is_shown_where_one_is_named(
    make_app: MakeApp, provider: Provider
) -> None:
    url = "https://id.example/policy/openid-configuration"
    provider.error = FetchError("it is away")
    (found,) = findings(make(make_app, provider, {"metadata_url": f"{url}?p=a"}))
    assert f"`curl -i {url}`" in found["do"]


def test_a_reason_of_another_library_ends_in_one_dot(make_app: MakeApp, provider: Provider) -> None:
    provider.error = FetchError("IP address mismatch.")
    assert fault_of(make(make_app, provider)) == "openid-configuration: IP address mismatch."


def test_a_set_that_is_none_is_found(make_app: MakeApp, provider: Provider) -> None:
    provider.documents[JWKS_URL] = b"<html>"
    assert fault_of(make(make_app, provider)) == "the key set is not a JSON object."


def test_a_fault_of_the_apps_own_fetch_is_found(make_app: MakeApp) -> None:
    def fetch(*_: object) -> Fetched:
        raise RuntimeError("hush")

    assert fault_of(make(make_app, fetch)) == "openid-configuration: fetch raised RuntimeError."


def test_an_answer_that_nobody_foresaw_is_a_fault(make_app: MakeApp, provider: Provider) -> None:
    def fetch(url: str, etag: str | None) -> Any:
        return None if url == JWKS_URL else provider(url, etag)

    assert fault_of(make(make_app, fetch)) == "AttributeError."


def test_the_doctor_waits_for_all_issuers_together(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_sets, "LONGEST", 0.05)
    go_on = threading.Event()

    def fetch(*_: object) -> Fetched:
        go_on.wait(30)
        raise FetchError

    names = [f"https://{number}.example" for number in range(20)]
    app = make_app(TokenGuard(fetch=fetch), ISSUERS=dict.fromkeys(names, ENTRY))
    found = findings(app)
    go_on.set()
    assert [row["about"] for row in found] == [f"TOKENGUARD_ISSUERS['{name}']" for name in names]
    assert {row["why"] for row in found} == {
        "Its keys cannot be fetched: no answer was complete after 0.05 s."
    }


def test_one_issuer_that_is_away_is_not_held_against_others(
    make_app: MakeApp, provider: Provider
) -> None:
    entries = {ISSUER: {**ENTRY, "discovery": "oidc"}, "https://away.example": ENTRY}
    (found,) = findings(make_app(TokenGuard(fetch=provider), ISSUERS=entries))
    assert found["about"] == "TOKENGUARD_ISSUERS['https://away.example']"


def test_a_query_of_an_address_is_not_printed(make_app: MakeApp, provider: Provider) -> None:
    provider.error = FetchError("no")
    (found,) = findings(make(make_app, provider, {"jwks_url": f"{JWKS_URL}?key=hush"}))
    assert found["do"].startswith(f"Compare the entry with what `curl -i {JWKS_URL}` prints")
