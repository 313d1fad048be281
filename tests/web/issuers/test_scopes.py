"""Tokens of other issuers: scopes and roles."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from flask_tokenguard import (
    TokenGuard,
)
from flask_tokenguard.testing import assert_challenge

from ..conftest import ID, OTHER, Issue
from .support import guarded


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
