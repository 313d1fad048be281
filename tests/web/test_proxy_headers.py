"""Tokens in a header of their own, where a proxy puts those that it signed."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import ConfigurationError, TokenGuard, current_token, issue_token
from flask_tokenguard import token_required as demand
from flask_tokenguard.fetching import Fetched
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.testing import assert_challenge

from ..conftest import MakeApp
from ..support import bearer
from .conftest import ID, OTHER, Issue
from .support import BAD, MALFORMED, refusal_of

PROXY = "Cf-Access-Jwt-Assertion"
BOTH = {"subject": "alice", "where": "header"}
FROM_PROXY = {"subject": "alice", "where": PROXY}


def with_views(app: Flask) -> FlaskClient:
    @app.route("/where", methods=["GET", "POST"])
    @demand
    def where() -> Any:
        assert current_token.claims is not None
        return {"subject": current_token.claims.subject, "where": current_token.location}

    return app.test_client()


@pytest.fixture
def client(make_app: MakeApp, entries: dict[str, Any]) -> FlaskClient:
    """A client of an app whose first issuer is a proxy."""
    entries[ID]["header"] = PROXY
    return with_views(make_app(ISSUERS=entries, ISSUER="us"))


def token_of(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def signed(issue: Issue) -> str:
    """What the proxy signs for alice."""
    return token_of(issue(ID))


@pytest.mark.parametrize("name", [PROXY, PROXY.lower(), PROXY.upper()])
@pytest.mark.parametrize("text", ["{}", " {}", "{}\t"])
def test_a_proxy_sends_its_token_in_its_header(
    client: FlaskClient, signed: str, name: str, text: str
) -> None:
    for _ in range(2):
        answer = client.get("/where", headers={name: text.format(signed)})
        assert answer.get_json() == FROM_PROXY


def test_an_answer_to_a_proxys_token_is_private(client: FlaskClient, signed: str) -> None:
    headers = client.get("/where", headers={PROXY: signed}).headers
    assert (headers["Cache-Control"], headers["Vary"]) == ("private", PROXY)


def test_a_bearer_token_goes_first(client: FlaskClient, issue: Issue, signed: str) -> None:
    headers = issue(OTHER, sub="bob") | {PROXY: signed}
    answer = client.get("/where", headers=headers)
    assert answer.get_json() == {"subject": "bob", "where": "header"}


@pytest.mark.parametrize("authorization", ["Bearer x.y.z", "Bearer", "Bearer a, Bearer b"])
def test_a_bad_bearer_token_is_not_made_good(
    client: FlaskClient, signed: str, authorization: str
) -> None:
    answer = client.get("/where", headers={"Authorization": authorization, PROXY: signed})
    assert refusal_of(answer) in (BAD, MALFORMED)


@pytest.mark.parametrize("authorization", ["Basic YTpi", ""])
def test_another_scheme_leaves_the_place_to_the_proxy(
    client: FlaskClient, signed: str, authorization: str
) -> None:
    answer = client.get("/where", headers={"Authorization": authorization, PROXY: signed})
    assert answer.get_json() == FROM_PROXY


def test_only_the_proxys_tokens_may_be_in_its_header(client: FlaskClient, issue: Issue) -> None:
    with client.application.app_context():
        own = issue_token("alice")
    for token in (own, token_of(issue(OTHER))):
        assert client.get("/where", headers=bearer(token)).get_json() == BOTH
        for _ in range(2):
            answer = client.get("/where", headers={PROXY: token})
            assert_challenge(answer, error="invalid_token")
            description = answer.get_json()["error_description"]
            assert description == "The token is from another issuer (iss)"


def test_its_token_is_good_as_a_bearer_token_too(client: FlaskClient, signed: str) -> None:
    assert client.get("/where", headers=bearer(signed)).get_json() == BOTH


@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_an_empty_header_is_no_token(client: FlaskClient, text: str) -> None:
    assert_challenge(client.get("/where", headers={PROXY: text}))


@pytest.mark.parametrize("text", ["{0}, {0}", "{0},", ", {0}"])
def test_a_header_that_came_twice_is_refused(client: FlaskClient, signed: str, text: str) -> None:
    assert_challenge(
        client.get("/where", headers={PROXY: text.format(signed)}), error="invalid_request"
    )


@pytest.mark.parametrize("text", ["x", "Bearer {}", "{}=", "{} {}", "\xff"])
def test_what_is_no_token_is_refused(client: FlaskClient, signed: str, text: str) -> None:
    headers = {PROXY: text.format(signed, signed)}
    assert_challenge(client.get("/where", headers=headers), error="invalid_token")


@pytest.mark.parametrize(
    "location", [{"query_string": {"access_token": "a"}}, {"data": {"access_token": "a"}}], ids=str
)
def test_a_token_in_another_place_beside_it_is_refused(
    make_app: MakeApp, entries: dict[str, Any], signed: str, location: dict[str, Any]
) -> None:
    entries[ID]["header"] = PROXY
    app = make_app(ISSUERS=entries, ISSUER="us", TOKEN_LOCATIONS=["header", "query", "form"])
    answer = with_views(app).post("/where", headers={PROXY: signed}, **location)
    assert_challenge(answer, error="invalid_request")


def test_an_app_that_reads_no_header_reads_the_proxys(
    make_app: MakeApp, entries: dict[str, Any], issue: Issue, signed: str
) -> None:
    entries[ID]["header"] = PROXY
    client = with_views(make_app(ISSUERS=entries, ISSUER="us", TOKEN_LOCATIONS="form"))
    answer = client.get("/where", headers=issue(OTHER, sub="bob") | {PROXY: signed})
    assert answer.get_json() == FROM_PROXY


def test_issuers_may_share_a_header(
    make_app: MakeApp, entries: dict[str, Any], issue: Issue
) -> None:
    entries[ID]["header"], entries[OTHER]["header"] = PROXY, PROXY.lower()
    client = with_views(make_app(ISSUERS=entries, ISSUER="us"))
    for issuer in (ID, OTHER):
        answer = client.get("/where", headers={PROXY: token_of(issue(issuer))})
        assert answer.get_json() == FROM_PROXY


def test_two_proxies_at_once_are_refused(
    make_app: MakeApp, entries: dict[str, Any], issue: Issue, signed: str
) -> None:
    entries[ID]["header"], entries[OTHER]["header"] = PROXY, "X-Goog-IAP-JWT-Assertion"
    client = with_views(make_app(ISSUERS=entries, ISSUER="us"))
    headers = {PROXY: signed, "X-Goog-IAP-JWT-Assertion": token_of(issue(OTHER))}
    assert_challenge(client.get("/where", headers=headers), error="invalid_request")


def test_a_header_that_no_entry_names_is_not_read(
    make_app: MakeApp, entries: dict[str, Any], signed: str
) -> None:
    client = with_views(make_app(ISSUERS=entries, ISSUER="us"))
    assert_challenge(client.get("/where", headers={PROXY: signed}))


@pytest.mark.parametrize(
    "name", ["", 7, "Authorization", "cookie", "X_Token", "X-Token:", "X Token", "é", "-X"]
)
def test_a_header_is_one_of_the_proxys_own(name: Any) -> None:
    app = Flask(__name__)
    app.config["TOKENGUARD_ISSUERS"] = {ID: {"audience": "a", "header": name}}
    with pytest.raises(ConfigurationError, match=r"\.header (must be|is a number)"):
        TokenGuard(app)


def test_a_resolvers_entry_has_no_header(
    keys: dict[str, Key], issue: Issue, caplog: pytest.LogCaptureFixture
) -> None:
    def fetch(_url: str, _etag: str | None) -> Fetched:
        return Fetched(json.dumps({"keys": [keys[ID].public_jwk()]}).encode())

    entry = {"audience": "notes-api", "header": PROXY, "jwks_url": "https://id.example/keys"}
    app = Flask(__name__)
    TokenGuard(app, issuer_resolver=lambda _: entry, fetch=fetch)
    assert with_views(app).get("/where", headers=issue(ID)).status_code == 503
    assert "alone may have entries with a header" in caplog.text
