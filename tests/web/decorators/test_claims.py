"""What `token_required` is called with: claims, issuers."""

from typing import Any

import pytest

from flask_tokenguard import token_required
from flask_tokenguard.testing import assert_challenge

from ...conftest import MakeApp
from ..conftest import HeadersWith
from ..support import new_view
from .support import Ask


@pytest.mark.parametrize(
    ("demanded", "claim", "status"),
    [
        ("admin", "admin", 200),
        ("admin", ["user", "admin"], 200),
        (["admin", "owner"], "owner", 200),
        (("admin", "owner"), "owner", 200),
        ({"admin", "owner"}, "owner", 200),
        (["admin", "owner"], ["user", "owner"], 200),
        (1, 1, 200),
        (1, 1.0, 200),
        (1.0, 1, 200),
        (1, [0, 1], 200),
        (True, True, 200),
        (False, False, 200),
        (None, None, 200),
        ([None, "a"], None, 200),
        ("", "", 200),
        ("admin", "admins", 403),
        ("admin", "not-admin", 403),
        ("admin", "Admin", 403),
        ("a", "abc", 403),
        ("", "abc", 403),
        ("admin", ["admins"], 403),
        ("admin", [["admin"]], 403),
        ("admin", {"admin": True}, 403),
        ("admin", None, 403),
        ("admin", [], 403),
        (["admin", "owner"], "user", 403),
        (["a", "b"], "ab", 403),
        (1, True, 403),
        (True, 1, 403),
        (True, 1.0, 403),
        (True, [1], 403),
        (True, "true", 403),
        (0, False, 403),
        (False, 0, 403),
        (False, None, 403),
        (None, False, 403),
        (None, 0, 403),
        (None, "", 403),
        (None, [], 403),
        (1, "1", 403),
        ("1", 1, 403),
        (0, -1, 403),
    ],
)
def test_a_claim_equals_or_holds_a_value_of_the_same_json_type(
    ask: Ask, demanded: Any, claim: Any, status: int
) -> None:
    assert ask({"claims": {"role": demanded}}, role=claim).status_code == status


@pytest.mark.parametrize("demanded", ["admin", None, False, 0, ""])
def test_a_claim_that_is_absent_equals_nothing(ask: Ask, demanded: Any) -> None:
    assert_challenge(ask({"claims": {"role": demanded}}), error="insufficient_scope")


@pytest.mark.parametrize(
    ("claims", "status"),
    [({"a": 1, "b": 2}, 200), ({"a": 1}, 403), ({"a": 1, "b": 1}, 403), ({"b": 2}, 403)],
)
def test_several_names_must_all_be_met(ask: Ask, claims: dict[str, Any], status: int) -> None:
    assert ask({"claims": {"a": 1, "b": 2}}, **claims).status_code == status


def test_a_registered_claim_can_be_demanded_too(ask: Ask) -> None:
    assert ask({"claims": {"sub": "alice"}}).status_code == 200
    assert ask({"claims": {"sub": "bob"}}).status_code == 403


@pytest.mark.parametrize(
    ("issuers", "status"),
    [
        ("https://a.example", 200),
        (["https://b.example", "https://a.example"], 200),
        ("https://b.example", 403),
        ("https://a.example/", 403),
        ("https://a", 403),
    ],
)
def test_issuers_means_one_of_these(
    make_app: MakeApp, headers_with: HeadersWith, issuers: Any, status: int
) -> None:
    app = make_app(ISSUER="https://a.example")
    app.add_url_rule("/", view_func=token_required(issuers=issuers)(new_view()))
    headers = headers_with(iss="https://a.example")
    assert app.test_client().get("/", headers=headers).status_code == status


def test_a_token_without_an_issuer_is_from_none_of_them(ask: Ask) -> None:
    assert_challenge(ask({"issuers": "https://a.example"}), error="insufficient_scope")
