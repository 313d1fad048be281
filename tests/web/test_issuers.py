"""Tokens of other issuers: by their own keys, audience and profile, and by nobody else's."""

import json
import time
from secrets import token_urlsafe
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from flask_tokenguard import (
    ConfigurationError,
    TokenGuard,
    end_all_sessions,
    end_session,
    issue_token,
    issue_token_pair,
    revoke_token,
    sessions_of,
)
from flask_tokenguard import token_required as demand
from flask_tokenguard.fetching import Fetched
from flask_tokenguard.jose import jws
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.verify.claims import Claims

from ..conftest import MakeApp
from ..jose.tokens import signed
from ..support import NO_INSTANTS, SettableClock, bearer
from .conftest import ID, OTHER, Issue


def guarded(guard: TokenGuard, **settings: Any) -> Flask:
    """Make an app without a key of its own."""
    app = Flask(__name__)
    app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
    guard.init_app(app)
    app.add_url_rule("/claims", "claims", demand(lambda: dict(g.claims)))
    app.add_url_rule("/read", "read", demand(scope="read")(lambda: "served"))
    app.add_url_rule("/admin", "admin", demand(role="admin")(lambda: "served"))
    app.add_url_rule("/scopes", "scopes", demand(lambda: sorted(g.claims.scopes)))
    return app


@pytest.fixture
def client(entries: dict[str, Any]) -> FlaskClient:
    return guarded(TokenGuard(), ISSUERS=entries).test_client()


# Whose token is whose.


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


# Scopes and roles.


@pytest.mark.parametrize(
    "claims", [{"scope": "read write"}, {"scp": "read"}, {"scp": ["read", "write"]}]
)
def test_a_scope_is_found_where_the_issuer_says_it(
    client: FlaskClient, issue: Issue, claims: dict[str, Any]
) -> None:
    assert client.get("/read", headers=issue(OTHER, **claims)).status_code == 200


@pytest.mark.parametrize("claims", [{"scp": "write"}, {"scp": [7, None]}, {"scp": {"read": 1}}, {}])
def test_a_scope_that_is_not_there_is_short(
    client: FlaskClient, issue: Issue, claims: dict[str, Any]
) -> None:
    assert_challenge(
        client.get("/read", headers=issue(OTHER, **claims)), error="insufficient_scope"
    )


def test_scopes_of_several_claims_add_up(client: FlaskClient, issue: Issue) -> None:
    answer = client.get("/scopes", headers=issue(OTHER, scope="a  b", scp=["c"]))
    assert answer.get_json() == ["a", "b", "c"]


def test_a_role_is_found_where_the_profile_says_it(client: FlaskClient, issue: Issue) -> None:
    assert client.get("/admin", headers=issue(ID, roles=["guest", "admin"])).status_code == 200


@pytest.mark.parametrize(
    ("setting", "claims"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["admin"]}}),
        (["realm.access", "roles"], {"realm.access": {"roles": ["admin"]}}),
        ("https://notes.example/roles", {"https://notes.example/roles": ["admin"]}),
    ],
)
def test_a_setting_names_where_roles_are(
    entries: dict[str, Any], issue: Issue, setting: Any, claims: dict[str, Any]
) -> None:
    entries[ID]["roles_claim"] = setting
    client = guarded(TokenGuard(), ISSUERS=entries).test_client()
    assert client.get("/admin", headers=issue(ID, **claims)).status_code == 200
    assert_challenge(client.get("/admin", headers=issue(ID)), error="insufficient_scope")


@pytest.mark.parametrize(
    "setting",
    [
        [["realm_access", "roles"], ["resource_access", "notes-api", "roles"]],
        ["realm_access.roles", ["resource_access", "notes-api", "roles"]],
    ],
)
@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"realm_access": {"roles": ["admin"]}}, 200),
        ({"resource_access": {"notes-api": {"roles": ["admin"]}}}, 200),
        ({"realm_access": {"roles": ["guest"]}, "resource_access": {"notes-api": {}}}, 403),
        ({"resource_access": {"other-api": {"roles": ["admin"]}}}, 403),
    ],
)
def test_roles_may_be_in_several_places(
    entries: dict[str, Any], issue: Issue, setting: Any, claims: dict[str, Any], status: int
) -> None:
    entries[ID]["roles_claim"] = setting
    client = guarded(TokenGuard(), ISSUERS=entries).test_client()
    assert client.get("/admin", headers=issue(ID, **claims)).status_code == status


@pytest.mark.parametrize("roles", [["guest"], "admin", [["admin"]], {"admin": True}, None, []])
def test_a_role_that_is_not_there_is_short(client: FlaskClient, issue: Issue, roles: Any) -> None:
    assert_challenge(
        client.get("/admin", headers=issue(ID, roles=roles)), error="insufficient_scope"
    )


# Tenants.


def test_a_tenant_is_resolved_once(entries: dict[str, Any], issue: Issue) -> None:
    asked: list[str] = []

    def resolve(issuer: str) -> Any:
        asked.append(issuer)
        return entries.get(issuer)

    client = guarded(TokenGuard(issuer_resolver=resolve)).test_client()
    statuses = [client.get("/claims", headers=issue(ID)).status_code for _ in range(3)]
    assert (statuses, asked) == ([200, 200, 200], [ID])


def test_who_is_no_tenant_is_refused_and_asked_for_once(issue: Issue, keys: dict[str, Key]) -> None:
    asked: list[str] = []
    client = guarded(TokenGuard(issuer_resolver=asked.append)).test_client()
    for _ in range(3):
        assert_challenge(
            client.get("/claims", headers=issue(ID, key=keys[ID])), error="invalid_token"
        )
    assert asked == [ID]


@pytest.mark.parametrize(
    "said", [7, {}, {"audience": "a"}, {"audience": "a", "keys": "short"}], ids=repr
)
def test_an_entry_that_cannot_be_used_is_our_fault(
    issue: Issue, caplog: pytest.LogCaptureFixture, said: Any
) -> None:
    app = guarded(TokenGuard(issuer_resolver=lambda _: said))
    answer = app.test_client().get("/claims", headers=issue(ID, iss="http://tenant.example"))
    assert answer.status_code == 503
    assert "issuer resolver" in caplog.text


# Revocation.


def test_a_foreign_token_can_be_revoked(
    entries: dict[str, Any], issue: Issue, clock: SettableClock
) -> None:
    clock.now -= 10
    app = guarded(TokenGuard(store=MemoryStore(clock=clock)), ISSUERS=entries)
    client = app.test_client()
    headers = issue(ID)
    claims = client.get("/claims", headers=headers).get_json()
    with app.app_context():
        revoke_token(Claims(claims))
    assert_challenge(client.get("/claims", headers=headers), error="invalid_token")
    assert client.get("/claims", headers=issue(ID, jti="2")).status_code == 200


@pytest.mark.parametrize("kind", ["data", "json"])
@pytest.mark.parametrize(
    "claims",
    [
        *({"exp": value} for value in NO_INSTANTS[:-2]),
        {"exp": 253_402_300_799},
        {"exp": 9e9},
        {"iat": 10**400},
        {"nbf": 10**400},
        {"jti": ["1"]},
        {"sub": {}},
    ],
    ids=lambda claims: str(claims)[:30],
)
@pytest.mark.parametrize("issuer", [ID, OTHER])
def test_no_foreign_token_is_too_strange_to_revoke(
    make_app: MakeApp,
    entries: dict[str, Any],
    issue: Issue,
    issuer: str,
    claims: dict[str, Any],
    kind: str,
) -> None:
    guard = TokenGuard()
    app = make_app(guard, ISSUERS=entries, STORAGE_URI="memory://")
    app.register_blueprint(guard.token_endpoints())
    token = issue(issuer, **claims)["Authorization"].removeprefix("Bearer ")
    answer = app.test_client().post("/revoke", **{kind: {"token": token}})
    assert answer.status_code == 200


def test_a_foreign_refresh_token_ends_no_session_of_ours(
    make_app: MakeApp, entries: dict[str, Any], issue: Issue
) -> None:
    app = make_app(ISSUERS=entries, ISSUER="https://us.example", STORAGE_URI="memory://")
    with app.app_context():
        own = issue_token_pair("alice")
        sid = sessions_of("alice")[0].sid
        revoke_token(issue(ID, typ="rt+jwt", sid=sid)["Authorization"].removeprefix("Bearer "))
        assert [session.sid for session in sessions_of("alice")] == [sid]
    answer = app.test_client().get("/claims", headers=bearer(own["access_token"]))
    assert answer.status_code == 200


def test_a_logout_with_a_foreign_token_ends_no_session_of_ours(
    make_app: MakeApp, entries: dict[str, Any], issue: Issue, clock: SettableClock
) -> None:
    clock.now -= 10  # The store is older than the token.
    guard = TokenGuard(store=MemoryStore(clock=clock))
    app = make_app(guard, ISSUERS=entries, ISSUER="https://us.example")
    app.add_url_rule("/logout", "logout", demand(lambda: str(end_session())))
    with app.app_context():
        issue_token_pair("alice")
        sid = sessions_of("alice")[0].sid
    assert app.test_client().get("/logout", headers=issue(ID, sid=sid)).text == "False"
    with app.app_context():
        assert [session.sid for session in sessions_of("alice")] == [sid]


def test_a_foreign_subject_can_be_ended(
    entries: dict[str, Any], issue: Issue, clock: SettableClock
) -> None:
    clock.now -= 10
    app = guarded(TokenGuard(store=MemoryStore(clock=clock)), ISSUERS=entries)
    clock.now += 20
    with app.app_context():
        end_all_sessions("alice", issuer=ID)
    client = app.test_client()
    assert_challenge(client.get("/claims", headers=issue(ID)), error="invalid_token")
    assert client.get("/claims", headers=issue(OTHER)).status_code == 200


# Faults.


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
        ({"audience": "a", "algorithms": "none"}, ".algorithms must name some of"),
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
        ({"audience": "a", "jwks_url": "http://127.0.0.1/"}, "is not https"),
        ({"audience": "a", "algorithms": "HS256"}, "by which no public key verifies"),
    ],
)
def test_a_fault_of_an_entry_is_named(entry: Any, fault: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        guarded(TokenGuard(), ISSUERS={ID: entry})
    (said,) = caught.value.faults
    assert said.startswith("TOKENGUARD_ISSUERS")
    assert fault in said


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
