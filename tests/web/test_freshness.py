"""`max_age`: whose login was too long ago is asked to log in again (RFC 9470)."""

from datetime import timedelta
from math import isfinite
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import TokenGuard, token_required
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.testing import assert_challenge, challenge_parameters

from ..jose.tokens import signed
from ..support import NO_INSTANTS, SettableClock, bearer
from .conftest import GuardApp, Headers, HeadersWith
from .support import refusal_of

STALE = (401, "insufficient_user_authentication")


@pytest.fixture
def client(guard_app: GuardApp, clock: SettableClock) -> FlaskClient:
    """A client of an app whose one view demands a login within 300 seconds, and a scope."""
    app: Flask = guard_app(Flask(__name__), TokenGuard(clock=clock))
    app.add_url_rule("/", view_func=token_required(max_age=300, scope="a")(lambda: "served"))
    return app.test_client()


@pytest.mark.parametrize(("age", "status"), [(0, 200), (300, 200), (301, 401)])
def test_a_login_may_be_as_old_as_that(
    client: FlaskClient, headers_with: HeadersWith, clock: SettableClock, age: int, status: int
) -> None:
    clock.now = int(clock.now)
    headers = headers_with(auth_time=clock.now - age, scope="a")
    assert client.get("/", headers=headers).status_code == status


def test_the_challenge_tells_how_recent_it_must_be(
    client: FlaskClient, headers_with: HeadersWith
) -> None:
    answer = client.get("/", headers=headers_with(auth_time=1, scope="a"))
    assert refusal_of(answer) == STALE
    assert challenge_parameters(answer)["max_age"] == "300"
    assert answer.get_json()["error"] == "insufficient_user_authentication"


@pytest.mark.parametrize(
    "moment",
    # NaN and what overflows a float are not JSON: such a token is refused as a whole.
    [value for value in NO_INSTANTS if not isinstance(value, float) or isfinite(value)],
    ids=lambda moment: str(moment)[:20],
)
def test_a_token_that_does_not_tell_is_not_recent(
    client: FlaskClient, headers_with: HeadersWith, moment: object
) -> None:
    assert refusal_of(client.get("/", headers=headers_with(auth_time=moment, scope="a"))) == STALE


@pytest.mark.parametrize(
    ("leeway", "ahead", "status"), [(0, 5, 200), (0, 6, 401), (30, 35, 200), (30, 36, 401)]
)
def test_a_login_may_lie_ahead_as_far_as_iat(
    guard_app: GuardApp,
    headers_with: HeadersWith,
    clock: SettableClock,
    leeway: int,
    ahead: int,
    status: int,
) -> None:
    clock.now = int(clock.now)
    app: Flask = guard_app(Flask(__name__), TokenGuard(clock=clock), LEEWAY=leeway)
    app.add_url_rule("/", view_func=token_required(max_age=300)(lambda: "served"))
    headers = headers_with(auth_time=clock.now + ahead)
    # The second time, the token is remembered.
    answers = [app.test_client().get("/", headers=headers).status_code for _ in range(3)]
    assert answers == [status] * 3


def test_another_issuers_login_may_lie_ahead_as_far_as_its_iat(
    guard_app: GuardApp, clock: SettableClock, private_keys: dict[str, PrivateKey]
) -> None:
    key, now = Key(private_keys["EdDSA"]), int(clock.now)
    entry = {"audience": "api", "keys": key.public_jwk(), "profile": "oidc-access", "leeway": 60}
    app: Flask = guard_app(Flask(__name__), TokenGuard(clock=clock), ISSUERS={"https://id": entry})
    app.add_url_rule("/", view_func=token_required(max_age=300)(lambda: "served"))
    claims = {"iss": "https://id", "aud": "api", "exp": now + 600}
    statuses = []
    for ahead in (65, 67):
        token = signed(key, claims | {"auth_time": now + ahead}, {"alg": "EdDSA", "kid": key.kid})
        statuses.append(app.test_client().get("/", headers=bearer(token)).status_code)
    assert statuses == [200, 401]


def test_a_401_comes_before_a_403(client: FlaskClient, headers: Headers) -> None:
    assert refusal_of(client.get("/", headers=headers)) == STALE


def test_without_a_token_one_is_demanded(client: FlaskClient) -> None:
    assert_challenge(client.get("/"))


def test_a_timedelta_will_do(
    guard_app: GuardApp, headers_with: HeadersWith, clock: SettableClock
) -> None:
    app: Flask = guard_app(Flask(__name__), TokenGuard(clock=clock))
    app.add_url_rule("/", view_func=token_required(max_age=timedelta(minutes=5))(lambda: ""))
    client = app.test_client()
    statuses = [
        client.get("/", headers=headers_with(auth_time=clock.now - age)).status_code
        for age in (299, 302)
    ]
    assert statuses == [200, 401]


@pytest.mark.parametrize("max_age", [-1, True, "300", timedelta(seconds=-1)], ids=repr)
def test_what_is_no_age_is_refused_at_import(max_age: Any) -> None:
    with pytest.raises(TypeError, match="max_age"):
        token_required(max_age=max_age)
