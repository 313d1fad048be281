"""From a subject to a signed string."""

import json
import re
from datetime import timedelta
from typing import Any, cast

import pytest

from flask_tokenguard.errors import ConfigurationError, IssueError
from flask_tokenguard.issue import ids
from flask_tokenguard.issue.issuer import TokenIssuer
from flask_tokenguard.issue.members import RESERVED_CLAIMS, RESERVED_HEADERS
from flask_tokenguard.issue.options import IssueOptions, registered_claims
from flask_tokenguard.jose import compact
from flask_tokenguard.jose.compact import Compact
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.keys.own import NO_KEYS, ConfiguredKeys

from ..support import SettableClock

NOW = 1_700_000_000
KEY = Key(b"correct-horse-battery-staple-and-so-on")
KEYS = ConfiguredKeys([KEY], KEY)


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands a little after a whole second."""
    return SettableClock(NOW + 0.9)


@pytest.fixture
def issuer(clock: SettableClock) -> TokenIssuer:
    """An issuer that writes no more than it must."""
    return TokenIssuer(KEYS, lifetime=timedelta(minutes=15), clock=clock)


def parsed(token: str) -> Compact:
    """Parse a token."""
    return compact.parse(token)


def claims_of(token: str) -> dict[str, Any]:
    """Read the claims of a token."""
    return compact.parse_payload(parsed(token))


def sign_with(last: dict[str, Any], *, max_size: int = 8160) -> str:
    """Sign a token with room for its last claims."""
    issuer = TokenIssuer(KEYS, lifetime=timedelta(1), max_size=max_size)
    draft = issuer.draft({"sub": "me"}, room=len(',"scope":"a b c"'))
    return issuer.sign(draft, b"j" * 16, last)[0]


def nested(depth: int) -> dict[str, Any]:
    """Nest objects, this deep."""
    inner: dict[str, Any] = {}
    for _ in range(depth - 1):
        inner = {"a": inner}
    return inner


def test_a_token_is_signed(issuer: TokenIssuer) -> None:
    token = parsed(issuer.issue("me", {})[0])
    assert KEY.verify(token.signing_input, token.signature)


def test_a_token_says_what_our_own_must(issuer: TokenIssuer) -> None:
    claims = claims_of(issuer.issue("me", {})[0])
    assert claims.keys() == {"sub", "iat", "exp", "jti"}
    assert (claims["sub"], claims["iat"], claims["exp"]) == ("me", NOW, NOW + 900)


def test_the_claims_in_the_token_are_returned(issuer: TokenIssuer) -> None:
    token, claims = issuer.issue("me", {"scope": "a", "claims": {"role": "guest"}})
    assert claims_of(token) == claims


def test_every_token_has_its_own_jti(issuer: TokenIssuer) -> None:
    ids = {issuer.issue("me", {})[1]["jti"] for _ in range(100)}
    assert len(ids) == 100


def test_a_header_names_algorithm_and_type(issuer: TokenIssuer) -> None:
    assert parsed(issuer.issue("me", {})[0]).header.members == {"alg": "HS256", "typ": "at+jwt"}


def test_a_header_names_the_key_if_it_has_a_name() -> None:
    key = Key(b"k" * 64, alg="HS512", kid="mine")
    issuer = TokenIssuer(ConfiguredKeys([key], key), lifetime=timedelta(1), typ="jwt")
    assert parsed(issuer.issue("me", {})[0]).header.members == {
        "alg": "HS512",
        "typ": "jwt",
        "kid": "mine",
    }


def test_issuer_audience_and_client_are_written(clock: SettableClock) -> None:
    issuer = TokenIssuer(
        KEYS,
        lifetime=timedelta(1),
        issuer="us",
        audience="api",
        client_id="app",
        clock=clock,
    )
    claims = claims_of(issuer.issue("me", {})[0])
    assert (claims["iss"], claims["aud"], claims["client_id"]) == ("us", "api", "app")


@pytest.mark.parametrize(
    ("not_before", "nbf"),
    [(0, NOW), (60, NOW + 60), (timedelta(minutes=1), NOW + 60), (timedelta(seconds=0.1), NOW + 1)],
    ids=str,
)
def test_a_token_may_be_valid_from_a_moment_on(
    issuer: TokenIssuer, not_before: Any, nbf: int
) -> None:
    token, claims = issuer.issue("me", {"not_before": not_before})
    assert claims_of(token)["nbf"] == claims["nbf"] == nbf


def test_a_token_is_valid_for_a_second_at_least(issuer: TokenIssuer) -> None:
    claims = issuer.issue("me", {"not_before": 59, "lifetime": 60}).claims
    assert (claims["nbf"], claims["exp"]) == (NOW + 59, NOW + 60)


@pytest.mark.parametrize("not_before", [60, timedelta(hours=1), 10**30], ids=str)
def test_a_token_that_expires_before_it_is_valid_is_not_issued(
    issuer: TokenIssuer, not_before: Any
) -> None:
    with pytest.raises(IssueError, match="would expire before it is valid"):
        issuer.issue("me", {"not_before": not_before, "lifetime": 60})


@pytest.mark.parametrize("not_before", [-1, 1.5, "60", True, timedelta(seconds=-1)], ids=repr)
def test_a_start_that_is_no_duration_is_refused(issuer: TokenIssuer, not_before: Any) -> None:
    with pytest.raises(IssueError, match="not_before must be a timedelta or int"):
        issuer.issue("me", {"not_before": not_before})


@pytest.mark.parametrize("configured", ["app", None])
@pytest.mark.parametrize("client_id", ["phone", None])
def test_a_token_may_have_a_client_of_its_own_or_none(
    configured: str | None, client_id: str | None
) -> None:
    issuer = TokenIssuer(KEYS, lifetime=timedelta(1), client_id=configured)
    token, claims = issuer.issue("me", {"client_id": client_id})
    assert claims_of(token).get("client_id") == claims.get("client_id") == client_id
    assert ("client_id" in claims_of(token)) == (client_id is not None)


@pytest.mark.parametrize("client_id", ["", 7, ["app"], b"app", "\ud800"])
def test_a_client_that_is_no_text_is_refused(client_id: Any) -> None:
    with pytest.raises(IssueError):
        TokenIssuer(KEYS, lifetime=timedelta(1)).issue("me", {"client_id": client_id})


@pytest.mark.parametrize(
    ("audience", "written"),
    [("other", "other"), (["a", "b"], ["a", "b"]), (("a",), ["a"])],
    ids=str,
)
def test_an_audience_takes_the_place_of_the_configured_one(audience: Any, written: object) -> None:
    issuer = TokenIssuer(KEYS, lifetime=timedelta(1), audience="api")
    assert issuer.issue("me", {"audience": audience})[1]["aud"] == written


@pytest.mark.parametrize("audience", ["", [], [""], ["a", ""], [7], ["a", None]], ids=repr)
def test_an_audience_that_is_not_text_is_refused(issuer: TokenIssuer, audience: Any) -> None:
    with pytest.raises(IssueError, match="the audience must be"):
        issuer.issue("me", {"audience": audience})


@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [
        (1, 1),
        (86_400, 86_400),
        (timedelta(hours=1), 3600),
        (timedelta(seconds=1.9), 1),
        (None, 900),
    ],
    ids=str,
)
def test_a_lifetime_takes_the_place_of_the_configured_one(
    issuer: TokenIssuer, lifetime: Any, seconds: int
) -> None:
    assert issuer.issue("me", {"lifetime": lifetime})[1]["exp"] == NOW + seconds


@pytest.mark.parametrize(
    "lifetime",
    [0, -1, timedelta(0), timedelta(seconds=-1), timedelta(milliseconds=999), 1.5, True, "900"],
    ids=str,
)
def test_a_lifetime_of_no_second_is_refused(issuer: TokenIssuer, lifetime: Any) -> None:
    with pytest.raises(IssueError, match="the lifetime must be"):
        issuer.issue("me", {"lifetime": lifetime})


@pytest.mark.parametrize(("lifetime", "came"), [("15m", "of type str"), (0, "less")])
def test_a_lifetime_that_is_none_is_described(
    issuer: TokenIssuer, lifetime: Any, came: str
) -> None:
    with pytest.raises(IssueError, match=f"such as lifetime=900, of at least one; it is {came}$"):
        issuer.issue("me", {"lifetime": lifetime})


@pytest.mark.parametrize("lifetime", [253_402_300_799, 10**30, timedelta.max], ids=str)
def test_a_lifetime_beyond_the_calendar_is_refused(issuer: TokenIssuer, lifetime: Any) -> None:
    with pytest.raises(IssueError, match="beyond the year 9999"):
        issuer.issue("me", {"lifetime": lifetime})


def test_a_lifetime_may_reach_the_last_second_of_the_calendar(issuer: TokenIssuer) -> None:
    lifetime = 253_402_300_799 - NOW
    assert issuer.issue("me", {"lifetime": lifetime})[1]["exp"] == 253_402_300_799


@pytest.mark.parametrize("subject", ["", None, 7, b"me", ["me"], True], ids=repr)
def test_a_subject_is_a_text_that_is_not_empty(issuer: TokenIssuer, subject: Any) -> None:
    with pytest.raises(IssueError, match="the subject must be a str"):
        issuer.issue(subject, {})


@pytest.mark.parametrize(
    ("scope", "written"),
    [
        ("notes:read", "notes:read"),
        ("a b", "a b"),
        ("  a   b ", "a b"),
        (["a", "b"], "a b"),
        (("a",), "a"),
        ("!#[]~", "!#[]~"),
    ],
    ids=str,
)
def test_a_scope_is_written(issuer: TokenIssuer, scope: Any, written: str) -> None:
    assert issuer.issue("me", {"scope": scope})[1]["scope"] == written


@pytest.mark.parametrize("scope", [None, "", " ", [], ()], ids=repr)
def test_an_empty_scope_is_left_out(issuer: TokenIssuer, scope: Any) -> None:
    assert "scope" not in issuer.issue("me", {"scope": scope})[1]


@pytest.mark.parametrize(
    "scope", ['a"b', "a\\b", "ä", "a\x7f", ["a b"], [""], [7], ["a", None], "a\x00b"], ids=ascii
)
def test_a_scope_outside_its_alphabet_is_refused(issuer: TokenIssuer, scope: Any) -> None:
    with pytest.raises(IssueError, match="is not a scope"):
        issuer.issue("me", {"scope": scope})


@pytest.mark.parametrize("scope", ["a\u00a0b", "a\u2003b", "a\x1cb"], ids=ascii)
def test_only_a_space_separates_scopes(issuer: TokenIssuer, scope: str) -> None:
    with pytest.raises(IssueError, match="is not a scope"):
        issuer.issue("me", {"scope": scope})


def test_the_apps_own_claims_are_written(issuer: TokenIssuer) -> None:
    own = {"role": "guest", "https://example.com/n": [1, None, {"a": True}], "ä": "€"}
    claims = claims_of(issuer.issue("me", {"claims": own})[0])
    assert {name: claims[name] for name in own} == own


def test_the_reserved_claims_are_those_of_the_design() -> None:
    assert (
        set("iss sub aud exp iat nbf jti scope client_id sid cnf auth_time csrf".split())
        == RESERVED_CLAIMS
    )


@pytest.mark.parametrize("name", sorted(RESERVED_CLAIMS))
@pytest.mark.parametrize("value", ["x", None], ids=repr)
def test_a_reserved_claim_is_refused(issuer: TokenIssuer, name: str, value: object) -> None:
    with pytest.raises(IssueError, match=f"the claim {name} is reserved"):
        issuer.issue("me", {"claims": {name: value}})


@pytest.mark.parametrize("name", [1, None, True, b"role", ("a",)], ids=repr)
def test_the_name_of_a_claim_is_text(issuer: TokenIssuer, name: Any) -> None:
    with pytest.raises(IssueError, match="is not a str"):
        issuer.issue("me", {"claims": {name: "x"}})


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(object(), id="object"),
        pytest.param({1, 2}, id="set"),
        pytest.param(b"octets", id="bytes"),
        pytest.param(timedelta(1), id="timedelta"),
        pytest.param(float("nan"), id="NaN"),
        pytest.param([float("inf")], id="Infinity"),
        pytest.param("\ud800", id="a lone surrogate"),
        pytest.param({"\ud800": 1}, id="a lone surrogate in a name"),
        pytest.param({1: 1, "1": 2}, id="names that become one"),
        pytest.param({("a",): 1}, id="a tuple as a name"),
        pytest.param(nested(32), id="nested too deeply"),
        pytest.param(10**5000, id="an int of 5001 digits"),
    ],
)
def test_a_claim_that_is_not_json_is_refused(issuer: TokenIssuer, value: object) -> None:
    with pytest.raises(IssueError, match=r'claims\["own"\].* cannot be written as JSON'):
        issuer.issue("me", {"claims": {"own": value}})


@pytest.mark.parametrize(
    ("value", "place"),
    [
        pytest.param({"c": [1, {2}]}, '["c"][1]', id="a set in a list"),
        pytest.param([{"c": "\udcff"}], '[0]["c"]', id="no Unicode"),
        pytest.param({"\n": b""}, r'["\n"]', id="below a name of two lines"),
        pytest.param({None: b""}, "[None]", id="below no name"),
        pytest.param({"c": {1: 1, "1": 2}}, '["c"]', id="names that become one"),
        pytest.param(json.loads("[" * 33 + "]" * 33), "[0]", id="lists too deep"),
    ],
)
def test_a_claim_that_is_not_json_is_named_by_its_path(
    issuer: TokenIssuer, value: object, place: str
) -> None:
    with pytest.raises(IssueError, match=re.escape(f'claims["b"]{place} cannot be written')):
        issuer.issue("me", {"claims": {"a": [], "b": value}})


def test_a_claim_that_holds_itself_is_named(issuer: TokenIssuer) -> None:
    own: dict[str, Any] = {}
    own["own"] = own
    with pytest.raises(IssueError, match=r'claims\["own"\] cannot be written as JSON'):
        issuer.issue("me", {"claims": own})


def test_a_claim_may_be_nested_as_deeply_as_it_is_read(issuer: TokenIssuer) -> None:
    token, claims = issuer.issue("me", {"claims": {"own": nested(31)}})
    assert claims_of(token) == claims


@pytest.mark.parametrize("subject", ["\ud800", "me\udcff"], ids=ascii)
def test_a_subject_that_is_not_unicode_is_refused(issuer: TokenIssuer, subject: str) -> None:
    with pytest.raises(IssueError, match="cannot be written as JSON"):
        issuer.issue(subject, {})


@pytest.mark.parametrize("claims", ["role", 7], ids=repr)
def test_claims_that_are_no_mapping_are_an_issue_error(issuer: TokenIssuer, claims: Any) -> None:
    with pytest.raises(IssueError):
        issuer.issue("me", {"claims": claims})


@pytest.mark.parametrize("options", [{"scope": 5}, {"audience": 5}, {"header": 5}], ids=str)
def test_an_option_of_a_wrong_kind_is_an_issue_error(issuer: TokenIssuer, options: Any) -> None:
    with pytest.raises(IssueError):
        issuer.issue("me", options)


def test_more_members_of_the_header_are_written(issuer: TokenIssuer) -> None:
    token, _ = issuer.issue("me", {"header": {"x": [1]}})
    assert parsed(token).header.members == {"alg": "HS256", "typ": "at+jwt", "x": [1]}


def test_a_header_is_for_one_token_alone(issuer: TokenIssuer) -> None:
    issuer.issue("me", {"header": {"x": 1}})
    assert "x" not in parsed(issuer.issue("me", {})[0]).header.members


@pytest.mark.parametrize("name", sorted(RESERVED_HEADERS))
def test_a_reserved_member_of_the_header_is_refused(issuer: TokenIssuer, name: str) -> None:
    with pytest.raises(IssueError, match=f"the header {name} is reserved"):
        issuer.issue("me", {"header": {name: "x"}})


@pytest.mark.parametrize(
    "name", "alg typ kid cty crit b64 jwk jku x5u x5c x5t x5t#S256 zip".split()
)
def test_what_selects_or_carries_keys_is_reserved(name: str) -> None:
    assert name in RESERVED_HEADERS


@pytest.mark.parametrize("value", [b"x", float("nan"), "\ud800", nested(32)], ids=ascii)
def test_a_header_that_is_not_json_is_refused(issuer: TokenIssuer, value: object) -> None:
    with pytest.raises(IssueError, match=r'header\["x"\].* cannot be written as JSON'):
        issuer.issue("me", {"header": {"x": value}})


@pytest.mark.parametrize("options", [{"claims": {}}, {"header": {}}, {"claims": None}], ids=str)
def test_an_empty_option_says_nothing(issuer: TokenIssuer, options: Any) -> None:
    assert issuer.issue("me", options)[1].keys() == {"sub", "iat", "exp", "jti"}


def test_a_token_our_own_verifier_would_refuse_is_not_issued() -> None:
    issuer = TokenIssuer(KEYS, lifetime=timedelta(1), max_size=256)
    with pytest.raises(IssueError, match="TOKENGUARD_MAX_TOKEN_SIZE is 256"):
        issuer.issue("me", {"claims": {"long": "x" * 200}})


@pytest.mark.parametrize("name", [None, "https://login.example.com/"])
def test_the_shortest_token_is_as_long_as_it_was_measured(
    clock: SettableClock, name: str | None
) -> None:
    issuer = TokenIssuer(KEYS, lifetime=timedelta(minutes=15), issuer=name, clock=clock)
    assert issuer.least_size() == len(issuer.issue("-", {})[0])


def test_without_a_private_key_no_size_is_too_small() -> None:
    issuer = TokenIssuer(NO_KEYS, lifetime=timedelta(1), max_size=0)
    issuer.check_size()
    assert issuer.least_size() == 0


def test_a_token_of_the_largest_size_is_issued(issuer: TokenIssuer) -> None:
    size = len(issuer.issue("me", {})[0])
    tight = TokenIssuer(KEYS, lifetime=timedelta(minutes=15), max_size=size)
    assert len(tight.issue("me", {})[0]) == size


def test_without_a_private_key_nothing_is_issued() -> None:
    with pytest.raises(ConfigurationError, match="No key can sign"):
        TokenIssuer(NO_KEYS, lifetime=timedelta(1)).issue("me", {})


def test_the_claims_of_the_app_are_not_changed(issuer: TokenIssuer) -> None:
    own = {"role": "guest"}
    issuer.issue("me", {"claims": own})
    assert own == {"role": "guest"}


def test_a_misspelt_option_issues_nothing(issuer: TokenIssuer) -> None:
    options = cast(IssueOptions, {"scopes": "read", "lifetime": 60})
    for refuse in (registered_claims, lambda options: issuer.issue("alice", options)):
        with pytest.raises(TypeError, match="no argument scopes="):
            refuse(options)


# In two steps.


@pytest.mark.parametrize(
    "options", [{"claims": {"own": object()}}, {"claims": {"own": "x" * 9000}}], ids=["a", "b"]
)
def test_what_cannot_be_issued_asks_no_store(options: Any) -> None:
    asked: list[str] = []

    def next_instant(subject: str) -> int:
        asked.append(subject)
        return 0

    issuer = TokenIssuer(KEYS, lifetime=timedelta(1), next_instant=next_instant)
    with pytest.raises(IssueError):
        issuer.issue("me", options)
    assert asked == []


@pytest.mark.parametrize("scope", ["a b", 'a"b', None])
def test_the_last_claims_come_when_a_token_is_signed(
    issuer: TokenIssuer, scope: str | None
) -> None:
    own = {"scopes": [',"scope":"a b"', {"scope": "a b"}]}
    draft = issuer.draft({"sub": "me"}, own=own)
    token, claims = issuer.sign(draft, b"j" * 16, None if scope is None else {"scope": scope})
    assert claims_of(token) == claims
    assert (claims.get("scope"), claims["jti"], claims["scopes"]) == (
        scope,
        ids.to_text(b"j" * 16),
        own["scopes"],
    )


def test_a_draft_has_room_for_its_last_claims() -> None:
    last = {"scope": "a b c"}
    size = len(sign_with(last))
    assert len(sign_with(last, max_size=size)) == size
    with pytest.raises(IssueError, match=f"{size} characters"):
        sign_with(last, max_size=size - 1)
