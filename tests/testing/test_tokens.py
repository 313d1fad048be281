"""Tokens of the kit: real ones, for an app in testing mode alone."""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import (
    Claims,
    ConfigurationError,
    Reason,
    TokenGuard,
    current_token,
    current_user,
    token_issued,
    token_rejected,
    token_required,
)
from flask_tokenguard.testing import (
    LoopbackIssuer,
    broken_token,
    client_with,
    revoked,
    session_ended,
    settable_clock,
    subject_ended,
    token_for,
    user_gone,
)

from ..conftest import MakeApp
from ..jose.tokens import encoded
from ..web.support import received
from .conftest import MakeTested


def test_a_token_is_issued_as_the_app_issues_them(app: Flask) -> None:
    with received(token_issued, app) as sent:
        token = token_for(app, "7", scope="notes:read", claims={"plan": "paid"}, lifetime=60)
    claims = client_with(app, token).get("/claims").get_json()
    assert (claims["sub"], claims["scope"], claims["plan"]) == ("7", "notes:read", "paid")
    assert claims["exp"] - claims["iat"] == 60
    assert len(sent) == 1


def test_a_request_with_its_own_header_sends_that(app: Flask) -> None:
    client = client_with(app, token_for(app, "ada"))
    headers = {"Authorization": f"Bearer {token_for(app, 'bob')}"}
    subjects = [client.get("/claims", headers=sent).get_json()["sub"] for sent in ({}, headers)]
    assert subjects == ["ada", "bob"]


def test_a_client_is_refused_where_it_could_send_nothing(make_tested: MakeTested) -> None:
    app = make_tested(TOKEN_LOCATIONS=["form"])
    with pytest.raises(ConfigurationError, match="names neither header nor cookie"):
        client_with(app, "x")


@pytest.mark.parametrize("locations", [["cookie"], ["header", "cookie"]])
@pytest.mark.parametrize("host", [None, "notes.example:8443"])
def test_a_client_sends_a_cookie_where_the_app_uses_them(
    make_tested: MakeTested, locations: list[str], host: str | None
) -> None:
    app = make_tested(TOKEN_LOCATIONS=locations)
    app.config["SERVER_NAME"] = host
    where = token_required(lambda: str(current_token.location))
    app.add_url_rule("/", "where", where, methods=["GET", "POST"])
    client = client_with(app, token_for(app, "ada"))
    assert [client.get("/").text, client.post("/").text] == ["cookie", "cookie"]
    assert client.post("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize(
    "entry",
    ["header:X-Auth-Token", "header:Authorization:Token", "header:Authorization", "cookie:a"],
)
def test_a_client_sends_it_where_the_app_names_a_place(make_tested: MakeTested, entry: str) -> None:
    app = make_tested(TOKEN_LOCATIONS=["form", entry])
    app.add_url_rule("/", "where", token_required(lambda: str(current_token.location)))
    assert client_with(app, token_for(app, "ada")).get("/").text == entry


def test_a_broken_token_goes_in_a_cookie_too(make_tested: MakeTested) -> None:
    app = make_tested(TOKEN_LOCATIONS=["cookie"], STORAGE_URI="memory://")
    assert reason_of(app, broken_token(app, "expired")) == (401, "expired")


def clock_of(app: Flask) -> None:
    with settable_clock(app):
        pass


KIT: dict[str, Callable[[Flask], object]] = {
    "token_for": lambda app: token_for(app, "ada"),
    "client_with": lambda app: client_with(app, "x"),
    "broken_token": lambda app: broken_token(app, "expired"),
    "revoked": revoked,
    "session_ended": session_ended,
    "subject_ended": subject_ended,
    "user_gone": user_gone,
    "settable_clock": clock_of,
}


@pytest.mark.parametrize("name", KIT)
def test_an_app_in_production_refuses_the_kit(make_app: MakeApp, name: str) -> None:
    app = make_app(STORAGE_URI="memory://")
    with pytest.raises(ConfigurationError, match="is not in testing mode"):
        KIT[name](app)


def test_an_app_without_a_guard_is_named() -> None:
    app = Flask("bare")
    app.testing = True
    with pytest.raises(ConfigurationError, match="'bare' has no TokenGuard"):
        token_for(app, "ada")


# A token that the app knows something of


def reason_of(app: Flask, token: str, path: str = "/claims") -> tuple[int, str]:
    """Send a token; return the status, and the reason that the signal has."""
    with received(token_rejected, app) as sent:
        status = client_with(app, token).get(path).status_code
    (values,) = sent
    return status, values["reason"]


@pytest.mark.parametrize("make", [revoked, session_ended, subject_ended])
def test_what_was_ended_is_refused_for_its_reason(app: Flask, make: Callable[..., str]) -> None:
    assert reason_of(app, make(app, "ada", scope="a")) == (401, make.__name__)


def test_what_ends_a_token_needs_a_store(make_tested: MakeTested) -> None:
    with pytest.raises(ConfigurationError, match="set TOKENGUARD_STORAGE_URI"):
        revoked(make_tested())


@pytest.fixture
def users(make_tested: MakeTested) -> Flask:
    """An app that finds a user for each subject that is a number."""
    guard = TokenGuard()

    @guard.user_loader
    def load(claims: Claims) -> int:
        return int(claims["sub"])

    app = make_tested(guard)
    app.add_url_rule("/me", "me", token_required(user=True)(lambda: str(int(current_user))))
    return app


def test_the_user_of_a_token_is_gone_and_others_stay(users: Flask) -> None:
    stays = client_with(users, token_for(users, "7"))
    gone = [user_gone(users, "7") for _ in range(2)]
    assert [reason_of(users, token, "/me") for token in gone] == [(401, "user_gone")] * 2
    assert stays.get("/me").text == "7"


def test_nobody_is_gone_without_a_user_loader(app: Flask) -> None:
    with pytest.raises(ConfigurationError, match=r"register one with @guard\.user_loader"):
        user_gone(app)


# Broken tokens

CALLS = {Reason.REVOKED, Reason.SESSION_ENDED, Reason.SUBJECT_ENDED, Reason.USER_GONE}
OF_TOKENS = [*Reason][[*Reason].index(Reason.TOO_LARGE) : [*Reason].index(Reason.OLDER_THAN_STORE)]
BROKEN = [reason for reason in (*OF_TOKENS, Reason.OLDER_THAN_STORE) if reason not in CALLS]
NEED_ENCRYPTION = {Reason.NOT_ENCRYPTED, Reason.NOT_DECRYPTABLE}
NEED_STORE = {Reason.LIVES_TOO_LONG, Reason.OLDER_THAN_STORE}
OCT = {"kty": "oct", "k": encoded(secrets.token_bytes(32))}
APPS: dict[str, dict[str, Any]] = {
    "HS256": {},
    "ES256": {"ISSUER": "https://api.example", "AUDIENCE": "notes"},
    "EdDSA": {"TYPES": ["JWT"], "LEEWAY": 300},
    "encrypted": {"ENCRYPTION": {"key": OCT}},
    "with foreign issuers": {"ISSUERS": {"https://id.example/": {"audience": "notes"}}},
}


@pytest.fixture(params=APPS)
def any_app(
    request: pytest.FixtureRequest, make_tested: MakeTested, private_pems: dict[str, str]
) -> Flask:
    """An app of each kind of key, with a store."""
    settings = dict(APPS[request.param], STORAGE_URI="memory://")
    if request.param in private_pems:
        settings["KEY"] = private_pems[request.param]
    return make_tested(**settings)


@pytest.mark.parametrize("reason", [*BROKEN])
def test_a_broken_token_is_refused_for_its_reason(any_app: Flask, reason: Reason) -> None:
    encrypts = "TOKENGUARD_ENCRYPTION" in any_app.config
    if reason in NEED_ENCRYPTION and not encrypts:
        with pytest.raises(ConfigurationError, match="app without TOKENGUARD_ENCRYPTION"):
            broken_token(any_app, reason)
    else:
        assert reason_of(any_app, broken_token(any_app, reason.value)) == (401, reason)


@pytest.mark.parametrize("reason", sorted(NEED_STORE))
def test_a_reason_of_a_store_needs_one(make_tested: MakeTested, reason: Reason) -> None:
    with pytest.raises(ConfigurationError, match="app without TOKENGUARD_STORAGE_URI"):
        broken_token(make_tested(), reason)


def test_an_app_that_takes_plain_tokens_has_no_unencrypted_ones(make_tested: MakeTested) -> None:
    app = make_tested(ENCRYPTION={"key": OCT, "required": False})
    with pytest.raises(ConfigurationError, match="app without TOKENGUARD_ENCRYPTION"):
        broken_token(app, "not_encrypted")


@pytest.mark.parametrize("reason", sorted(CALLS))
def test_a_reason_that_the_app_knows_names_the_call(app: Flask, reason: Reason) -> None:
    with pytest.raises(ValueError, match=re.escape(f"refused as {reason} by {reason}(app)")):
        broken_token(app, reason)


@pytest.mark.parametrize("reason", [*sorted({*Reason} - {*BROKEN} - CALLS), "elapsed"])
def test_a_reason_of_no_token_alone_lists_the_others(app: Flask, reason: str) -> None:
    with pytest.raises(ValueError, match=f"never refused as {reason}, but as too_large, malformed"):
        broken_token(app, reason)


def test_an_app_that_issues_nothing_has_no_tokens() -> None:
    app = Flask(__name__)
    with LoopbackIssuer() as issuer:
        app.config.update(issuer.settings)
    TokenGuard(app)
    with pytest.raises(ConfigurationError, match="sign"):
        broken_token(app, "expired")


# Settings


def test_a_setting_that_is_changed_after_init_app_is_named(app: Flask) -> None:
    client = app.test_client()
    app.config["TOKENGUARD_ACCESS_TOKEN_LIFETIME"] = 1
    with pytest.raises(ConfigurationError, match="ACCESS_TOKEN_LIFETIME was changed after") as err:
        client.get("/claims")
    assert err.value.faults[-1] == "Set them before TokenGuard(app) or init_app(app)"


@pytest.mark.parametrize("name", ["TOKENGUARD_LIFETIME", "TOKENGUARD_LEEWAY"])
def test_a_wrong_setting_is_refused_after_init_app_too(app: Flask, name: str) -> None:
    client = app.test_client()
    client.get("/claims")
    app.config[name] = "soon"
    for ask in (lambda: client.get("/claims"), lambda: token_for(app, "ada")):
        with pytest.raises(ConfigurationError, match=name):
            ask()


def test_a_setting_that_is_changed_within_is_named(make_tested: MakeTested) -> None:
    entry = {"audience": "notes"}
    app = make_tested(ISSUERS={"https://id.example/": entry})
    app.test_client().get("/claims")
    entry["audience"] = "files"
    with pytest.raises(ConfigurationError, match="TOKENGUARD_ISSUERS was changed"):
        app.test_client().get("/claims")


def test_settings_are_checked_once_for_each_request(app: Flask) -> None:
    for _ in range(3):
        app.test_client().get("/claims")
    names = [function.__name__ for function in app.before_request_funcs[None]]
    assert names == ["check_settings", "guard_request"]


def test_production_does_not_look_at_its_settings_again(make_app: MakeApp) -> None:
    app = make_app()
    app.config["TOKENGUARD_LEEWAY"] = "soon"
    assert app.test_client().get("/claims").status_code == 401
    assert len(app.before_request_funcs[None]) == 1


# The command line


def test_the_test_runner_finds_our_commands(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["tokenguard", "issue", "ada"])
    assert result.exit_code == 0
    assert client_with(app, result.stdout.strip()).get("/claims").get_json()["sub"] == "ada"


def test_the_test_runner_fails_in_a_line(make_tested: MakeTested) -> None:
    result = make_tested().test_cli_runner().invoke(args=["tokenguard", "prune"])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_a_command_of_the_app_s_own_keeps_its_name() -> None:
    app = Flask(__name__)
    app.config["TOKENGUARD_KEY"] = "x" * 20 + "1234567890abcdefghijkl"
    app.cli.command("tokenguard")(lambda: print("ours"))
    TokenGuard(app)
    assert app.test_cli_runner().invoke(args=["tokenguard"]).stdout == "ours\n"


def test_a_lifetime_may_be_a_timedelta(app: Flask) -> None:
    client = client_with(app, token_for(app, "ada", lifetime=timedelta(hours=1)))
    claims = client.get("/claims").get_json()
    assert claims["exp"] - claims["iat"] == 3600
