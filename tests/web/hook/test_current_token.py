"""The hook that authenticates each request: current_token."""

from typing import Any

from flask import g

from flask_tokenguard import (
    Authentication,
    current_token,
    token_required,
)

from ...conftest import MakeApp
from ..conftest import Headers, HeadersWith


def test_current_token_has_header_claims_and_location(
    make_app: MakeApp, headers: Headers, good_claims: dict[str, Any]
) -> None:
    app = make_app()

    @app.get("/")
    @token_required
    def view() -> Any:
        return {
            "header": current_token.header,
            "claims": current_token.claims,
            "where": current_token.location,
        }

    assert app.test_client().get("/", headers=headers).get_json() == {
        "header": {"alg": "HS256", "typ": "at+jwt"},
        "claims": good_claims,
        "where": "header",
    }


def test_an_authentication_begins_anonymous(make_app: MakeApp) -> None:
    parts = make_app().extensions["tokenguard"]
    anonymous = Authentication(parts, parts.locations)
    assert (anonymous.claims, anonymous.header, anonymous.error) == (None, None, None)


def test_g_claims_is_a_dict_with_typed_properties(
    make_app: MakeApp, headers_with: HeadersWith
) -> None:
    app = make_app()

    @app.get("/")
    @token_required
    def view() -> Any:
        return {**g.claims, "subject": g.claims.subject, "scopes": sorted(g.claims.scopes)}

    body = app.test_client().get("/", headers=headers_with(scope="b a")).get_json()
    assert (body["sub"], body["subject"], body["scopes"]) == ("alice", "alice", ["a", "b"])
