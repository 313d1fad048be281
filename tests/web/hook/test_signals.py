"""The hook that authenticates each request: signals, the logger."""

import logging

import pytest
from flask.testing import FlaskClient

from flask_tokenguard import (
    TokenGuard,
    Unavailable,
    issue_token,
    token_accepted,
    token_issued,
    token_rejected,
    token_required,
)
from flask_tokenguard.testing import assert_challenge

from ...conftest import MakeApp
from ...support import bearer
from ..conftest import Headers, HeadersWith
from ..support import foreign, new_view, received
from .support import _is_down


def test_an_issued_token_is_signalled_with_its_claims(make_app: MakeApp) -> None:
    app = make_app()
    with received(token_issued, app) as sent, app.app_context():
        token = issue_token("bob", scope="a")
    assert [(list(values), values["claims"]["sub"]) for values in sent] == [(["claims"], "bob")]
    assert token not in repr(sent)


@pytest.mark.parametrize("path", ["/claims", "/open", "/wrapped"])
@pytest.mark.parametrize("places", [["header"], ["header", "form", "json"]], ids="+".join)
def test_an_accepted_token_is_signalled_once(
    make_app: MakeApp, headers: Headers, path: str, places: list[str]
) -> None:
    app = make_app(TOKEN_LOCATIONS=places)
    app.add_url_rule("/open", "open", new_view())
    app.add_url_rule("/wrapped", "wrapped", foreign(token_required(new_view())))
    with received(token_accepted, app) as sent:
        app.test_client().get(path, headers=headers)
    assert [values["token"].claims["sub"] for values in sent] == ["alice"]


@pytest.mark.parametrize("path", ["/claims", "/open", "/wrapped"])
@pytest.mark.parametrize("places", [["header"], ["header", "form", "json"]], ids="+".join)
def test_a_rejected_token_is_signalled_once_with_the_reason(
    make_app: MakeApp, stale_headers: Headers, path: str, places: list[str]
) -> None:
    app = make_app(TOKEN_LOCATIONS=places)
    app.add_url_rule("/open", "open", new_view())
    app.add_url_rule("/wrapped", "wrapped", foreign(token_required(new_view())))
    with received(token_rejected, app) as sent:
        app.test_client().get(path, headers=stale_headers)
    assert [(values["error"].claim, values["error"].description) for values in sent] == [
        ("exp", "The token has expired (exp)")
    ]


def test_a_short_token_is_signalled_as_accepted_and_as_rejected(
    make_app: MakeApp, headers: Headers
) -> None:
    app = make_app()
    app.add_url_rule("/", view_func=token_required(scope="a")(new_view()))
    with received(token_accepted, app) as accepted, received(token_rejected, app) as rejected:
        assert_challenge(app.test_client().get("/", headers=headers), error="insufficient_scope")
    assert [values["token"].claims["sub"] for values in accepted] == ["alice"]
    assert [values["error"].missing for values in rejected] == [("a",)]


def test_an_outage_is_signalled(make_app: MakeApp, headers: Headers) -> None:
    app = make_app(TokenGuard(validators=[_is_down]))
    with received(token_rejected, app) as sent:
        app.test_client().get("/claims", headers=headers)
    assert [type(values["error"]) for values in sent] == [Unavailable]


@pytest.mark.parametrize("value", ["", "Basic YTpi"])
def test_an_anonymous_request_is_no_rejected_token(open_client: FlaskClient, value: str) -> None:
    with received(token_rejected, open_client.application) as sent:
        open_client.get("/open", headers={"Authorization": value})
    assert sent == []


def test_a_signal_never_carries_the_token(make_app: MakeApp, headers_with: HeadersWith) -> None:
    app, stale, good = make_app(), headers_with(exp=1), headers_with()
    with received(token_rejected, app) as rejected, received(token_accepted, app) as accepted:
        app.test_client().get("/claims", headers=stale)
        app.test_client().get("/claims", headers=good)
    error, token = rejected[0]["error"], accepted[0]["token"]
    shown = f"{error!r} {error} {vars(error)} {token!r} {token.header} {token.claims}"
    assert "eyJ" not in shown


def test_a_kept_refusal_holds_no_frame_of_ours(make_app: MakeApp, stale_headers: Headers) -> None:
    app = make_app()
    app.add_url_rule("/open", "open", new_view())
    with received(token_rejected, app) as sent:
        app.test_client().get("/open", headers=stale_headers)
    error = sent[0]["error"]
    assert (error.__traceback__, error.__context__) == (None, None)


@pytest.mark.parametrize("path", ["/claims", "/open"])
@pytest.mark.parametrize(
    "token", ["hush.hush.hush", "hush", "hush hush", "aHVzaA.aHVzaA.hush", '"hush"', "hush" * 4000]
)
def test_the_logger_never_prints_a_token(
    open_client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str, token: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        open_client.get(path, headers=bearer(token))
    assert [record.name for record in caplog.records] == ["flask_tokenguard"]
    assert "hush" not in caplog.text


def test_the_logger_never_prints_a_token_that_was_signed_rightly(
    open_client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    headers: Headers,
    stale_headers: Headers,
) -> None:
    with caplog.at_level(logging.DEBUG):
        open_client.get("/claims", headers=headers)
        open_client.get("/claims", headers=stale_headers)
    assert "The token has expired" in caplog.text
    assert "eyJ" not in caplog.text
    assert "alice" not in caplog.text


def test_issuing_logs_no_token(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app()
    with caplog.at_level(logging.DEBUG), app.app_context():
        issue_token("bob")
    assert "eyJ" not in caplog.text
