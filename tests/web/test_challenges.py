"""What a refused request is answered (RFC 6750 section 3, RFC 9110 section 11.6.1)."""

import re
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_tokenguard import (
    Claims,
    InsufficientScope,
    InvalidToken,
    Rejected,
    TokenGuard,
    Unavailable,
    VerifiedToken,
    token_required,
)
from flask_tokenguard.testing import assert_challenge, challenge_parameters

from ..conftest import MakeApp
from ..support import challenge_of
from .conftest import GuardApp, Headers, HeadersWith
from .support import new_view, refusal_of

Answer = Callable[..., TestResponse]

# RFC 6750 section 3: what `error` and `error_description` may hold.
_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")


@pytest.fixture
def answer(make_app: MakeApp) -> Answer:
    """Ask a view with this demand, of an app whose realm is `notes`, for its answer."""

    def ask(headers: Headers, method: str = "GET", **demand: Any) -> TestResponse:
        app = make_app(REALM="notes")
        app.add_url_rule("/", view_func=token_required(**demand)(new_view()))
        return app.test_client().open("/", method=method, headers=headers)

    return ask


def _app_that_raises(make_app: MakeApp, error: Exception) -> Flask:
    """Make an app with a rule that raises; what the rule is asked about is good otherwise."""

    def rule(_: VerifiedToken) -> NoReturn:
        raise error

    return make_app(TokenGuard(validators=[rule]), REALM="notes")


def test_a_missing_token_is_challenged_without_an_error_code(answer: Answer) -> None:
    assert challenge_of(answer({})) == 'Bearer realm="notes"'


def test_a_malformed_request_is_challenged_with_invalid_request(answer: Answer) -> None:
    response = answer({"Authorization": "Bearer"})
    assert_challenge(response, error="invalid_request")
    assert challenge_parameters(response).keys() == {"realm", "error", "error_description"}


def test_a_bad_token_is_challenged_with_invalid_token(
    answer: Answer, stale_headers: Headers
) -> None:
    response = answer(stale_headers)
    assert_challenge(response, error="invalid_token")
    assert challenge_parameters(response).keys() == {"realm", "error", "error_description"}


def test_a_short_scope_is_challenged_with_the_scope_needed(
    answer: Answer, headers_with: HeadersWith
) -> None:
    response = answer(headers_with(scope="notes:read"), scope="notes:read notes:write")
    assert_challenge(response, error="insufficient_scope")
    assert challenge_parameters(response)["scope"] == "notes:read notes:write"


def test_the_challenge_names_every_scope_of_which_one_is_needed(
    answer: Answer, headers: Headers
) -> None:
    response = answer(headers, any_scope=["admin", "notes:read"])
    assert challenge_parameters(response)["scope"] == "admin notes:read"


@pytest.mark.parametrize(
    "demand",
    [
        {"claims": {"role": "admin"}},
        {"issuers": "https://a.example"},
        {"check": lambda _: False},
        {"scope": "a", "check": lambda _: False},
    ],
    ids=["claims", "issuers", "check", "check with a scope that is met"],
)
def test_what_is_short_without_a_scope_is_challenged_without_one(
    answer: Answer, headers_with: HeadersWith, demand: dict[str, Any]
) -> None:
    response = answer(headers_with(scope="a"), **demand)
    assert_challenge(response, error="insufficient_scope")
    assert "scope" not in challenge_parameters(response)


def test_no_parameter_of_a_challenge_occurs_twice(answer: Answer, headers: Headers) -> None:
    names = re.findall(r"(\w+)=", challenge_of(answer(headers, scope="notes:read")))
    assert sorted(names) == ["error", "error_description", "realm", "scope"]


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, "token_missing"),
        ({"Authorization": "Bearer"}, "invalid_request"),
        ({"Authorization": "Bearer x"}, "invalid_token"),
    ],
)
def test_the_body_is_an_object_with_error_and_description(
    answer: Answer, headers: Headers, error: str
) -> None:
    response = answer(headers)
    body = response.get_json()
    assert response.mimetype == "application/json"
    assert body.keys() == {"error", "error_description"}
    assert body["error"] == error


def test_the_body_of_a_short_token_says_so_too(answer: Answer, headers: Headers) -> None:
    response = answer(headers, scope="notes:read")
    assert response.get_json() == {
        "error": "insufficient_scope",
        "error_description": challenge_parameters(response)["error_description"],
    }


@pytest.mark.parametrize("name", ['"', "\\", "\r\nSet-Cookie: a=b", "naïve", "\x00", "\x7f", "名"])
def test_a_description_stays_within_its_character_set(
    answer: Answer, headers: Headers, name: str
) -> None:
    parameters = challenge_parameters(answer(headers, claims={f"a{name}": 1}))
    assert _DESCRIPTION.fullmatch(parameters["error_description"] or "")
    assert parameters.keys() == {"realm", "error", "error_description"}


@pytest.mark.parametrize("scope", ['say"hi"', "back\\slash", "sc\xf6pe", "line\x00feed"])
def test_a_scope_stays_within_its_character_set(
    answer: Answer, headers: Headers, scope: str
) -> None:
    assert _DESCRIPTION.fullmatch(challenge_parameters(answer(headers, scope=scope))["scope"] or "")


def test_the_realm_is_the_apps_name_by_default(make_app: MakeApp) -> None:
    app = make_app()
    response = app.test_client().get("/claims")
    assert challenge_parameters(response) == {"realm": app.name}


def test_the_realm_is_not_a_name_that_a_server_made_up(guard_app: GuardApp) -> None:
    app = guard_app(Flask("_mod_wsgi_1f8c6a", root_path="."), PROTECT="all")
    app.add_url_rule("/", view_func=new_view())
    assert challenge_parameters(app.test_client().get("/")) == {"realm": "api"}


def test_a_realm_from_an_apps_name_has_allowed_characters_alone(guard_app: GuardApp) -> None:
    app = guard_app(Flask('no"t\\es', root_path="."), PROTECT="all")
    app.add_url_rule("/", view_func=new_view())
    assert challenge_parameters(app.test_client().get("/")) == {"realm": "no?t?es"}


@pytest.mark.parametrize(
    "value", ["hush", "hush hush", "hush.hush.hush", "a.hush.b", "\xe4hush", '"hush"', "hush,hush"]
)
def test_an_answer_never_repeats_what_was_sent(answer: Answer, value: str) -> None:
    response = answer({"Authorization": f"Bearer {value}"})
    assert response.status_code in {400, 401}
    assert "hush" not in f"{response.headers}{response.text}"


@pytest.mark.parametrize("case", ["missing", "malformed", "bad", "short"])
def test_head_is_refused_as_get_is_but_for_the_body(
    answer: Answer, headers: Headers, stale_headers: Headers, case: str
) -> None:
    cases = {"missing": {}, "malformed": {"Authorization": "Bearer"}, "bad": stale_headers}
    sent = cases.get(case, headers)
    got, head = answer(sent, scope="admin"), answer(sent, "HEAD", scope="admin")
    assert (head.status_code, head.data) == (got.status_code, b"")
    assert challenge_of(head) == challenge_of(got)


# What an app's own rules and views raise


def test_a_refusal_by_an_apps_rule_has_its_challenge(make_app: MakeApp, headers: Headers) -> None:
    app = _app_that_raises(make_app, InvalidToken("The tenant is closed", claim="tenant"))
    parameters = challenge_parameters(app.test_client().get("/claims", headers=headers))
    assert parameters["error_description"] == "The tenant is closed"


def test_a_plain_rejected_of_an_apps_rule_is_no_server_error(
    make_app: MakeApp, headers: Headers
) -> None:
    app = _app_that_raises(make_app, Rejected("The tenant is closed"))
    response = app.test_client().get("/claims", headers=headers)
    assert response.status_code in {400, 401, 403}


def test_a_rejected_of_a_check_is_answered_with_its_challenge(
    answer: Answer, headers: Headers
) -> None:
    def check(_: Claims) -> bool:
        raise InvalidToken("The tenant is closed")

    assert_challenge(answer(headers, check=check), error="invalid_token")


def test_an_outage_is_503_with_retry_after_and_no_challenge(
    make_app: MakeApp, headers: Headers
) -> None:
    app = _app_that_raises(make_app, Unavailable("The directory is down", retry_after=17))
    response = app.test_client().get("/claims", headers=headers)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "17")
    assert "WWW-Authenticate" not in response.headers
    assert response.get_json()["error_description"] == "The directory is down"


def test_retry_after_is_there_even_if_the_app_names_no_time(
    make_app: MakeApp, headers: Headers
) -> None:
    app = _app_that_raises(make_app, Unavailable())
    response = app.test_client().get("/claims", headers=headers)
    assert int(response.headers["Retry-After"]) > 0


def test_an_unavailable_of_a_check_is_503(answer: Answer, headers: Headers) -> None:
    def check(_: Claims) -> bool:
        raise Unavailable

    assert answer(headers, check=check).status_code == 503


@pytest.mark.parametrize(
    "rejected", ["x", "a.b.c", "", "\xe4"], ids=["text", "three parts", "empty", "not ASCII"]
)
def test_a_refusal_that_a_view_does_not_catch_has_its_challenge(
    make_app: MakeApp, rejected: str
) -> None:
    guard = TokenGuard()
    app = make_app(guard)
    app.add_url_rule("/", "verify", lambda: guard.verify(rejected).claims)
    assert_challenge(app.test_client().get("/"), error="invalid_token")


def test_an_unavailable_that_a_view_does_not_catch_is_503(make_app: MakeApp, token: str) -> None:
    def rule(_: VerifiedToken) -> NoReturn:
        raise Unavailable

    guard = TokenGuard(validators=[rule])
    app = make_app(guard)
    app.add_url_rule("/", "verify", lambda: guard.verify(token).claims)
    response = app.test_client().get("/")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("error", [InvalidToken, InsufficientScope])
def test_a_refusal_that_a_view_raises_itself_has_its_challenge(
    make_app: MakeApp, error: type[Rejected]
) -> None:
    app = make_app(REALM="notes")

    @app.get("/")
    def view() -> NoReturn:
        raise error

    response = app.test_client().get("/")
    assert refusal_of(response) == (error.code, error.error)
    assert challenge_parameters(response)["realm"] == "notes"


def test_a_short_scope_knows_what_is_missing(make_app: MakeApp, headers_with: HeadersWith) -> None:
    app = make_app()
    app.add_url_rule("/", view_func=token_required(scope="a b c")(new_view()))

    @app.errorhandler(InsufficientScope)
    def say(error: InsufficientScope) -> Any:
        return {"missing": error.missing, "scope": error.scope}

    response = app.test_client().get("/", headers=headers_with(scope="b"))
    assert response.get_json() == {"missing": ["a", "c"], "scope": ["a", "b", "c"]}


def test_an_open_route_is_challenged_for_nothing(make_app: MakeApp, stale_headers: Headers) -> None:
    app = make_app()
    app.add_url_rule("/", view_func=new_view())
    assert "WWW-Authenticate" not in app.test_client().get("/", headers=stale_headers).headers
