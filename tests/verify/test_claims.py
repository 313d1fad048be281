"""Claims as a dict with typed properties, and the token that holds them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from flask_tokenguard.errors import (
    ConfigurationError,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    IssueError,
    Reason,
    Refusal,
    Rejected,
    TokenGuardError,
    TokenMissing,
    Unavailable,
)
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.verify.claims import ClaimNames, Claims, ForeignClaims, VerifiedToken

FULL = Claims(
    sub="me", iss="https://issuer.example", aud="api", scope="a b", exp=86_400, iat=0, jti="1"
)


def verified(**claims: Any) -> VerifiedToken:
    """Make a token as the verifier does."""
    header = Header("HS256", "k", "at+jwt", {"alg": "HS256", "nested": {"a": [1]}})
    return VerifiedToken(header, Claims(claims))


def test_claims_are_a_dict() -> None:
    assert {**FULL}["sub"] == "me"
    assert isinstance(FULL, dict)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject", "me"),
        ("issuer", "https://issuer.example"),
        ("audience", ("api",)),
        ("scopes", frozenset({"a", "b"})),
        ("expires_at", datetime(1970, 1, 2, tzinfo=UTC)),
        ("issued_at", datetime(1970, 1, 1, tzinfo=UTC)),
        ("id", "1"),
    ],
)
def test_a_registered_claim_is_a_typed_property(name: str, value: object) -> None:
    assert getattr(FULL, name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject", None),
        ("issuer", None),
        ("audience", ()),
        ("scopes", frozenset()),
        ("issued_at", None),
        ("id", None),
    ],
)
def test_a_claim_that_is_absent_is_nothing(name: str, value: object) -> None:
    assert getattr(Claims(), name) == value


def test_several_audiences_are_a_tuple() -> None:
    assert Claims(aud=["a", "b"]).audience == ("a", "b")


@pytest.mark.parametrize("aud", [None, 7, True, {"a": 1}, [7, None], ""], ids=str)
def test_an_audience_that_is_not_text_names_nobody(aud: object) -> None:
    assert Claims(aud=aud).audience == ()


@pytest.mark.parametrize(
    ("claims", "audience"),
    [
        ({"client_id": "c"}, ("c",)),
        ({"client_id": "c", "aud": "a"}, ("a",)),
        ({"client_id": "c", "aud": []}, ("c",)),
        ({"client_id": 7}, ()),
        ({}, ()),
    ],
    ids=str,
)
def test_an_issuer_may_have_the_audience_elsewhere(
    claims: dict[str, Any], audience: tuple[str, ...]
) -> None:
    names = ClaimNames(scope=(), roles=(), audience="client_id")
    assert ForeignClaims(claims, names).audience == audience


@pytest.mark.parametrize("scope", [None, 7, True, ["a"], {"a": 1}], ids=str)
def test_a_scope_that_is_not_text_allows_nothing(scope: object) -> None:
    assert Claims(scope=scope).scopes == frozenset()


@pytest.mark.parametrize("scope", ["", "  "])
def test_an_empty_scope_allows_nothing(scope: str) -> None:
    assert Claims(scope=scope).scopes == frozenset()


def test_a_time_may_have_a_fraction() -> None:
    assert Claims(exp=0.5).expires_at == datetime(1970, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)


def test_the_last_second_that_is_accepted_is_a_time() -> None:
    assert Claims(exp=253_402_300_799).expires_at.year == 9999


def test_claims_take_no_further_attributes() -> None:
    with pytest.raises(AttributeError):
        Claims().role = "admin"  # type: ignore[attr-defined]  # the fault


def test_a_token_shows_its_header() -> None:
    assert verified().header == {"alg": "HS256", "nested": {"a": [1]}}


def test_a_change_of_the_header_that_is_shown_changes_nothing() -> None:
    token = verified()
    token.header["nested"]["a"].append(2)
    assert token.header["nested"] == {"a": [1]}


def test_a_token_shows_its_type() -> None:
    assert verified().typ == "at+jwt"


def test_a_repr_of_a_token_shows_no_claim() -> None:
    assert repr(verified(sub="me")) == "<VerifiedToken, kid 'k'>"


@pytest.mark.parametrize(
    ("kind", "code", "error", "has_challenge"),
    [
        (Rejected, 401, "invalid_token", True),
        (TokenMissing, 401, "token_missing", True),
        (InvalidRequest, 400, "invalid_request", True),
        (InvalidToken, 401, "invalid_token", True),
        (InsufficientScope, 403, "insufficient_scope", True),
        (Unavailable, 503, "temporarily_unavailable", False),
    ],
)
def test_a_refusal_knows_its_answer(
    kind: type[Refusal], code: int, error: str, has_challenge: bool
) -> None:
    refusal = kind()
    assert (refusal.code, refusal.error, refusal.has_challenge) == (code, error, has_challenge)
    assert refusal.description


@pytest.mark.parametrize(
    ("kind", "root"),
    [
        (ConfigurationError, TokenGuardError),
        (IssueError, ValueError),
        (IssueError, TokenGuardError),
        (TokenMissing, Rejected),
        (InvalidRequest, Rejected),
        (InvalidToken, Rejected),
        (InsufficientScope, Rejected),
        (Unavailable, TokenGuardError),
    ],
)
def test_an_error_has_its_place_in_the_tree(kind: type[Exception], root: type[Exception]) -> None:
    assert issubclass(kind, root)


def test_a_refusal_of_the_apps_own_keeps_its_status() -> None:
    class Teapot(Rejected):
        code = 418

    assert Teapot().code == 418


def test_an_outage_is_not_the_requests_fault() -> None:
    assert not issubclass(Unavailable, Rejected)


def test_a_refusal_has_its_own_description() -> None:
    assert InvalidToken("The moon is full", claim="moon").description == "The moon is full"
    assert InvalidToken("The moon is full", claim="moon").claim == "moon"


def test_a_refusal_without_a_description_has_an_empty_one() -> None:
    class Silent(InvalidToken):
        description = None  # type: ignore[assignment]  # as Werkzeug's types allow

    assert Silent().description == ""


def test_a_rule_of_the_app_has_a_reason_of_its_own() -> None:
    assert InvalidToken("The moon is full").reason == "app_rule"
    assert InvalidToken("It is late", reason=Reason.EXPIRED).reason == "expired"


def test_a_scope_that_falls_short_is_kept() -> None:
    refusal = InsufficientScope(scope=["a", "b"], missing=["b"])
    assert (refusal.scope, refusal.missing) == (("a", "b"), ("b",))


def test_an_outage_says_when_to_come_back() -> None:
    assert Unavailable(retry_after=7).retry_after == 7


def test_a_configuration_error_holds_every_fault() -> None:
    error = ConfigurationError("one", "two")
    assert (error.faults, str(error)) == (("one", "two"), "one\ntwo")


@pytest.mark.parametrize(
    ("roles", "found"),
    [(["a", "b", "a"], {"a", "b"}), ("a", set()), (None, set()), ([7, None, "", ["a"]], set())],
)
def test_roles_are_the_texts_of_a_list(roles: Any, found: set[str]) -> None:
    assert Claims(roles=roles).roles == found
