"""Sliding sessions: lost answers, reuse and outages, settings."""

from functools import cache
from secrets import token_urlsafe
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from flask_tokenguard import (
    ConfigurationError,
    TokenGuard,
    Unavailable,
    current_token,
    refresh_reused,
    token_required,
)
from flask_tokenguard.sessions.rotation import Sessions

from ...conftest import MakeApp
from ...support import SettableClock
from ..browser import (
    ACCESS,
    HOST,
    NAMES,
    REFRESH,
    get,
    value_of,
)
from ..conftest import GuardApp
from ..support import received
from .support import LIFETIME, QUARTER, SLIDING, signed_in, slid, with_views


def test_an_answer_that_was_lost_is_made_good_within_the_grace(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += LIFETIME
    spent, tokens = value_of(client, REFRESH), []
    for _ in range(2):
        client.delete_cookie(ACCESS, domain=HOST)
        client.set_cookie(REFRESH, spent, domain=HOST, secure=True)
        assert slid(get(client, "/me"))
        tokens.append(value_of(client, REFRESH))
    assert tokens[0] == tokens[1]
    clock.now += LIFETIME
    assert slid(get(client, "/me"))


def test_a_refresh_cookie_after_the_grace_ends_the_session(
    app: Flask, client: FlaskClient, clock: SettableClock
) -> None:
    spent = value_of(client, REFRESH)
    clock.now += LIFETIME
    get(client, "/me")
    # The store's clock is another one.
    app.extensions["tokenguard"].store._clock = lambda: clock.now + 11
    thief = app.test_client()
    thief.set_cookie(REFRESH, spent, domain=HOST, secure=True)
    with received(refresh_reused, app) as reused:
        assert get(thief, "/me").status_code == 401
    assert [signal["subject"] for signal in reused] == ["alice"]
    assert get(client, "/me").status_code == 401


def out_of_reach(*_: object, **__: object) -> Any:
    raise Unavailable("The store is away")


@pytest.mark.parametrize(("age", "status"), [(QUARTER, 200), (LIFETIME, 503)])
def test_an_outage_stops_whose_token_has_ended_alone(
    client: FlaskClient,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
    age: int,
    status: int,
) -> None:
    monkeypatch.setattr(Sessions, "rotate", out_of_reach)
    clock.now += age
    refused, passed = get(client, "/me"), get(client, "/open")
    assert (refused.status_code, passed.status_code) == (status, 200)
    assert not slid(refused)
    assert not slid(passed)


def test_tokens_are_sent_if_their_end_is_not_known(
    client: FlaskClient, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sessions, "is_alive", out_of_reach)
    clock.now += LIFETIME
    assert slid(get(client, "/me"))


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_a_pair_that_fits_no_cookie_is_logged_and_nothing_spent(
    app: Flask,
    client: FlaskClient,
    clock: SettableClock,
    caplog: pytest.LogCaptureFixture,
    age: int,
) -> None:
    extra: dict[str, str] = {"big": "x" * 4000}

    guard: TokenGuard = app.extensions["guard"]
    guard.default_claims(lambda _: extra)
    clock.now += age
    assert not slid(get(client, "/open"))
    assert "a session cannot slide: the cookie __Host-access_token would have" in caplog.text
    extra.clear()
    assert slid(get(client, "/me"))


@given(
    cookies=st.lists(
        st.tuples(
            st.sampled_from(NAMES),
            st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n\0")),
        )
    ),
    site=st.sampled_from(["same-origin", "cross-site", "x", ""]),
)
def test_whatever_the_cookies_hold_the_answer_is_no_error(
    cookies: list[tuple[str, str]], site: str
) -> None:
    header = "; ".join(f"{name}={value}" for name, value in cookies)
    headers = {"Cookie": header, "Sec-Fetch-Site": site}
    answer = rubbish_app().test_client(use_cookies=False).post("/me", headers=headers)
    assert answer.status_code in (400, 401, 403)
    assert not slid(answer)


@cache
def rubbish_app() -> Flask:
    """Make one app for all examples."""
    app = Flask(__name__)
    settings = SLIDING | {"KEY": token_urlsafe(64)}
    app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
    TokenGuard(app)
    return with_views(app)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"TOKEN_LOCATIONS": ["header"]}, "cookie in TOKENGUARD_TOKEN_LOCATIONS"),
        ({"STORAGE_URI": None}, "a store: set TOKENGUARD_STORAGE_URI"),
        ({"KEY": "ES256"}, "a private key, or a secret, to sign with"),
        ({"REFRESH_GRACE": 0}, "TOKENGUARD_REFRESH_GRACE of at least a second"),
    ],
)
def test_what_sliding_needs_is_a_fault_at_start_up(
    make_app: MakeApp, public_pems: dict[str, str], changed: dict[str, Any], fault: str
) -> None:
    if "KEY" in changed:
        changed = {"KEY": public_pems[changed["KEY"]]}
    with pytest.raises(ConfigurationError) as raised:
        make_app(**SLIDING | changed)
    (found,) = raised.value.faults
    assert found.startswith(f"TOKENGUARD_SLIDING_SESSIONS needs {fault}")


def test_an_app_without_a_request_s_hook_sends_its_answers(guard_app: GuardApp) -> None:
    app = guard_app(Flask(__name__), **SLIDING)
    app.before_request_funcs[None].insert(0, lambda: "early")
    assert app.test_client().get("/").text == "early"


def test_a_view_slides_only_by_a_cookie_that_it_names(
    make_app: MakeApp, clock: SettableClock
) -> None:
    app = with_views(make_app(TokenGuard(clock=clock), **SLIDING))
    for kind in ("cookie", "header"):
        app.add_url_rule(f"/by/{kind}", kind, token_required(locations=[kind])(lambda: ""))
    client = signed_in(app)
    clock.now += LIFETIME
    answers = [get(client, f"/by/{kind}") for kind in ("header", "cookie")]
    assert [(answer.status_code, slid(answer)) for answer in answers] == [(401, False), (200, True)]


@pytest.mark.parametrize("places", [["cookie:admin"], ["cookie:admin", "header"]])
@pytest.mark.parametrize("held", [None, "ended"])
def test_a_refresh_cookie_stands_for_no_other_cookie(
    make_app: MakeApp, clock: SettableClock, places: list[str], held: str | None
) -> None:
    app = with_views(make_app(TokenGuard(clock=clock), **SLIDING))
    app.add_url_rule("/admin", "admin", token_required(locations=places)(lambda: ""))
    client = signed_in(app)
    if held is not None:
        client.set_cookie("admin", value_of(client, ACCESS), domain=HOST)
    clock.now += LIFETIME
    answer = get(client, "/admin")
    assert (answer.status_code, slid(answer)) == (401, False)


def test_a_view_of_two_cookies_slides_by_the_one_that_slides(
    make_app: MakeApp, clock: SettableClock
) -> None:
    app = with_views(make_app(TokenGuard(clock=clock), **SLIDING))
    view = token_required(locations=["cookie:admin", "cookie"])(lambda: str(current_token.location))
    app.add_url_rule("/either", "either", view)
    client = signed_in(app)
    clock.now += LIFETIME
    answer = get(client, "/either")
    assert (answer.text, slid(answer)) == ("cookie", True)
