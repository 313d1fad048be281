"""Each rule by itself (RFC 7519 section 4.1, RFC 8725 section 3.11)."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest

from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.verify import validators
from flask_tokenguard.verify.claims import Claims, VerifiedToken
from flask_tokenguard.verify.validators import Period, TimeRule, Validator, check_period

from ..support import NO_INSTANTS, SettableClock

NOW = 1_700_000_000


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands at a whole second."""
    return SettableClock(NOW)


def token(typ: Any = "at+jwt", /, **claims: Any) -> VerifiedToken:
    """Make a token as the verifier does."""
    return VerifiedToken(Header("HS256", None, typ, {}), Claims(claims))


def refusal(rule: Validator, refused: VerifiedToken) -> InvalidToken:
    """Break a rule."""
    with pytest.raises(InvalidToken) as caught:
        rule(refused)
    return caught.value


@pytest.mark.parametrize("typ", ["jwt", "at+jwt", None])
def test_a_type_of_the_list_is_accepted(typ: str | None) -> None:
    validators.has_type(["JWT", "application/AT+jwt", None])(token(typ))


@pytest.mark.parametrize("typ", [None, "", "jwt", "rt+jwt", "text/at+jwt", "at+jwt "])
def test_another_type_is_refused(typ: str | None) -> None:
    assert "(typ)" in refusal(validators.has_type(["at+jwt"]), token(typ)).description


def test_the_issuer_is_accepted() -> None:
    validators.has_issuer("us")(token(iss="us"))


@pytest.mark.parametrize(
    "claims", [{}, {"iss": "them"}, {"iss": None}, {"iss": ["us"]}, {"iss": "US"}, {"iss": 7}]
)
def test_another_issuer_is_refused(claims: dict[str, Any]) -> None:
    assert refusal(validators.has_issuer("us"), token(**claims)).claim == "iss"


def test_no_issuer_is_accepted_where_none_is_named() -> None:
    validators.has_issuer(None)(token())


@pytest.mark.parametrize("iss", ["them", "", None, 0])
def test_any_issuer_is_refused_where_none_is_named(iss: object) -> None:
    assert refusal(validators.has_issuer(None), token(iss=iss)).claim == "iss"


@pytest.mark.parametrize("aud", ["api", "app", ["api"], ["other", "app"]], ids=str)
def test_one_of_the_audiences_is_accepted(aud: object) -> None:
    validators.has_audience(["api", "app"])(token(aud=aud))


@pytest.mark.parametrize(
    "claims", [{"aud": "other"}, {"aud": ["x", "y"]}, {"aud": []}, {"aud": "API"}, {"aud": "ap"}]
)
def test_another_audience_is_refused(claims: dict[str, Any]) -> None:
    error = refusal(validators.has_audience(["api"]), token(**claims))
    assert (error.claim, error.description) == ("aud", "The token is for another audience (aud)")


@pytest.mark.parametrize(
    "claims",
    [{"aud": None}, {"aud": 7}, {"aud": {"api": 1}}, {"aud": ["api", 7]}, {"aud": [["api"]]}],
)
def test_an_audience_is_a_text_or_several(claims: dict[str, Any]) -> None:
    error = refusal(validators.has_audience(["api"]), token(**claims))
    assert (error.claim, error.description) == ("aud", "The token's audience is malformed (aud)")


@pytest.mark.parametrize("claim", ["aud", "client_id"])
def test_an_audience_that_is_missing_is_not_malformed(claim: str) -> None:
    error = refusal(validators.has_audience(["api"], claim), token(sub="me"))
    assert error.description == f"The token has no audience ({claim})"
    assert (error.reason, error.detail) == ("missing_claim", 'accepted: "api"')


def test_no_audience_is_accepted_where_none_is_named() -> None:
    validators.has_audience([])(token())


@pytest.mark.parametrize("aud", ["anybody", ["anybody"], [], None, ""], ids=repr)
@pytest.mark.parametrize("audience", [(), []], ids=["tuple", "list"])
def test_any_audience_is_refused_where_none_is_named(
    audience: Collection[str], aud: object
) -> None:
    assert refusal(validators.has_audience(audience), token(aud=aud)).claim == "aud"


def test_the_type_in_the_header_is_not_the_claim_typ() -> None:
    in_header = refusal(validators.has_type(["jwt"]), token())
    claim = refusal(validators.has_values({"typ": "Bearer"}), token(typ="ID"))
    assert in_header.description == "The header has the wrong type (typ)"
    assert claim.description == "The token is of another kind (claim typ)"
    assert claim.detail == 'claim typ "ID" came, "Bearer" is accepted'


def test_a_value_that_is_missing_is_no_other_value() -> None:
    error = refusal(validators.has_values({"token_use": "access"}), token())
    assert error.description == "The token has no token_use"
    assert (error.reason, error.detail) == ("missing_claim", '"access" is accepted')


def test_a_claim_that_is_text_is_accepted() -> None:
    validators.has_text("sub")(token(sub="me"))


@pytest.mark.parametrize("claims", [{}, {"jti": "me"}])
def test_a_claim_that_is_missing_is_refused(claims: dict[str, Any]) -> None:
    error = refusal(validators.has_text("sub"), token(**claims))
    assert (error.claim, error.description) == ("sub", "The token has no sub")


@pytest.mark.parametrize("is_required", [True, False])
@pytest.mark.parametrize("sub", ["", None, 7, ["me"], {"sub": "me"}, False], ids=repr)
def test_a_claim_that_is_not_text_is_refused(sub: object, is_required: bool) -> None:
    error = refusal(validators.has_text("sub", is_required=is_required), token(sub=sub))
    assert (error.claim, error.description) == ("sub", "The token has no valid sub")


@pytest.mark.parametrize("claims", [{}, {"sub": "me"}])
def test_a_claim_that_is_not_required_may_be_missing(claims: dict[str, Any]) -> None:
    validators.has_text("sub", is_required=False)(token(**claims))


@pytest.mark.parametrize("exp", [NOW + 1, NOW + 0.5, 253_402_300_799])
def test_a_token_whose_exp_lies_ahead_is_current(clock: SettableClock, exp: float) -> None:
    validators.is_current(clock=clock)(token(exp=exp))


@pytest.mark.parametrize("exp", [NOW, NOW - 1, 0, float(NOW)])
def test_a_token_is_expired_in_the_very_second_of_its_exp(clock: SettableClock, exp: float) -> None:
    error = refusal(validators.is_current(clock=clock), token(exp=exp))
    assert (error.claim, error.description) == ("exp", "The token has expired (exp)")


def test_a_token_is_current_until_just_before_its_exp(clock: SettableClock) -> None:
    clock.now = NOW - 0.001
    validators.is_current(clock=clock)(token(exp=NOW))


def test_a_token_stays_expired_within_the_second_of_its_exp(clock: SettableClock) -> None:
    clock.now = NOW + 0.999
    assert refusal(validators.is_current(clock=clock), token(exp=NOW)).claim == "exp"


@pytest.mark.parametrize(("exp", "leeway"), [(NOW - 29, 30), (NOW, 1)])
def test_a_leeway_is_added_to_exp(clock: SettableClock, exp: int, leeway: int) -> None:
    validators.is_current(leeway, clock)(token(exp=exp))


def test_a_token_is_expired_in_the_very_second_of_exp_and_leeway(clock: SettableClock) -> None:
    assert refusal(validators.is_current(30, clock), token(exp=NOW - 30)).claim == "exp"


def test_a_token_without_exp_is_refused(clock: SettableClock) -> None:
    error = refusal(validators.is_current(clock=clock), token())
    assert (error.claim, error.description) == ("exp", "The token has no exp")


@pytest.mark.parametrize("exp", NO_INSTANTS, ids=lambda exp: str(exp)[:20])
def test_an_exp_that_is_no_time_is_refused(clock: SettableClock, exp: object) -> None:
    error = refusal(validators.is_current(clock=clock), token(exp=exp))
    assert error.description == "The token has no valid exp"


each_beginning = pytest.mark.parametrize("claim", ["nbf", "iat"])


@each_beginning
@pytest.mark.parametrize("time", [NOW, NOW - 1, 0, NOW - 0.5])
def test_a_token_that_has_begun_is_accepted(clock: SettableClock, claim: str, time: float) -> None:
    validators.is_begun(claim, clock=clock)(token(**{claim: time}))


@each_beginning
@pytest.mark.parametrize("time", [NOW + 6, NOW + 5.5, 253_402_300_799])
def test_a_token_of_the_future_is_refused(clock: SettableClock, claim: str, time: float) -> None:
    error = refusal(validators.is_begun(claim, clock=clock), token(**{claim: time}))
    assert (error.claim, error.description) == (claim, f"The token is not valid yet ({claim})")


@each_beginning
@pytest.mark.parametrize(("leeway", "ahead"), [(0, 5), (30, 35)])
def test_a_beginning_may_be_five_seconds_and_a_leeway_ahead(
    clock: SettableClock, claim: str, leeway: int, ahead: int
) -> None:
    validators.is_begun(claim, leeway, clock)(token(**{claim: NOW + ahead}))


@each_beginning
def test_a_leeway_ends(clock: SettableClock, claim: str) -> None:
    assert refusal(validators.is_begun(claim, 30, clock), token(**{claim: NOW + 36})).claim == claim


@each_beginning
def test_a_beginning_may_be_absent(clock: SettableClock, claim: str) -> None:
    validators.is_begun(claim, clock=clock)(token())


@each_beginning
def test_a_beginning_that_is_required_must_be_there(clock: SettableClock, claim: str) -> None:
    rule = validators.is_begun(claim, clock=clock, is_required=True)
    assert refusal(rule, token()).description == f"The token has no {claim}"


@each_beginning
@pytest.mark.parametrize("time", NO_INSTANTS, ids=lambda time: str(time)[:20])
def test_a_beginning_that_is_no_time_is_refused(
    clock: SettableClock, claim: str, time: object
) -> None:
    error = refusal(validators.is_begun(claim, clock=clock), token(**{claim: time}))
    assert error.description == f"The token has no valid {claim}"


@pytest.mark.parametrize("exp", [NOW + 60, NOW + 59, float(NOW + 60)])
def test_a_token_that_begins_when_it_has_ended_is_refused(clock: SettableClock, exp: float) -> None:
    rule = validators.is_begun("nbf", 300, clock)
    error = refusal(rule, token(nbf=NOW + 60, exp=exp))
    assert (error.claim, error.description) == (
        "nbf",
        "The token is never valid: nbf is not before exp",
    )


def test_a_token_may_end_right_after_it_began(clock: SettableClock) -> None:
    validators.is_begun("nbf", 300, clock)(token(nbf=NOW + 60, exp=NOW + 60.5))


def test_a_token_that_ends_at_no_instant_does_not_begin(clock: SettableClock) -> None:
    assert refusal(validators.is_begun("nbf", 0, clock), token(nbf=NOW, exp="x")).claim == "exp"


@pytest.mark.parametrize("now", [NOW, NOW + 60])
def test_each_time_is_held_against_its_own_clock(now: int) -> None:
    rules = [
        TimeRule("iat", 0, SettableClock(NOW), is_required=True),
        TimeRule("exp", 0, SettableClock(now), is_required=True),
    ]
    claims = {"iat": NOW, "exp": NOW + 30}
    if now == NOW:
        assert check_period(rules, claims) == Period(NOW, NOW + 30)
    else:
        with pytest.raises(InvalidToken, match="expired"):
            check_period(rules, claims)


def test_a_token_without_cnf_is_a_bearer_token() -> None:
    validators.is_bearer(token(sub="me"))


@pytest.mark.parametrize("cnf", [{"jkt": "x"}, {}, None, "", False], ids=repr)
def test_a_token_bound_to_a_key_is_refused(cnf: object) -> None:
    assert refusal(validators.is_bearer, token(cnf=cnf)).claim == "cnf"


@pytest.mark.parametrize("leeways", [(0, 30), (30, 0)])
def test_the_period_of_several_rules_is_the_shortest(
    clock: SettableClock, leeways: tuple[int, int]
) -> None:
    rules = [
        TimeRule(claim, leeway, clock, is_required=True)
        for claim in ("exp", "nbf", "iat")
        for leeway in leeways
    ]
    claims = {"exp": NOW + 60, "nbf": NOW - 50, "iat": NOW - 40}
    assert check_period(rules, claims) == Period(NOW - 40, NOW + 60)


@pytest.mark.parametrize("leeway", [0, 300])
def test_the_real_clock_is_the_default(leeway: int) -> None:
    assert refusal(validators.is_current(leeway), token(exp=NOW)).claim == "exp"


@pytest.mark.parametrize("members", [{}, {"azp": None}], ids=repr)
def test_a_claim_must_be_there(members: dict[str, Any]) -> None:
    rule = validators.has_claims(["azp"])
    rule(token(azp=""))
    assert refusal(rule, token(**members)).claim == "azp"


def test_a_claim_of_another_kind_of_token_must_not_be_there() -> None:
    rule = validators.has_none_of(["nonce"])
    rule(token())
    assert refusal(rule, token(nonce=None)).claim == "nonce"


@pytest.mark.parametrize("value", ["id", None, ["access"], True], ids=repr)
def test_a_claim_must_have_its_value(value: object) -> None:
    rule = validators.has_values({"token_use": "access"})
    rule(token(token_use="access"))
    assert refusal(rule, token(token_use=value)).claim == "token_use"


@pytest.mark.parametrize("exp", [NOW + 1, NOW + 60])
def test_a_token_that_lives_no_longer_than_allowed_is_accepted(exp: int) -> None:
    validators.lives_at_most(timedelta(seconds=60))(token(iat=NOW, exp=exp))


def test_a_token_that_lives_longer_than_allowed_is_refused() -> None:
    rule = validators.lives_at_most(timedelta(seconds=60))
    assert refusal(rule, token(iat=NOW, exp=NOW + 61)).claim == "exp"
