"""TOKENGUARD_FORMER_TOKENS: tokens."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from secrets import token_bytes
from typing import Any

import jwt
import pytest
from flask import Flask

from flask_tokenguard import (
    TokenGuard,
    current_user,
    issue_token,
    issue_token_pair,
    token_required,
)
from flask_tokenguard.errors import IssueError, Reason
from flask_tokenguard.jose.compact import parse, parse_payload
from flask_tokenguard.stores.memory import MemoryStore

from ...conftest import MakeApp
from ...support import SettableClock, bearer
from ..former import SHORT_SECRET, FormerApp, short_secrets
from .support import DAY, Build, Config, accepts, day_after, reason_of, run_import, verdict

STRANGE: list[object] = [None, True, -1, 1.5, 10**400, 2**53, "x", "", [], ["x"], {}]
ACCEPTED: dict[str, Callable[[FormerApp], str]] = {
    "access": lambda former: former.access(),
    "fresh": lambda former: former.access(fresh=True),
    "fresh for a time": lambda former: former.access(fresh=timedelta(minutes=5)),
    "claims": lambda former: former.access(additional_claims={"role": "admin", "scope": "a b"}),
    "headers": lambda former: former.access(additional_headers={"tenant": "t1"}),
    "long": lambda former: former.access(expires_delta=timedelta(days=700)),
}
REFUSED: dict[str, Callable[[FormerApp], str]] = {
    "refresh": lambda former: former.refresh(),
    "expired": lambda former: former.access(expires_delta=timedelta(seconds=-1)),
    "other secret": lambda _: FormerApp("another-secret").access(),
    "other algorithm": lambda _: FormerApp(ALGORITHM="HS512").access(),
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_what_was_accepted_there_is_accepted(former: FormerApp, build: Build, kind: str) -> None:
    token = ACCEPTED[kind](former)
    assert former.accepts(token)
    assert accepts(build(), token)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_was_refused_there_is_refused(former: FormerApp, build: Build, kind: str) -> None:
    token = REFUSED[kind](former)
    assert not former.accepts(token)
    assert not accepts(build(), token)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"expires_delta": False}, Reason.MISSING_CLAIM),
        ({"additional_headers": {"kid": "k1"}}, Reason.UNKNOWN_KEY),
        ({"additional_claims": {"cnf": {"jkt": "x"}}}, Reason.WRONG_CLAIM),
        ({"additional_claims": {"iss": "somebody"}}, Reason.WRONG_ISSUER),
        ({"additional_claims": {"aud": "somewhere"}}, Reason.WRONG_AUDIENCE),
    ],
    ids=["no exp", "kid", "cnf", "iss", "aud"],
)
def test_what_the_page_names_is_refused(
    former: FormerApp, build: Build, options: Config, reason: Reason
) -> None:
    token = former.access(**options)
    assert former.accepts(token)
    assert reason_of(build(), token) == reason


@pytest.mark.parametrize("lacking", ["type", "fresh", "jti", "iat", "exp"])
def test_what_else_was_signed_with_the_secret_is_no_token(
    former: FormerApp, build: Build, lacking: str
) -> None:
    claims = parse_payload(parse(former.access()))
    del claims[lacking]
    with short_secrets():
        reset_link = jwt.encode(claims, SHORT_SECRET, "HS256")
    assert reason_of(build(), reset_link) == Reason.MISSING_CLAIM


@pytest.mark.parametrize("fresh", [True, timedelta(minutes=5)], ids=["true", "for a time"])
def test_a_fresh_token_shows_a_recent_login(former: FormerApp, build: Build, fresh: Any) -> None:
    app, token = build(), former.access(fresh=fresh)
    assert former.accepts(token, "/fresh")
    assert accepts(app, token, "/fresh")


def test_a_token_that_is_not_fresh_shows_no_login(former: FormerApp, build: Build) -> None:
    token = former.access()
    assert not former.accepts(token, "/fresh")
    assert verdict(build(), token, "/fresh")[1]["error"] == "insufficient_user_authentication"


def test_a_token_is_fresh_for_as_long_as_it_names(
    former: FormerApp, build: Build, clock: SettableClock
) -> None:
    app, token = build(), former.access(fresh=timedelta(minutes=5))
    clock.now = parse_payload(parse(token))["fresh"]
    assert accepts(app, token, "/fresh")
    clock.now += 1
    assert not accepts(app, token, "/fresh")


def test_a_public_key_verifies_tokens_of_rs256(
    build: Build, private_pems: dict[str, str], public_pems: dict[str, str]
) -> None:
    former = FormerApp(
        ALGORITHM="RS256",
        PRIVATE_KEY=private_pems["RS256"],
        PUBLIC_KEY=public_pems["RS256"],
    )
    app = build(more={"key": public_pems["RS256"]})
    assert accepts(app, former.access())
    assert reason_of(app, FormerApp().access()) == Reason.WRONG_ALGORITHM


def test_a_public_key_is_no_secret_of_tokens(build: Build, public_pems: dict[str, str]) -> None:
    pem = public_pems["RS256"]
    signing_input, _, _ = FormerApp().access().rpartition(".")
    signature = hmac.digest(pem.encode(), signing_input.encode(), "sha256")
    forged = f"{signing_input}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert reason_of(build(more={"key": pem}), forged) == Reason.WRONG_ALGORITHM


@pytest.mark.parametrize("claim", "sub jti iat exp nbf fresh type iss aud".split())
def test_no_content_is_a_server_error(build: Build, claim: str) -> None:
    app = build(STORAGE_URI="memory://")
    run_import(app)
    app.register_blueprint(app.extensions["guard"].token_endpoints())
    client, good = app.test_client(), parse_payload(parse(FormerApp().access()))
    for value, kind in product(STRANGE, ("access", "refresh")):
        claims = json.dumps(good | {"type": kind, claim: value}).encode()
        with short_secrets():
            token = jwt.PyJWS().encode(claims, SHORT_SECRET, "HS256")
        answers = [
            client.get("/claims", headers=bearer(token)),
            client.post("/token", data={"grant_type": "refresh_token", "refresh_token": token}),
            client.post("/revoke", data={"token": token}),
        ]
        assert {answer.status_code for answer in answers} <= {200, 400, 401}


def test_a_token_of_a_day_is_refused_from_that_day_on(
    former: FormerApp, build: Build, clock: SettableClock
) -> None:
    token = former.access(expires_delta=timedelta(days=60))
    app = build(more={"until": day_after(clock, 1)})
    assert accepts(app, token)
    clock.now += DAY
    assert reason_of(app, token) == Reason.EXPIRED
    assert not accepts(app, token)


@pytest.mark.parametrize("issuer", [None, "us"])
def test_the_subject_is_one_of_ours(former: FormerApp, build: Build, issuer: str | None) -> None:
    status, claims = verdict(build(ISSUER=issuer), former.access())
    assert (status, claims["sub"], claims.get("iss")) == (200, "alice", issuer)


def test_an_issuer_and_an_audience_are_demanded(build: Build) -> None:
    named = FormerApp(ENCODE_ISSUER="old", ENCODE_AUDIENCE="api")
    app = build(more={"issuer": "old", "audience": "api"}, ISSUER="us")
    assert accepts(app, named.access())
    assert reason_of(app, FormerApp(ENCODE_AUDIENCE="api").access()) == Reason.MISSING_CLAIM
    assert reason_of(app, FormerApp(ENCODE_ISSUER="old").access()) == Reason.MISSING_CLAIM


def test_the_subject_may_stand_in_another_claim(build: Build) -> None:
    former = FormerApp(IDENTITY_CLAIM="identity", VERIFY_SUB=False)
    app = build(more={"subject_claim": "identity"})
    assert verdict(app, former.access("bob"))[1]["sub"] == "bob"
    forged = former.access("bob", additional_claims={"sub": "alice"})
    assert verdict(app, forged)[1]["sub"] == "bob"


def test_a_whole_number_is_a_subject_as_text(build: Build) -> None:
    former = FormerApp(VERIFY_SUB=False)
    assert verdict(build(), former.access(7))[1]["sub"] == "7"


@pytest.mark.parametrize("identity", [True, 7.5, None, "", ["alice"], {"id": 7}])
def test_what_is_neither_text_nor_number_is_no_subject(build: Build, identity: Any) -> None:
    app = build()
    token = FormerApp(VERIFY_SUB=False).access(identity)
    assert reason_of(app, token) in (Reason.MALFORMED_CLAIM, Reason.MISSING_CLAIM)


def test_the_user_loader_finds_the_user(former: FormerApp, build: Build, guard: TokenGuard) -> None:
    guard.user_loader(lambda claims: claims.subject)
    app = build()
    app.add_url_rule("/me", view_func=token_required(lambda: current_user))
    answer = app.test_client().get("/me", headers=bearer(former.access()))
    assert answer.text == "alice"


def test_a_token_that_comes_again_is_read_as_before(former: FormerApp, build: Build) -> None:
    app, token = build(ISSUER="us"), former.access(fresh=True)
    assert [verdict(app, token) for _ in range(3)] == [verdict(app, token)] * 3


def test_a_guard_with_other_issuers_takes_them_too(
    former: FormerApp, build: Build, public_pems: dict[str, str]
) -> None:
    others = {"https://id.example/": {"audience": "api", "keys": public_pems["ES256"]}}
    app, token = build(ISSUERS=others, ISSUER="us"), former.access()
    assert [accepts(app, token) for _ in range(3)] == [True] * 3
    foreign = former.access(additional_claims={"iss": "https://id.example/"})
    assert not accepts(app, foreign)
    assert reason_of(app, former.access(additional_claims={"iss": "us"})) == Reason.WRONG_ISSUER


def test_tokens_that_are_only_signed_pass_beside_encryption(
    former: FormerApp, build: Build, secret: str
) -> None:
    octets = urlsafe_b64encode(token_bytes(32)).rstrip(b"=").decode()
    key = {"kty": "oct", "k": octets, "alg": "dir", "enc": "A256GCM"}
    app = build(ENCRYPTION={"key": key})
    assert accepts(app, former.access())
    unencrypted = FormerApp(secret).access(additional_headers={"typ": "at+jwt"})
    assert reason_of(app, unencrypted) == Reason.NOT_ENCRYPTED


def test_the_old_key_signs_nothing(build: Build) -> None:
    app = build()
    with app.app_context():
        token = issue_token("alice")
    with short_secrets():
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(token, SHORT_SECRET, ["HS256"])
        ours = jwt.encode(parse_payload(parse(token)), SHORT_SECRET, headers={"typ": "at+jwt"})
    assert reason_of(app, ours) == Reason.BAD_SIGNATURE


def test_an_app_may_ask_its_own_blocklist(
    former: FormerApp, build: Build, guard: TokenGuard
) -> None:
    app, tokens = build(), [former.access() for _ in range(2)]
    former.revoked.add(parse_payload(parse(tokens[0]))["jti"])
    guard.former_token_revoked(lambda claims: claims.id in former.revoked)
    assert [accepts(app, token) for token in tokens] == [False, True]
    assert [former.accepts(token) for token in tokens] == [False, True]


def test_a_blocklist_is_not_asked_about_our_own_tokens(build: Build, guard: TokenGuard) -> None:
    app = build()
    guard.former_token_revoked(lambda _: True)
    with app.app_context():
        assert accepts(app, issue_token("alice"))


def test_a_blocklist_must_not_be_awaited(
    former: FormerApp, build: Build, guard: TokenGuard
) -> None:
    async def ask(_: Any) -> bool:
        return False

    with pytest.raises(TypeError, match="must not be async"):
        guard.former_token_revoked(ask)
    app = build()

    def hidden(claims: Any) -> Any:
        coroutine = ask(claims)
        coroutine.close()
        return coroutine

    guard.former_token_revoked(hidden)
    with pytest.raises(TypeError, match="awaitable"):
        guard.verify(former.access())
    assert app.extensions["guard"] is guard


class TestOurTokens:
    """What another version of the app reads in ours, while both serve."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        """A clock by which the other version issues too."""
        return SettableClock(time.time())

    @pytest.fixture
    def old(self, secret: str) -> FormerApp:
        """The other version, with the same secret."""
        return FormerApp(secret)

    @pytest.fixture
    def app(self, build: Build, secret: str, clock: SettableClock) -> Flask:
        guard = TokenGuard(store=MemoryStore(clock=clock), clock=clock)
        return build(guard, more={"key": secret}, KEY=secret)

    def test_the_old_version_takes_our_access_token(self, app: Flask, old: FormerApp) -> None:
        with app.app_context():
            pair = issue_token_pair("alice")
        assert old.accepts(pair["access_token"])
        assert not old.accepts(pair["access_token"], "/refresh")

    def test_the_old_version_takes_our_refresh_token(self, app: Flask, old: FormerApp) -> None:
        with app.app_context():
            pair = issue_token_pair("alice")
        assert old.accepts(pair["refresh_token"], "/refresh")
        assert not old.accepts(pair["refresh_token"])

    def test_the_token_of_a_login_is_fresh_there(self, app: Flask, old: FormerApp) -> None:
        guard: TokenGuard = app.extensions["guard"]
        pair = guard.issue_token_pair("alice")
        assert old.accepts(pair["access_token"], "/fresh")
        assert not old.accepts(guard.issue_token("alice"), "/fresh")
        assert old.accepts(guard.issue_token("alice", claims={"fresh": True}), "/fresh")

    def test_the_token_of_a_refresh_is_not_fresh_there(
        self, app: Flask, clock: SettableClock
    ) -> None:
        guard: TokenGuard = app.extensions["guard"]
        pair = guard.issue_token_pair("alice")
        clock.now += 2
        later = guard.refresh_token_pair(token=pair["refresh_token"])
        assert parse_payload(parse(later["access_token"]))["fresh"] is False

    def test_ours_are_still_ours_here(self, app: Flask) -> None:
        pair = app.extensions["guard"].issue_token_pair("alice")
        assert accepts(app, pair["access_token"])
        assert not accepts(app, pair["refresh_token"])

    def test_another_claim_of_the_subject_is_written_too(self, build: Build, secret: str) -> None:
        old = FormerApp(secret, IDENTITY_CLAIM="identity")
        app = build(more={"key": secret, "subject_claim": "identity"}, KEY=secret)
        assert old.accepts(app.extensions["guard"].issue_token("alice"))

    @pytest.mark.parametrize("claim", ["type", "sub"])
    def test_what_the_old_version_reads_is_reserved(self, app: Flask, claim: str) -> None:
        guard: TokenGuard = app.extensions["guard"]
        with pytest.raises(IssueError, match=f"the claim {claim} is reserved"):
            guard.issue_token("alice", claims={claim: "access"})

    def test_it_is_not_written_from_that_day_on(self, app: Flask, clock: SettableClock) -> None:
        clock.now += 31 * DAY
        pair = app.extensions["guard"].issue_token_pair("alice")
        for token in (pair["access_token"], pair["refresh_token"]):
            assert not {"type", "fresh"} & parse_payload(parse(token)).keys()

    def test_it_is_not_written_without_former_tokens(self, make_app: MakeApp) -> None:
        token = make_app().extensions["guard"].issue_token("alice", claims={"type": "mine"})
        assert parse_payload(parse(token))["type"] == "mine"
