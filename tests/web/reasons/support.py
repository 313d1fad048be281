"""The reasons of refusals: what the tests share."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import (
    InvalidToken,
    Reason,
    TokenGuard,
    Unavailable,
    VerifiedToken,
    issue_token_pair,
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

from ...conftest import MakeApp
from ...support import bearer
from ..conftest import ID, Issue, Sign
from ..support import new_view

DAY = 86_400
OCT = {"kty": "oct", "k": urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()}


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
