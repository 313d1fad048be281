"""TOKENGUARD_FORMER_TOKENS: what an entry names, and what is wrong with one."""

import datetime
import json
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import ConfigurationError, TokenGuard
from flask_tokenguard.config.settings import Settings

from ..conftest import MakeApp
from ..support import SettableClock
from .settings.support import FOLDER, fault_of, value_of

NAME = "FORMER_TOKENS"
ENTRY: dict[str, Any] = {
    "profile": "flask-jwt-extended",
    "key": "tiny-but-ours",
    "until": "2027-03-01",
}


def with_more(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in (ENTRY | members).items() if value is not None}


def test_an_entry_may_be_json() -> None:
    assert value_of(NAME, json.dumps(ENTRY)) == value_of(NAME, ENTRY)


@pytest.mark.parametrize("until", ["2027-03-01", datetime.date(2027, 3, 1)])
def test_a_day_begins_at_midnight_in_utc(until: object) -> None:
    midnight = datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC)
    assert value_of(NAME, with_more(until=until)).until == midnight.timestamp()


def test_an_entry_shows_no_secret() -> None:
    settings = Settings.read({f"TOKENGUARD_{NAME}": ENTRY}, print, folder=FOLDER)
    assert "tiny" not in repr(settings)


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"until": None}, "lacks until"),
        ({"profile": None}, "lacks profile"),
        ({"profile": "flask-jwt"}, ".profile must be one of flask-jwt-extended"),
        ({"key": None}, "must have exactly one of key and key_file"),
        ({"key_file": "old.txt"}, "must have exactly one of key and key_file"),
        ({"until": "soon"}, ".until must be a date such as"),
        ({"until": "2027-02-30"}, ".until must be a date such as"),
        ({"until": "20270301"}, ".until must be a date such as"),
        ({"until": 1_900_000_000}, ".until must be a date such as"),
        ({"until": datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC)}, ".until must be a date"),
        ({"subject_claim": "exp"}, "has the subject_claim exp"),
        ({"subject_claim": "type"}, "has the subject_claim type"),
        ({"issuer": ""}, ".issuer must be text"),
        ({"audience": []}, ".audience must be a list"),
        ({"kid": "k1"}, "has an unknown member kid"),
    ],
)
def test_a_faulty_entry_is_named(members: dict[str, Any], fault: str) -> None:
    assert fault in fault_of(NAME, with_more(**members))


def faults_of(app: Flask, clock: SettableClock, **settings: Any) -> tuple[str, ...]:
    config = {
        NAME: with_more(until=day_after(clock, 30)),
        "KEY": "k" * 9 + "0123456789abcdefghijklmnop",
    }
    app.config.update({f"TOKENGUARD_{name}": value for name, value in (config | settings).items()})
    with pytest.raises(ConfigurationError) as raised:
        TokenGuard(app, clock=clock)
    return raised.value.faults


def day_after(clock: SettableClock, days: int) -> str:
    moment = datetime.datetime.fromtimestamp(clock.now, datetime.UTC)
    return (moment + datetime.timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize("types", [["at+jwt", "JWT"], ["at+jwt", None], ["application/jwt"]])
def test_old_tokens_differ_from_ours_by_their_type(clock: SettableClock, types: object) -> None:
    (fault,) = faults_of(Flask(__name__), clock, TYPES=types)
    assert "TOKENGUARD_TYPES that holds JWT or null contradict" in fault


def test_an_issuer_is_ours_or_anothers(clock: SettableClock, public_pems: dict[str, str]) -> None:
    entry = with_more(until=day_after(clock, 30), issuer="old")
    others = {"old": {"audience": "api", "keys": public_pems["ES256"]}}
    (fault,) = faults_of(Flask(__name__), clock, FORMER_TOKENS=entry, ISSUERS=others)
    assert "FORMER_TOKENS.issuer is an issuer of TOKENGUARD_ISSUERS too" in fault


def test_a_key_that_cannot_be_used_is_named_at_once(
    clock: SettableClock, public_pems: dict[str, str]
) -> None:
    entry = with_more(until=day_after(clock, 30), key=public_pems["ES256"])
    (fault,) = faults_of(Flask(__name__), clock, FORMER_TOKENS=entry)
    assert fault.startswith("TOKENGUARD_FORMER_TOKENS: the key ")


def test_a_day_is_at_most_a_year_ahead(clock: SettableClock) -> None:
    entry = with_more(until=day_after(clock, 368))
    (fault,) = faults_of(Flask(__name__), clock, FORMER_TOKENS=entry)
    assert "must be at most 366 days ahead" in fault


def test_a_day_that_has_passed_is_no_fault(make_app: MakeApp) -> None:
    assert make_app(FORMER_TOKENS=with_more(until="2020-01-01"))


def test_a_bad_secret_is_warned_of_at_start_up(
    make_app: MakeApp, clock: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    make_app(FORMER_TOKENS=with_more(until=day_after(clock, 30)))
    assert "FORMER_TOKENS: the key is 13 octets long, and HS256 takes 32" in caplog.text
    assert "tiny" not in caplog.text
