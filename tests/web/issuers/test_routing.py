"""Tokens of other issuers: whose token is whose."""

import time
from secrets import token_urlsafe
from typing import Any

import pytest
from flask.testing import FlaskClient

from flask_tokenguard import (
    ConfigurationError,
    TokenGuard,
    issue_token,
)
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.testing import assert_challenge

from ...conftest import MakeApp
from ...jose.tokens import signed
from ...support import bearer
from ..conftest import ID, OTHER, Issue
from .support import guarded


@pytest.mark.parametrize("issuer", [ID, OTHER])
def test_each_issuers_token_is_accepted(client: FlaskClient, issue: Issue, issuer: str) -> None:
    answer = client.get("/claims", headers=issue(issuer))
    assert (answer.status_code, answer.get_json()["iss"]) == (200, issuer)


@pytest.mark.parametrize(("issuer", "signer"), [(ID, OTHER), (OTHER, ID)])
def test_a_key_of_one_issuer_verifies_no_token_of_another(
    client: FlaskClient, issue: Issue, keys: dict[str, Key], issuer: str, signer: str
) -> None:
    assert_challenge(
        client.get("/claims", headers=issue(issuer, key=keys[signer])), error="invalid_token"
    )


@pytest.mark.parametrize(
    "issuer", ["https://evil.example", "https://id.example", ID.upper(), "", " ", 7, ["a"], {}]
)
def test_an_issuer_that_is_not_in_the_table_is_refused(
    client: FlaskClient, issue: Issue, keys: dict[str, Key], issuer: Any
) -> None:
    headers = issue(ID, key=keys[ID], iss=issuer)
    assert_challenge(client.get("/claims", headers=headers), error="invalid_token")


def test_a_token_without_issuer_is_nobodys(client: FlaskClient, issue: Issue) -> None:
    answer = client.get("/claims", headers=issue(ID, iss=None))
    assert_challenge(answer, error="invalid_token")
    assert answer.get_json()["error_description"] == "The token names no issuer (iss)"


def test_a_token_without_issuer_may_be_ours(
    make_app: MakeApp, entries: dict[str, Any], issue: Issue
) -> None:
    answer = make_app(ISSUERS=entries).test_client().get("/claims", headers=issue(ID, iss=None))
    description = answer.get_json()["error_description"]
    assert description == "No key is known for the token's kid and alg"


@pytest.mark.parametrize("audience", ["files-api", ["files-api"], None, "", 7, "notes-api "])
def test_a_token_for_somebody_else_is_refused(
    client: FlaskClient, issue: Issue, audience: Any
) -> None:
    assert_challenge(client.get("/claims", headers=issue(ID, aud=audience)), error="invalid_token")


def test_one_of_several_audiences_will_do(client: FlaskClient, issue: Issue) -> None:
    assert client.get("/claims", headers=issue(OTHER, aud=["x", "files"])).status_code == 200


def test_any_audience_will_do_where_that_is_said(entries: dict[str, Any], issue: Issue) -> None:
    entries[ID]["audience"] = False
    client = guarded(TokenGuard(), ISSUERS=entries).test_client()
    assert client.get("/claims", headers=issue(ID, aud="anybody")).status_code == 200


@pytest.mark.parametrize("claim", ["sub", "client_id", "jti", "iat", "exp"])
def test_the_profile_of_rfc_9068_wants_its_claims(
    client: FlaskClient, issue: Issue, claim: str
) -> None:
    assert_challenge(
        client.get("/claims", headers=issue(ID, **{claim: None})), error="invalid_token"
    )


@pytest.mark.parametrize("typ", ["JWT", None, "rt+jwt", "application/jwt"])
def test_the_profile_of_rfc_9068_wants_its_type(
    client: FlaskClient, issue: Issue, typ: str | None
) -> None:
    assert_challenge(client.get("/claims", headers=issue(ID, typ=typ)), error="invalid_token")


@pytest.mark.parametrize("typ", ["JWT", None, "application/at+jwt"])
def test_a_profile_may_take_other_types(client: FlaskClient, issue: Issue, typ: str | None) -> None:
    headers = issue(OTHER, typ=typ, jti=None, client_id=None, sub=None, iat=None)
    assert client.get("/claims", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("types", "typ", "status"),
    [
        (["JWT", None], None, 200),
        (["JWT", None], "jwt", 200),
        ([None], None, 200),
        ([None], "JWT", 401),
        ("JWT", None, 401),
    ],
)
def test_an_entry_may_say_the_types(
    entries: dict[str, Any], issue: Issue, types: Any, typ: str | None, status: int
) -> None:
    entries[ID]["types"] = types
    client = guarded(TokenGuard(), ISSUERS=entries).test_client()
    assert client.get("/claims", headers=issue(ID, typ=typ)).status_code == status


@pytest.mark.parametrize("claim", ["nonce", "at_hash", "c_hash"])
@pytest.mark.parametrize("typ", ["JWT", None, "at+jwt"])
def test_an_id_token_is_no_access_token(
    client: FlaskClient, issue: Issue, typ: str | None, claim: str
) -> None:
    answer = client.get("/claims", headers=issue(OTHER, typ=typ, **{claim: "x"}))
    assert_challenge(answer, error="invalid_token")
    assert f"(claim {claim})" in answer.get_json()["error_description"]


def test_a_refused_nonce_names_the_profile_for_keycloak(client: FlaskClient, issue: Issue) -> None:
    answer = client.get("/claims", headers=issue(OTHER, typ="JWT", nonce="x"))
    assert answer.get_json()["error_description"] == (
        "The token is of another kind (claim nonce); for access tokens of Keycloak use the profile"
        " keycloak"
    )


def test_keycloaks_access_token_may_have_a_nonce(
    entries: dict[str, Any], keys: dict[str, Key]
) -> None:
    entries[ID]["profile"] = "keycloak"
    client = guarded(TokenGuard(), ISSUERS=entries).test_client()
    key, now = keys[ID], int(time.time())
    claims = {"iss": ID, "aud": "notes-api", "exp": now + 60, "typ": "Bearer", "nonce": "x"}
    token = signed(key, claims, {"alg": key.alg, "kid": key.kid, "typ": "JWT"})
    assert client.get("/claims", headers=bearer(token)).status_code == 200


@pytest.mark.parametrize(
    ("claims", "status"),
    [({}, 401), ({"scope": None}, 401), ({"scope": "", "azp": ""}, 200), ({"scope": "a"}, 401)],
)
def test_an_entry_requires_claims(
    entries: dict[str, Any], issue: Issue, claims: dict[str, Any], status: int
) -> None:
    entries[OTHER]["requires"] = ["scope", "azp"]
    client = guarded(TokenGuard(), ISSUERS=entries).test_client()
    assert client.get("/claims", headers=issue(OTHER, **claims)).status_code == status


@pytest.mark.parametrize("issuer", [ID, OTHER])
@pytest.mark.parametrize("value", ["x", False, [], ""])
def test_an_entry_forbids_claims(
    entries: dict[str, Any], issue: Issue, issuer: str, value: object
) -> None:
    entries[issuer]["forbids"] = ["act", "email"]
    client = guarded(TokenGuard(), ISSUERS=entries).test_client()
    answer = client.get("/claims", headers=issue(issuer, email=value))
    assert_challenge(answer, error="invalid_token")
    assert answer.get_json()["error_description"] == "The token is of another kind (claim email)"
    assert client.get("/claims", headers=issue(issuer)).status_code == 200


def test_an_entry_that_forbids_keeps_what_its_profile_forbids(
    entries: dict[str, Any], issue: Issue
) -> None:
    entries[OTHER]["forbids"] = "email"
    client = guarded(TokenGuard(), ISSUERS=entries).test_client()
    assert_challenge(client.get("/claims", headers=issue(OTHER, nonce="x")), error="invalid_token")


def test_an_entry_that_requires_keeps_what_its_profile_requires(
    entries: dict[str, Any], issue: Issue
) -> None:
    entries[ID]["requires"] = "email"
    client = guarded(TokenGuard(), ISSUERS=entries).test_client()
    assert_challenge(
        client.get("/claims", headers=issue(ID, email="x", jti=None)), error="invalid_token"
    )


def test_a_resolvers_entry_requires_claims_too(entries: dict[str, Any], issue: Issue) -> None:
    entry = entries[OTHER] | {"requires": ["azp"]}
    client = guarded(TokenGuard(issuer_resolver=lambda _: entry)).test_client()
    statuses = [
        client.get("/claims", headers=issue(OTHER, azp=azp)).status_code for azp in (None, "app")
    ]
    assert statuses == [401, 200]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (
            {"profile": "oidc-access", "requires": ["sub", "nonce"]},
            ".requires has nonce, which profile oidc-access forbids",
        ),
        ({"requires": ["cnf"]}, ".requires must not hold cnf"),
        ({"forbids": ["exp"]}, ".forbids has exp, without which every token is refused"),
        ({"forbids": ["jti", "iat"]}, ".forbids has iat, jti, without which every token"),
        ({"profile": "google", "forbids": ["iss"]}, ".forbids has iss, without which"),
        ({"profile": "google", "forbids": ["aud"]}, ".forbids has aud, without which"),
        ({"profile": "keycloak", "forbids": ["typ"]}, ".forbids has typ, without which"),
        ({"profile": "cognito", "forbids": ["client_id"]}, ".forbids has client_id, without"),
        (
            {"requires": ["email"], "forbids": ["email"]},
            ".forbids has email, which its requires has too; leave it out",
        ),
        ({"requires": [""]}, ".requires must be text that is not empty"),
        ({"forbids": [7]}, ".forbids is a number where text is wanted"),
        ({"forbids": {"email": True}}, ".forbids must be a list of texts"),
        ({"requires": True}, ".requires must be a list of texts"),
    ],
    ids=str,
)
def test_an_entry_that_contradicts_itself_is_a_fault(entry: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        guarded(TokenGuard(), ISSUERS={ID: {"audience": "a"} | entry})
    assert str(caught.value).startswith(f"TOKENGUARD_ISSUERS[{ID!r}]{fault}")


@pytest.mark.parametrize(
    "entry",
    [
        {"requires": [], "forbids": []},
        {"requires": ["sub"]},
        {"forbids": ["cnf"]},
        {"profile": "oidc-access", "audience": False, "forbids": ["aud"]},
        {"profile": "cognito", "forbids": ["aud"]},
        {"profile": "oidc-access", "forbids": "nonce,email"},
    ],
    ids=str,
)
def test_an_entry_may_narrow_its_profile(entry: dict[str, Any]) -> None:
    guarded(TokenGuard(), ISSUERS={ID: {"audience": "a"} | entry})


@pytest.mark.parametrize("claims", [{"exp": 1}, {"nbf": 2**33}, {"iat": 2**33}, {"cnf": {}}])
def test_times_and_bindings_are_checked_for_all(
    client: FlaskClient, issue: Issue, claims: dict[str, Any]
) -> None:
    assert_challenge(client.get("/claims", headers=issue(OTHER, **claims)), error="invalid_token")


def test_an_issuer_may_have_a_leeway_of_its_own(entries: dict[str, Any], issue: Issue) -> None:
    entries[ID]["leeway"] = 60
    client = guarded(TokenGuard(), ISSUERS=entries).test_client()
    past = int(time.time()) - 30
    statuses = [
        client.get("/claims", headers=issue(issuer, exp=past)).status_code for issuer in (ID, OTHER)
    ]
    assert statuses == [200, 401]


def test_our_own_tokens_are_accepted_beside_them(
    make_app: MakeApp, entries: dict[str, Any], issue: Issue
) -> None:
    app = make_app(ISSUERS=entries, ISSUER="https://us.example", AUDIENCE="notes-api")
    with app.app_context():
        own = issue_token("bob")
    client = app.test_client()
    subjects = [
        client.get("/claims", headers=headers).get_json()["sub"]
        for headers in (bearer(own), issue(ID))
    ]
    assert subjects == ["bob", "alice"]


def test_our_own_requirement_of_encryption_is_not_theirs(
    make_app: MakeApp, entries: dict[str, Any], issue: Issue, secret: str
) -> None:
    jwk = {"kty": "oct", "k": token_urlsafe(32), "alg": "A256KW"}
    app = make_app(ISSUERS=entries, ISSUER="us", ENCRYPTION={"key": jwk})
    client = app.test_client()
    assert client.get("/claims", headers=issue(ID)).status_code == 200
    own = {"iss": "us", "sub": "a", "jti": "1", "iat": 1, "exp": 2**33}
    plain = signed(Key(secret.encode()), own, {"alg": "HS256", "typ": "at+jwt"})
    answer = client.get("/claims", headers=bearer(plain))
    assert "not encrypted" in answer.get_json()["error_description"]


def test_the_apps_own_rules_hold_for_all(entries: dict[str, Any], issue: Issue) -> None:
    seen: list[str | None] = []
    guard = TokenGuard(validators=[lambda token: seen.append(token.claims.issuer)])
    client = guarded(guard, ISSUERS=entries).test_client()
    for issuer in (ID, OTHER):
        client.get("/claims", headers=issue(issuer))
    assert seen == [ID, OTHER]
