"""TOKENGUARD_FORMER_TOKENS: tokens of the real flask-jwt-extended are ours until a day."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from secrets import token_bytes
from typing import Any

import jwt
import pytest
from flask import Flask

from flask_tokenguard import (
    TokenGuard,
    current_user,
    end_all_sessions,
    issue_token,
    issue_token_pair,
    revoke_token,
    token_required,
)
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.errors import InvalidToken, IssueError, Reason, Unavailable
from flask_tokenguard.jose.compact import parse, parse_payload
from flask_tokenguard.stores.memory import MemoryStore

from ..conftest import MakeApp
from ..support import SettableClock, bearer
from .former import PROFILE, SHORT_SECRET, FormerApp, short_secrets

DAY = 86_400
STRANGE: list[object] = [None, True, -1, 1.5, 10**400, 2**53, "x", "", [], ["x"], {}]
Config = dict[str, Any]
Build = Callable[..., Flask]


@pytest.fixture
def clock() -> SettableClock:
    """A clock that is ahead of the real one, by which the former app issues."""
    return SettableClock(time.time() + 2)


@pytest.fixture
def former() -> FormerApp:
    return FormerApp()


def day_after(clock: SettableClock, days: int = 30) -> str:
    return datetime.fromtimestamp(clock.now + days * DAY, UTC).date().isoformat()


@pytest.fixture
def entry(clock: SettableClock) -> Config:
    """Tokens of the former app."""
    return {"profile": PROFILE, "key": SHORT_SECRET, "until": day_after(clock)}


@pytest.fixture
def guard(clock: SettableClock) -> TokenGuard:
    return TokenGuard(clock=clock)


@pytest.fixture
def build(make_app: MakeApp, guard: TokenGuard, entry: Config) -> Build:
    """Make an app that takes tokens of the former one."""

    def build(
        own: TokenGuard | None = None, *, more: Config | None = None, **settings: Any
    ) -> Flask:
        app = make_app(own or guard, FORMER_TOKENS=entry | (more or {}), **settings)

        @app.get("/fresh")
        @token_required(max_age=900)
        def fresh() -> str:
            return "fresh"

        return app

    return build


def verdict(app: Flask, token: str, path: str = "/claims") -> tuple[int, Any]:
    """Read the status, and the reason of a refusal or the claims."""
    answer = app.test_client().get(path, headers=bearer(token))
    return answer.status_code, answer.get_json(silent=True)


def accepts(app: Flask, token: str, path: str = "/claims") -> bool:
    return verdict(app, token, path)[0] == 200


def reason_of(app: Flask, token: str) -> Reason:
    guard: TokenGuard = app.extensions["guard"]
    with pytest.raises(InvalidToken) as raised:
        guard.verify(token)
    return raised.value.reason


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


class TestWithAStore:
    """Former tokens are older than the store, and are let in by an import."""

    @pytest.fixture
    def store(self, clock: SettableClock) -> MemoryStore:
        return MemoryStore(clock=clock)

    @pytest.fixture
    def app(self, build: Build, clock: SettableClock, store: MemoryStore) -> Flask:
        return build(TokenGuard(store=store, clock=clock))

    @pytest.fixture
    def imported(self, app: Flask) -> Flask:
        run_import(app)
        return app

    def test_an_answer_about_one_holds_until_an_end_here(
        self,
        build: Build,
        store: MemoryStore,
        clock: SettableClock,
        former: FormerApp,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        app = build(TokenGuard(store=store, clock=clock), REVOCATION_DELAY=300)
        run_import(app)
        token = former.access()
        assert accepts(app, token)
        with monkeypatch.context() as patch:
            patch.setattr(store, "standing", None)
            assert accepts(app, token)
        with app.app_context():
            revoke_token(token)
        assert reason_of(app, token) == Reason.REVOKED

    def test_without_an_import_they_are_refused(self, app: Flask, former: FormerApp) -> None:
        with pytest.raises(InvalidToken, match="older than our records") as raised:
            app.extensions["guard"].verify(former.access())
        assert raised.value.reason == Reason.OLDER_THAN_STORE
        assert "import-revoked" in raised.value.detail

    def test_an_empty_import_lets_them_in(self, imported: Flask, former: FormerApp) -> None:
        assert accepts(imported, former.access())

    def test_what_was_revoked_there_stays_so(self, app: Flask, former: FormerApp) -> None:
        bad, good = former.access(), former.access()
        claims = parse_payload(parse(bad))
        run_import(app, f"{claims['jti']},{claims['exp']}\n")
        assert reason_of(app, bad) == Reason.REVOKED
        assert accepts(app, good)

    def test_what_is_revoked_here_is_refused(self, imported: Flask, former: FormerApp) -> None:
        for way in (
            revoke_token,
            lambda token: revoke_token(jti=parse_payload(parse(token))["jti"]),
            lambda token: revoke_token(app_claims(imported, token)),
        ):
            token = former.access()
            assert accepts(imported, token)
            with imported.app_context():
                way(token)
            assert reason_of(imported, token) == Reason.REVOKED

    @pytest.mark.parametrize("is_named", [True, False])
    def test_the_end_of_all_sessions_ends_them(
        self, imported: Flask, former: FormerApp, is_named: bool
    ) -> None:
        token, other = former.access(), former.access("bob")
        with imported.app_context():
            end_all_sessions("alice" if is_named else app_claims(imported, token))
        assert reason_of(imported, token) == Reason.SUBJECT_ENDED
        assert accepts(imported, other)

    def test_a_new_store_refuses_them(
        self, build: Build, imported: Flask, former: FormerApp, clock: SettableClock
    ) -> None:
        token = former.access()
        assert accepts(imported, token)
        flushed = build(TokenGuard(store=MemoryStore(clock=clock), clock=clock))
        assert reason_of(flushed, token) == Reason.OLDER_THAN_STORE

    @pytest.mark.usefixtures("imported")
    def test_another_issuer_of_ours_asks_for_another_import(
        self, build: Build, store: MemoryStore, former: FormerApp
    ) -> None:
        renamed = build(TokenGuard(store=store), ISSUER="us")
        assert reason_of(renamed, former.access()) == Reason.OLDER_THAN_STORE

    def test_pruning_leaves_the_import(
        self, imported: Flask, store: MemoryStore, former: FormerApp, clock: SettableClock
    ) -> None:
        clock.now += 20 * DAY
        store.prune(lambda _done, _steps: None)
        token = former.access(expires_delta=timedelta(days=90))
        assert accepts(imported, token)

    @pytest.mark.parametrize(("outage", "status"), [("refuse", 503), ("accept", 200)])
    def test_a_store_that_is_away_is_no_reason_for_a_401(
        self,
        build: Build,
        former: FormerApp,
        store: MemoryStore,
        clock: SettableClock,
        monkeypatch: pytest.MonkeyPatch,
        outage: str,
        status: int,
    ) -> None:
        def away(*_: Any) -> Any:
            raise Unavailable(reason=Reason.UNAVAILABLE)

        app = build(TokenGuard(store=store, clock=clock), STORAGE_OUTAGE=outage)
        monkeypatch.setattr(store, "standing", away)
        assert verdict(app, former.access())[0] == status


def run_import(app: Flask, lines: str = "") -> None:
    result = app.test_cli_runner().invoke(tokenguard, ["import-revoked", "-"], input=lines)
    assert result.exit_code == 0, result.output


def app_claims(app: Flask, token: str) -> Any:
    guard: TokenGuard = app.extensions["guard"]
    return guard.verify(token).claims
