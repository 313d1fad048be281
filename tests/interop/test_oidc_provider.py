"""An API accepts the tokens of a certified provider, while that turns its keys and is away."""

from collections.abc import Iterator
from typing import Any

import pytest

from ..support import bearer, challenge_of
from .api import AUDIENCE, Api
from .conftest import Scripts
from .provider import ANOTHER_RESOURCE, CLIENT, Provider, running_provider


@pytest.fixture(scope="module")
def provider(scripts: Scripts) -> Iterator[Provider]:
    """A provider whose keys stay as they are."""
    with running_provider(scripts) as provider:
        yield provider


@pytest.fixture
def own_provider(scripts: Scripts, request: pytest.FixtureRequest) -> Iterator[Provider]:
    """A provider that one test has to itself."""
    with running_provider(scripts, getattr(request, "param", "ES256")) as provider:
        yield provider


@pytest.mark.parametrize("own_provider", ["RS256", "ES256", "EdDSA"], indirect=True)
def test_a_token_of_the_provider_is_accepted(own_provider: Provider) -> None:
    answer = Api(own_provider.issuer).get(own_provider.access_token())
    assert answer.status_code == 200
    claims = answer.get_json()
    assert (claims["iss"], claims["aud"]) == (own_provider.issuer, AUDIENCE)


@pytest.mark.parametrize("discovery", [True, "oidc", "oauth"])
def test_either_way_of_discovery_finds_the_keys(provider: Provider, discovery: Any) -> None:
    api = Api(provider.issuer, discovery=discovery)
    assert api.get(provider.access_token()).status_code == 200


def test_the_address_of_the_keys_will_do(provider: Provider) -> None:
    api = Api(provider.issuer, jwks_url=f"{provider.issuer}/jwks")
    assert api.get(provider.access_token()).status_code == 200


@pytest.mark.parametrize(
    ("grant", "subject"),
    [("client_credentials", CLIENT["id"]), ("authorization_code", "alice")],
)
def test_a_token_of_either_grant_names_its_subject(
    provider: Provider, grant: str, subject: str
) -> None:
    answer = Api(provider.issuer).get(provider.tokens(grant)["access_token"])
    assert answer.get_json()["sub"] == subject


def test_the_providers_scopes_decide_what_a_token_may_do(provider: Provider) -> None:
    client = Api(provider.issuer).app.test_client()
    headers = bearer(provider.tokens()["access_token"])
    assert client.get("/notes", headers=headers).get_json() == {"notes of": "alice"}
    refusal = client.delete("/notes", headers=headers)
    assert refusal.status_code == 403
    assert 'scope="notes:write"' in challenge_of(refusal)


def test_a_token_for_another_resource_is_refused(provider: Provider) -> None:
    refusal = Api(provider.issuer).get(provider.access_token(ANOTHER_RESOURCE))
    assert refusal.status_code == 401
    assert 'error="invalid_token"' in challenge_of(refusal)


def test_an_id_token_is_refused_for_a_client_that_is_an_audience(provider: Provider) -> None:
    api = Api(provider.issuer, audience=[AUDIENCE, CLIENT["id"]])
    tokens = provider.tokens()
    assert api.get(tokens["access_token"]).status_code == 200
    refusal = api.get(tokens["id_token"])
    assert refusal.status_code == 401
    assert 'error="invalid_token"' in challenge_of(refusal)


def test_an_id_token_is_refused_by_its_audience_without_types(
    provider: Provider,
) -> None:
    api = Api(provider.issuer, profile="oidc-access")
    tokens = provider.tokens()
    assert api.get(tokens["access_token"]).status_code == 200
    assert api.get(tokens["id_token"]).status_code == 401


def test_a_token_of_another_provider_is_refused(provider: Provider, own_provider: Provider) -> None:
    assert Api(provider.issuer).get(own_provider.access_token()).status_code == 401


def test_a_key_that_signs_at_once_refuses_no_good_token(own_provider: Provider) -> None:
    api = Api(own_provider.issuer)
    old = own_provider.access_token()
    before = api.statuses([old])
    own_provider.tell("rotate")
    after = api.statuses([old, own_provider.access_token()])
    assert before | after == {200}
    assert own_provider.fetches() == 2


def test_a_key_that_was_published_ahead_costs_no_fetch(own_provider: Provider) -> None:
    api = Api(own_provider.issuer)
    old = own_provider.access_token()
    own_provider.tell("publish")
    before = api.statuses([old])
    own_provider.tell("sign")
    after = api.statuses([old, own_provider.access_token()])
    assert before | after == {200}
    assert own_provider.fetches() == 1


def test_a_key_that_was_removed_verifies_no_longer(own_provider: Provider) -> None:
    api = Api(own_provider.issuer)
    old = own_provider.access_token()
    assert api.get(old).status_code == 200
    own_provider.tell("rotate")
    own_provider.tell("retire")
    assert api.get(own_provider.access_token()).status_code == 200
    assert api.get(old).status_code == 401


def test_known_keys_go_on_while_the_provider_is_away(own_provider: Provider) -> None:
    api = Api(own_provider.issuer)
    first, second = own_provider.access_token(), own_provider.access_token()
    assert api.get(first).status_code == 200
    own_provider.stop()
    assert api.statuses([first, second]) == {200}


def test_without_any_keys_nobody_is_blamed(own_provider: Provider) -> None:
    token = own_provider.access_token()
    own_provider.stop()
    answer = Api(own_provider.issuer).get(token)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "WWW-Authenticate" not in answer.headers
