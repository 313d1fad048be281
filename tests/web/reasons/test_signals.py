"""The reasons of refusals: what a signal carries of the token, and on an open route."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from flask_tokenguard import (
    InvalidGrant,
    InvalidToken,
    Reason,
    current_token,
    issue_token,
    require_token,
    token_rejected,
    token_required,
)

from ...conftest import MakeApp
from ...support import SettableClock, bearer
from ..conftest import ID, GuardApp, Headers, Issue, Sign
from ..support import PREFLIGHT, new_view, received
from .support import CASES, OCT, Kit


def rejections(app: Flask, ask: Callable[[FlaskClient], object]) -> list[dict[str, Any]]:
    """Make a request, and list what `token_rejected` sent."""
    with received(token_rejected, app) as sent:
        ask(app.test_client())
    return sent


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
