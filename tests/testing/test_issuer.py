"""The issuer of the kit: an app trusts it over loopback as it does a provider."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from flask import Flask, g
from flask.testing import FlaskClient

from flask_tokenguard import ConfigurationError, TokenGuard, token_required
from flask_tokenguard.config.profiles import PROFILES
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.testing import LoopbackIssuer, assert_challenge

from ..support import bearer


@pytest.fixture
def issuer() -> Iterator[LoopbackIssuer]:
    with LoopbackIssuer(audience="notes") as issuer:
        yield issuer


def trusting(issuer: LoopbackIssuer) -> FlaskClient:
    """Make a client of an app that trusts an issuer."""
    app = Flask(__name__)
    app.config.update(issuer.settings)
    TokenGuard(app)
    app.add_url_rule("/", "open", token_required(lambda: dict(g.claims)))
    app.add_url_rule("/read", "read", token_required(scope="a b")(lambda: g.claims["sub"]))
    app.add_url_rule("/admin", "admin", token_required(role="admin")(lambda: g.claims["sub"]))
    return app.test_client()


def status(client: FlaskClient, token: str, path: str = "/") -> int:
    return client.get(path, headers=bearer(token)).status_code


@pytest.mark.parametrize("profile", PROFILES)
def test_an_app_accepts_a_token_of_each_profile(profile: str) -> None:
    with LoopbackIssuer(profile, audience="notes") as issuer:
        client = trusting(issuer)
        assert status(client, issuer.token("ada")) == 200
        others = issuer.token(claims={PROFILES[profile].audience_claim: "files"})
        assert_challenge(client.get("/", headers=bearer(others)), error="invalid_token")


@pytest.mark.parametrize("profile", [name for name in PROFILES if PROFILES[name].scope_claims])
def test_scopes_stand_where_the_profile_has_them(profile: str) -> None:
    with LoopbackIssuer(profile) as issuer:
        client = trusting(issuer)
        tokens = [issuer.token(scope=scope) for scope in ("a b", ["b", "a"], "a")]
        assert [status(client, token, "/read") for token in tokens] == [200, 200, 403]


@pytest.mark.parametrize("profile", [name for name in PROFILES if PROFILES[name].roles_claim])
def test_roles_stand_where_the_profile_has_them(profile: str) -> None:
    with LoopbackIssuer(profile) as issuer:
        client = trusting(issuer)
        tokens = [issuer.token(roles=[role]) for role in ("admin", "guest")]
        assert [status(client, token, "/admin") for token in tokens] == [200, 403]


@pytest.mark.parametrize("argument", ["scope", "roles"])
def test_a_profile_without_a_place_for_it_is_named(argument: str) -> None:
    with (
        LoopbackIssuer("google") as issuer,
        pytest.raises(ValueError, match=f"google has no usual claim for {argument}="),
    ):
        issuer.token(**{argument: ["a"]})  # type: ignore[arg-type] # either of the two


def test_a_token_has_the_claims_and_header_that_a_test_wants(issuer: LoopbackIssuer) -> None:
    client = trusting(issuer)
    token = issuer.token("ada", claims={"plan": "paid", "jti": "1"}, lifetime=timedelta(minutes=1))
    claims: Any = client.get("/", headers=bearer(token)).get_json()
    assert (claims["sub"], claims["plan"], claims["jti"]) == ("ada", "paid", "1")
    assert claims["exp"] - claims["iat"] == 60
    broken = [
        issuer.token(claims={"client_id": None}),
        issuer.token(header={"typ": "JWT"}),
        issuer.token(lifetime=-1),
    ]
    assert [status(client, token) for token in broken] == [401, 401, 401]


def test_a_new_key_is_fetched_once_and_the_old_one_stays(issuer: LoopbackIssuer) -> None:
    client, old = trusting(issuer), issuer.token()
    assert status(client, old) == 200
    issuer.rotate()
    assert [status(client, token) for token in (issuer.token(), old)] == [200, 200]
    assert issuer.requests.count("/jwks") == 2


def test_a_key_that_was_never_published_is_refused(
    issuer: LoopbackIssuer, private_keys: dict[str, PrivateKey]
) -> None:
    assert status(trusting(issuer), issuer.token(key=Key(private_keys["EdDSA"]))) == 401


def test_an_outage_is_answered_by_the_app_with_503(issuer: LoopbackIssuer) -> None:
    client = trusting(issuer)
    with issuer.outage():
        assert status(client, issuer.token()) == 503
    assert status(trusting(issuer), issuer.token()) == 200


def test_only_metadata_and_keys_are_there(issuer: LoopbackIssuer) -> None:
    answers = [
        requests.get(f"{issuer.url}{path}", timeout=10)
        for path in (".well-known/openid-configuration", "jwks", "token")
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404]
    assert answers[0].json() == {"issuer": issuer.url, "jwks_uri": issuer.jwks_url}
    assert "d" not in json.loads(answers[1].text)["keys"][0]


@pytest.mark.parametrize(
    ("profile", "algorithm", "message"),
    [("keyclock", None, "keycloak"), ("entra", "ES256", "entra takes RS256, not ES256")],
)
def test_a_wrong_profile_or_algorithm_is_named(
    profile: str, algorithm: str | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        LoopbackIssuer(profile, algorithm=algorithm)


def test_its_settings_are_those_of_an_app_in_testing_mode(issuer: LoopbackIssuer) -> None:
    assert trusting(issuer).application.testing


def test_an_app_that_does_not_allow_http_refuses_it(issuer: LoopbackIssuer) -> None:
    app = Flask(__name__)
    app.config["TOKENGUARD_ISSUERS"] = {issuer.url: issuer.entry}
    with pytest.raises(ConfigurationError, match="takes TOKENGUARD_ALLOW_INSECURE_HTTP"):
        TokenGuard(app)
