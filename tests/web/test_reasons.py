"""The reasons of refusals: each code by a real request, what a signal carries, what a log shows."""

import json
import logging
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import (
    InvalidGrant,
    InvalidToken,
    Reason,
    TokenGuard,
    Unavailable,
    VerifiedToken,
    current_token,
    issue_token,
    issue_token_pair,
    require_token,
    token_rejected,
    token_required,
)
from flask_tokenguard.fetching import Fetched, FetchError
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.testing import (
    broken_token,
    revoked,
    session_ended,
    subject_ended,
    user_gone,
)

from ..conftest import MakeApp
from ..jose.tokens import unsigned
from ..support import SettableClock, bearer
from .conftest import ID, GuardApp, Headers, Issue, Sign
from .support import PREFLIGHT, new_view, received

DAY = 86_400
OCT = {"kty": "oct", "k": urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()}
PASTED = secrets.token_urlsafe(32)


class AwayStore(MemoryStore):
    """A store that cannot be reached, and raises as the contract allows."""

    def standing(self, *_: object) -> Any:
        """Fail."""
        raise Unavailable


def refuse(_: VerifiedToken) -> None:
    raise InvalidToken("The moon is full\n", claim="moon")


def cannot_tell(_: VerifiedToken) -> None:
    raise Unavailable


def no_document(_url: str, _etag: str | None) -> Fetched:
    raise FetchError("it is away")


def no_keys(_url: str, _etag: str | None) -> Fetched:
    return Fetched(b'{"keys": []}')


@dataclass
class Kit:
    """What a case makes its request with; the last app is the one that refuses."""

    make_app: MakeApp
    sign: Sign
    claims: dict[str, Any]
    foreign: Issue
    app: Flask | None = None

    def client(self, guard: TokenGuard | None = None, **settings: Any) -> FlaskClient:
        self.app = self.make_app(guard, **settings)
        return self.app.test_client()

    def send(self, token: str, guard: TokenGuard | None = None, **settings: Any) -> TestResponse:
        return self.client(guard, **settings).get("/claims", headers=bearer(token))

    def state(self, **claims: Any) -> TestResponse:
        """Send a well-signed token that states something else; None leaves a claim out."""
        return self.send(self.stating(**claims))

    def stating(self, **claims: Any) -> str:
        stated = self.claims | claims
        return self.sign({name: value for name, value in stated.items() if value is not None})

    def head(self, **header: Any) -> TestResponse:
        return self.send(self.sign(self.claims, {"alg": "HS256", "typ": "at+jwt", **header}))

    def demand(self, **demanded: Any) -> TestResponse:
        client = self.client()
        assert self.app is not None
        self.app.add_url_rule("/", "demanding", token_required(**demanded)(new_view()))
        return client.get("/", headers=bearer(self.sign(self.claims)))

    def stored(self) -> tuple[Flask, FlaskClient]:
        guard = TokenGuard()
        client = self.client(guard, STORAGE_URI="memory://", REFRESH_GRACE=0)
        assert self.app is not None
        self.app.register_blueprint(guard.token_endpoints())
        return self.app, client

    def broken(self, reason: Reason, **settings: Any) -> TestResponse:
        """Send a token that is refused for a reason of its own."""
        app = self.tested(**settings)
        return app.test_client().get("/claims", headers=bearer(broken_token(app, reason)))

    def ended(self, end: Callable[[Flask], str]) -> TestResponse:
        """Send a token that was good."""
        app = self.tested(STORAGE_URI="memory://")
        return app.test_client().get("/claims", headers=bearer(end(app)))

    def tested(self, guard: TokenGuard | None = None, **settings: Any) -> Flask:
        app = self.client(guard, **settings).application
        app.testing = True
        return app

    def ask(self, **body: str) -> TestResponse:
        return self.stored()[1].post("/token", data=body)

    def refresh(self, times: int = 1, **body: str) -> TestResponse:
        app, client = self.stored()
        with app.app_context():
            pair = issue_token_pair("alice", scope="a")
        body |= {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        return [client.post("/token", data=body) for _ in range(times)][-1]

    def ask_issuer(self, fetch: Any) -> TestResponse:
        entry = {"audience": "notes-api", "jwks_url": f"{ID}keys"}
        client = self.client(TokenGuard(fetch=fetch), ISSUERS={ID: entry})
        return client.get("/claims", headers=self.foreign())

    def resolve(self) -> TestResponse:
        client = self.client(TokenGuard(issuer_resolver=lambda _: {}))
        return client.get("/claims", headers=self.foreign())

    def cross_site(self) -> TestResponse:
        client = self.client(TOKEN_LOCATIONS=["cookie"])
        assert self.app is not None
        self.app.add_url_rule("/", "unsafe", token_required(new_view()), methods=["POST"])
        client.set_cookie("__Host-access_token", self.sign(self.claims))
        return client.post("/", headers={"Sec-Fetch-Site": "cross-site"})

    def user_gone(self) -> TestResponse:
        guard = TokenGuard()
        guard.user_loader(lambda claims: claims.subject)
        app = self.tested(guard)
        app.add_url_rule("/", "user", token_required(user=True)(new_view()))
        return app.test_client().get("/", headers=bearer(user_gone(app)))


# Those that a token alone can have, in an app without a store and without encryption.
OF_TOKENS = [
    *[Reason.TOO_LARGE, Reason.MALFORMED, Reason.UNKNOWN_KEY, Reason.WRONG_ALGORITHM],
    *[Reason.BAD_SIGNATURE, Reason.WRONG_TYPE, Reason.WRONG_ISSUER, Reason.WRONG_AUDIENCE],
    *[Reason.MISSING_CLAIM, Reason.MALFORMED_CLAIM, Reason.WRONG_CLAIM, Reason.EXPIRED],
    Reason.NOT_YET_VALID,
]
CASES: dict[Reason, Callable[[Kit], TestResponse]] = {
    Reason.TOKEN_MISSING: lambda kit: kit.client().get("/claims"),
    Reason.TWO_CREDENTIALS: lambda kit: kit.client(TOKEN_LOCATIONS=["header", "query"]).get(
        "/claims?access_token=b", headers=bearer("a")
    ),
    Reason.MALFORMED_REQUEST: lambda kit: kit.send("a b"),
    Reason.BODY_TOO_LARGE: lambda kit: kit.ask(grant_type="refresh_token", more="x" * 40_000),
    Reason.CROSS_SITE: lambda kit: kit.cross_site(),
    **{reason: partial(Kit.broken, reason=reason) for reason in OF_TOKENS},
    Reason.NOT_ENCRYPTED: lambda kit: kit.broken(Reason.NOT_ENCRYPTED, ENCRYPTION={"key": OCT}),
    Reason.NOT_DECRYPTABLE: lambda kit: kit.broken(Reason.NOT_DECRYPTABLE, ENCRYPTION={"key": OCT}),
    Reason.LIVES_TOO_LONG: lambda kit: kit.broken(Reason.LIVES_TOO_LONG, STORAGE_URI="memory://"),
    Reason.OLDER_THAN_STORE: lambda kit: kit.broken(
        Reason.OLDER_THAN_STORE, STORAGE_URI="memory://"
    ),
    Reason.REVOKED: lambda kit: kit.ended(revoked),
    Reason.SESSION_ENDED: lambda kit: kit.ended(session_ended),
    Reason.SUBJECT_ENDED: lambda kit: kit.ended(subject_ended),
    Reason.USER_GONE: Kit.user_gone,
    Reason.APP_RULE: lambda kit: kit.send(kit.stating(), TokenGuard(validators=[refuse])),
    Reason.LOGIN_TOO_OLD: lambda kit: kit.demand(max_age=60),
    Reason.INSUFFICIENT_SCOPE: lambda kit: kit.demand(scope="a b"),
    Reason.INSUFFICIENT_ROLE: lambda kit: kit.demand(role="admin"),
    Reason.INSUFFICIENT_CLAIMS: lambda kit: kit.demand(claims={"plan": "paid"}),
    Reason.ISSUER_NOT_ALLOWED: lambda kit: kit.demand(issuers=ID),
    Reason.CHECK_FAILED: lambda kit: kit.demand(check=lambda _: False),
    Reason.UNSUPPORTED_GRANT: lambda kit: kit.ask(grant_type="password"),
    Reason.WRONG_METHOD: lambda kit: kit.stored()[1].get("/token"),
    Reason.SCOPE_NOT_GRANTED: lambda kit: kit.refresh(scope="a b"),
    Reason.REFRESH_REUSED: lambda kit: kit.refresh(times=2),
    Reason.STORE_UNAVAILABLE: lambda kit: kit.send(kit.stating(), TokenGuard(store=AwayStore())),
    Reason.KEYS_UNAVAILABLE: lambda kit: kit.ask_issuer(no_document),
    Reason.NO_USABLE_KEY: lambda kit: kit.ask_issuer(no_keys),
    Reason.ISSUER_MISCONFIGURED: Kit.resolve,
    Reason.UNAVAILABLE: lambda kit: kit.send(kit.stating(), TokenGuard(validators=[cannot_tell])),
}


@pytest.fixture
def kit(make_app: MakeApp, sign: Sign, good_claims: dict[str, Any], issue: Issue) -> Kit:
    return Kit(make_app, sign, good_claims, issue)


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_is_sent_for_a_request(kit: Kit, reason: Reason) -> None:
    sent: list[dict[str, Any]] = []

    def receive(_: Flask, **values: Any) -> None:
        sent.append(values)

    with token_rejected.connected_to(receive):
        answer = CASES[reason](kit)
    assert [(values["reason"], values["refused"]) for values in sent] == [(reason, True)]
    error = sent[0]["error"]
    assert answer.status_code == error.code >= 400
    assert not error.detail or error.detail not in f"{answer.text}{answer.headers}"


# Refused, or the route was open


def rejections(app: Flask, ask: Callable[[FlaskClient], object]) -> list[dict[str, Any]]:
    """Make a request, and list what `token_rejected` sent."""
    with received(token_rejected, app) as sent:
        ask(app.test_client())
    return sent


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    app = make_app()
    app.add_url_rule("/open", "open", new_view())
    app.add_url_rule("/asks", "asks", lambda: require_token()["sub"])
    app.add_url_rule("/optional", "optional", token_required(optional=True)(new_view()))
    return app


@pytest.mark.parametrize(
    ("path", "refused"),
    [("/claims", True), ("/asks", True), ("/optional", True), ("/open", False), ("/none", False)],
)
def test_a_signal_knows_whether_the_route_was_open(
    app: Flask, stale_headers: Headers, path: str, refused: bool
) -> None:
    (sent,) = rejections(app, lambda client: client.get(path, headers=stale_headers))
    assert (sent["reason"], sent["refused"]) == ("expired", refused)
    assert sent["endpoint"] == (None if path == "/none" else path.strip("/"))


def test_a_preflight_is_refused_nothing(app: Flask, stale_headers: Headers) -> None:
    sent = rejections(
        app, lambda client: client.options("/claims", headers=PREFLIGHT | stale_headers)
    )
    assert [(values["reason"], values["refused"]) for values in sent] == [("expired", False)]


@pytest.mark.parametrize("path", ["/open", "/optional"])
def test_a_missing_token_is_no_refusal_where_none_is_demanded(app: Flask, path: str) -> None:
    assert rejections(app, lambda client: client.get(path)) == []


def test_a_refusal_that_a_view_catches_is_sent_once(app: Flask, stale_headers: Headers) -> None:
    @app.get("/twice")
    def twice() -> str:
        for _ in range(2):
            with pytest.raises(InvalidToken):
                require_token()
        return "served"

    sent = rejections(app, lambda client: client.get("/twice", headers=stale_headers))
    assert [values["refused"] for values in sent] == [True]


def test_two_tokens_in_two_looks_are_one_refusal(
    make_app: MakeApp, stale_headers: Headers, token: str
) -> None:
    app = make_app(TOKEN_LOCATIONS=["header", "form"])
    app.add_url_rule("/asks", "asks", lambda: require_token()["sub"], methods=["POST"])
    body = {"access_token": token}
    sent = rejections(app, lambda client: client.post("/asks", data=body, headers=stale_headers))
    assert [values["reason"] for values in sent] == ["two_credentials"]


def test_an_early_look_does_not_report_twice(app: Flask, stale_headers: Headers) -> None:
    @app.url_value_preprocessor
    def look(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
        assert not current_token

    sent = rejections(app, lambda client: client.get("/open", headers=stale_headers))
    assert [values["reason"] for values in sent] == ["expired"]


def test_a_bad_token_that_is_to_be_revoked_is_refused_nothing(kit: Kit) -> None:
    app, client = kit.stored()
    with received(token_rejected, app) as sent:
        assert client.post("/revoke", data={"token": "x.y.z"}).status_code == 200
    assert [(values["reason"], values["refused"]) for values in sent] == [("malformed", False)]


def test_a_token_that_cannot_be_revoked_has_its_claims(kit: Kit) -> None:
    app, client = kit.stored()
    with received(token_rejected, app) as sent:
        client.post("/revoke", data={"token": kit.stating(jti=None)})
    (values,) = sent
    assert (values["reason"], values["error"].claims["sub"]) == ("missing_claim", "alice")


def test_a_token_that_came_by_another_way_has_no_endpoint(app: Flask) -> None:
    with received(token_rejected, app) as sent, pytest.raises(InvalidToken):
        app.extensions["guard"].verify("x.y.z")
    assert [(values["refused"], values["endpoint"]) for values in sent] == [(True, None)]


# Issuer, kid and claims


def test_a_signal_names_the_trusted_issuer_and_its_key(
    guard_app: GuardApp, entries: dict[str, Any], issue: Issue
) -> None:
    app = guard_app(Flask(__name__), ISSUERS=entries)
    app.add_url_rule("/claims", "claims", token_required(new_view()))
    (sent,) = rejections(app, lambda client: client.get("/claims", headers=issue(exp=1)))
    assert (sent["issuer"], sent["error"].claims["iss"]) == (ID, ID)
    assert sent["kid"] == sent["error"].kid is not None


def test_a_signal_names_no_issuer_and_no_key_that_is_not_known(
    guard_app: GuardApp, entries: dict[str, Any], sign: Sign
) -> None:
    app = guard_app(Flask(__name__), ISSUERS=entries)
    unknown = bearer(sign({"iss": "https://unknown.example"}, {"alg": "HS256", "kid": "k"}))
    (sent,) = rejections(app, lambda client: client.get("/", headers=unknown))
    assert (sent["reason"], sent["issuer"], sent["kid"]) == ("wrong_issuer", None, None)


WITHOUT_CLAIMS = {
    *[Reason.TOKEN_MISSING, Reason.TWO_CREDENTIALS, Reason.MALFORMED_REQUEST],
    *[Reason.BODY_TOO_LARGE, Reason.TOO_LARGE, Reason.MALFORMED, Reason.NOT_ENCRYPTED],
    *[Reason.NOT_DECRYPTABLE, Reason.UNKNOWN_KEY, Reason.WRONG_ALGORITHM, Reason.BAD_SIGNATURE],
    *[Reason.UNSUPPORTED_GRANT, Reason.WRONG_METHOD, Reason.KEYS_UNAVAILABLE],
    *[Reason.NO_USABLE_KEY, Reason.ISSUER_MISCONFIGURED],
}


@pytest.mark.parametrize("reason", Reason)
def test_an_error_has_claims_where_the_signature_was_good(kit: Kit, reason: Reason) -> None:
    errors: list[Any] = []

    def receive(_: Flask, *, error: Any, **_more: Any) -> None:
        errors.append(error)

    with token_rejected.connected_to(receive):
        CASES[reason](kit)
    (error,) = errors
    assert (error.claims is None) is (reason in WITHOUT_CLAIMS)
    assert error.claims is None or error.claims["sub"] == "alice"


@pytest.mark.parametrize("exp", [1, "soon"])
def test_a_refresh_token_that_is_refused_has_its_claims(
    kit: Kit, clock: SettableClock, exp: object
) -> None:
    app, client = kit.stored()
    now = int(clock.now)
    stated = {
        "sub": "alice",
        "jti": "1",
        "iat": now,
        "exp": now + 60,
        "session_exp": exp,
        "auth_time": now,
    }
    token = kit.sign(stated, {"alg": "HS256", "typ": "rt+jwt"})
    with received(token_rejected, app) as sent:
        client.post("/token", data={"grant_type": "refresh_token", "refresh_token": token})
    (error,) = [values["error"] for values in sent]
    assert isinstance(error, InvalidGrant)
    assert (error.reason, error.claims) == ("malformed_claim", stated)


def test_a_forged_token_leaves_no_claims_behind_its_refusal(app: Flask, token: str) -> None:
    forged = bearer(token[:-8] + "AAAAAAAA")
    (sent,) = rejections(app, lambda client: client.get("/claims", headers=forged))
    assert sent["error"].claims is None
    assert "alice" not in repr(vars(sent["error"]))


# The token's text


def test_a_view_can_read_the_tokens_text(make_app: MakeApp, token: str) -> None:
    app = make_app()
    texts: list[str] = []

    @app.get("/text")
    @token_required
    def text() -> str:
        texts.append(current_token.text)
        return f"{current_token!r} {current_token} {g.claims!r}"

    for _ in range(2):
        answer = app.test_client().get("/text", headers=bearer(token))
        assert not any(part in answer.text for part in token.split("."))
    assert texts == [token, token]


def test_the_text_of_an_encrypted_token_is_what_came(make_app: MakeApp) -> None:
    app = make_app(ENCRYPTION={"key": OCT})
    app.add_url_rule("/text", "text", token_required(lambda: current_token.text))
    with app.app_context():
        token = issue_token("alice")
    assert app.test_client().get("/text", headers=bearer(token)).text == token
    assert token.count(".") == 4


# The log


def log_of(caplog: pytest.LogCaptureFixture, ask: Callable[[], object]) -> str:
    """Make a request, and read the one line about its token."""
    with caplog.at_level("INFO", "flask_tokenguard"):
        caplog.clear()
        ask()
    (line,) = [message for message in caplog.messages if message.startswith(("token ", "cannot "))]
    assert line.isprintable()
    assert line.isascii()
    return line


LINES: dict[str, tuple[Callable[[Kit], object], str]] = {
    "none": (
        CASES[Reason.TOKEN_MISSING],
        'token refused: token_missing, "A bearer token is required"; endpoint "claims"',
    ),
    "parts": (lambda kit: kit.send("a.b"), "malformed, "),
    "size": (lambda kit: kit.send("x" * 9000), "9000 characters came, at most 8160 are read"),
    "kid": (lambda kit: kit.head(kid="old"), 'kid "old" and alg "HS256" came, known kids: none'),
    "alg": (
        lambda kit: kit.head(alg="none"),
        'alg "none" came, accepted: "HS256"; endpoint "claims"',
    ),
    "typ": (lambda kit: kit.head(typ="JWT"), 'typ "jwt" came, accepted: "at+jwt"'),
    "no typ": (lambda kit: kit.head(typ=None), "malformed"),
    "no iss at all": (
        lambda kit: kit.send(kit.stating(), ISSUER="https://b.example"),
        'missing_claim, "The token names no issuer (iss)"; accepted: "https://b.example"',
    ),
    "iss": (
        lambda kit: kit.send(kit.stating(iss="https://a.example"), ISSUER="https://b.example"),
        'iss "https://a.example" came, accepted: "https://b.example"',
    ),
    "no iss": (lambda kit: kit.state(iss="https://a.example"), "came, accepted: nothing"),
    "slash": (
        lambda kit: kit.send(kit.stating(iss="https://a.example/"), ISSUER="https://a.example"),
        'iss "https://a.example/" came, "https://a.example" is accepted; a slash',
    ),
    "aud": (
        lambda kit: kit.send(kit.stating(aud=["a", "b"]), AUDIENCE="notes"),
        'aud "a", "b" came, accepted: "notes"',
    ),
    "no jti": (lambda kit: kit.state(jti=None), 'missing_claim, "The token has no jti"'),
    "exp": (lambda kit: kit.state(exp=1), "exp is 1, it is "),
    "text exp": (lambda kit: kit.state(exp="soon"), "exp is text of 4 characters"),
    "aud list": (lambda kit: kit.state(aud=[{}]), "aud is a list"),
    "scope": (
        CASES[Reason.INSUFFICIENT_SCOPE],
        'scope nothing came, accepted: "a", "b"; endpoint "demanding"',
    ),
    "login": (CASES[Reason.LOGIN_TOO_OLD], "no login came, it is "),
    "rule": (CASES[Reason.APP_RULE], r'app_rule, "The moon is full\n"; endpoint'),
    "grant": (CASES[Reason.UNSUPPORTED_GRANT], 'grant_type "password" came'),
    "encrypted": (CASES[Reason.NOT_DECRYPTABLE], "The token cannot be decrypted"),
}


@pytest.mark.parametrize("case", LINES)
def test_the_log_shows_what_came_and_what_is_accepted(
    kit: Kit, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    send, text = LINES[case]
    assert text in log_of(caplog, lambda: send(kit))


def test_the_log_sets_an_open_route_apart(
    app: Flask, stale_headers: Headers, caplog: pytest.LogCaptureFixture
) -> None:
    client = app.test_client()
    line = log_of(caplog, lambda: client.get("/open", headers=stale_headers))
    assert line.startswith("token passed over: expired, ")


@pytest.mark.parametrize(("path", "refused"), [("/open", False), ("/claims", True)])
def test_a_log_record_has_the_refusals_fields(
    app: Flask, stale_headers: Headers, caplog: pytest.LogCaptureFixture, path: str, refused: bool
) -> None:
    log_of(caplog, lambda: app.test_client().get(path, headers=stale_headers))
    (record,) = caplog.records
    fields = {name: value for name, value in vars(record).items() if name.startswith("tokenguard_")}
    assert fields == {
        "tokenguard_reason": "expired",
        "tokenguard_refused": refused,
        "tokenguard_issuer": None,
        "tokenguard_kid": None,
        "tokenguard_endpoint": path.strip("/"),
    }


def test_an_apps_own_field_of_the_log_costs_no_answer(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Record(logging.LogRecord):
        """As an app makes it that logs each request's endpoint."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            vars(self).update(endpoint="the app's", reason="the app's")

    monkeypatch.setattr(logging, "_logRecordFactory", Record)
    with caplog.at_level("INFO", "flask_tokenguard"):
        assert app.test_client().get("/claims").status_code == 401


def test_the_log_names_the_issuer_and_the_key(
    guard_app: GuardApp,
    entries: dict[str, Any],
    issue: Issue,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = guard_app(Flask(__name__), ISSUERS=entries)
    line = log_of(caplog, lambda: app.test_client().get("/", headers=issue(exp=1)))
    assert f'issuer "{ID}"; kid "' in line


HOSTILE = f'{PASTED}"\r\n\x1b[31m token refused: forged\u2028\x7f\x9b'


@pytest.mark.parametrize("member", ["alg", "kid", "typ", "enc", "jwk", "iss", "jti", "sub", "exp"])
@pytest.mark.parametrize("pasted", [PASTED, HOSTILE, PASTED * 40], ids=["as is", "hostile", "long"])
@pytest.mark.parametrize("parts", [3, 5])
def test_a_secret_in_the_wrong_place_is_not_logged(
    kit: Kit, caplog: pytest.LogCaptureFixture, member: str, pasted: str, parts: int
) -> None:
    header = {"alg": "HS256", "typ": "at+jwt", "kid": "k"} | {member: pasted}
    token = unsigned(header, json.dumps({member: pasted}).encode())
    token += ".a.b" if parts == 5 else ""
    line = log_of(caplog, lambda: kit.send(token, ENCRYPTION={"key": OCT, "required": False}))
    assert PASTED[8:20] not in line
    assert len(line) < 800
    assert not any(part and part in line for part in token.split(".")[:2])


@pytest.mark.parametrize(
    "pasted",
    [PASTED, HOSTILE, f"https://x:{PASTED}@id.example/"],
    ids=["as is", "hostile", "in a URL"],
)
def test_a_secret_as_an_unknown_issuer_is_not_logged(
    guard_app: GuardApp, entries: dict[str, Any], caplog: pytest.LogCaptureFixture, pasted: str
) -> None:
    client = guard_app(Flask(__name__), ISSUERS=entries).test_client()
    token = unsigned({"alg": "HS256"}, json.dumps({"iss": pasted}).encode())
    line = log_of(caplog, lambda: client.get("/", headers=bearer(token)))
    assert "wrong_issuer" in line
    assert PASTED[8:20] not in line


@pytest.mark.parametrize("reason", Reason)
def test_no_token_and_no_secret_is_logged(
    kit: Kit, secret: str, caplog: pytest.LogCaptureFixture, reason: Reason
) -> None:
    line = log_of(caplog, lambda: CASES[reason](kit))
    assert "eyJ" not in line
    assert secret not in line
    assert OCT["k"] not in line


def test_a_client_learns_only_the_claim(kit: Kit) -> None:
    answer = kit.send(kit.stating(iss="https://a.example/"), ISSUER="https://a.example")
    assert "a.example" not in answer.text + str(answer.headers)
    assert answer.get_json()["error_description"] == "The token is from another issuer (iss)"
