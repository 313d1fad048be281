"""`flask tokenguard inspect`: its output, times."""

import json
import secrets
import time

import pytest

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli.output import in_words
from flask_tokenguard.web.inspection import inspect_token

from ...conftest import MakeApp
from ...support import SettableClock
from .support import checks, fault_of, forged, issued, run, run_alone

OURS = ["form", *"key signature typ iss aud sub jti exp nbf iat cnf".split()]
NOW = 1_000_000_000


def test_a_good_token_is_accepted(make_app: MakeApp) -> None:
    app = make_app()
    result = run(app, issued(app))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "signature  ok\n" in result.stdout


def test_header_and_claims_are_shown(make_app: MakeApp) -> None:
    app = make_app()
    result = run(app, issued(app, "--claim", "tier=gold"))
    assert 'Header: {\n  "alg": "HS256",\n  "typ": "at+jwt"\n}\n' in result.stdout
    assert 'Claims: {\n  "sub": "ada",' in result.stdout
    assert '"tier": "gold"' in result.stdout


def test_every_rule_has_a_verdict(make_app: MakeApp) -> None:
    app = make_app()
    assert checks(run(app, "--json", issued(app))) == dict.fromkeys(OURS, "ok")


def test_json_is_for_programs(make_app: MakeApp) -> None:
    app = make_app()
    found = json.loads(run(app, issued(app), "--json").stdout)
    assert found.keys() == {"header", "claims", "times", "checks", "accepted"}
    assert found["header"] == {"alg": "HS256", "typ": "at+jwt"}
    assert found["claims"]["sub"] == "ada"
    assert found["accepted"] is True


def test_a_forged_token_is_refused(make_app: MakeApp) -> None:
    token = issued(make_app(KEY=secrets.token_urlsafe(64)))
    result = run(make_app(), token)
    assert result.exit_code == 1
    assert "signature  refused: The token's signature is not valid; " in result.stdout


def test_all_that_is_wrong_is_seen_at_once(make_app: MakeApp) -> None:
    claims = {"sub": "", "jti": "x", "exp": 1, "iat": 1, "nbf": 9e9, "cnf": {}, "aud": "other"}
    found = checks(run(make_app(ISSUER="us", AUDIENCE="api"), forged(claims), "--json"))
    wrong = [name for name in OURS if found[name].startswith("refused: ")]
    assert wrong == ["signature", "typ", "iss", "aud", "sub", "exp", "nbf", "cnf"]


def test_an_expired_token_is_refused_and_its_age_told(make_app: MakeApp) -> None:
    token = issued(make_app(TokenGuard(clock=SettableClock(time.time() - 86_400 * 3))))
    result = run(make_app(), token)
    assert result.exit_code == 1
    assert "exp        refused: The token has expired (exp); exp is " in result.stdout
    assert "iat   3 days ago (" in result.stdout


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_a_token_is_read_from_stdin(make_app: MakeApp, arguments: list[str]) -> None:
    app = make_app()
    assert run(app, *arguments, input=f"  {issued(app)}\n").exit_code == 0


def test_nothing_on_stdin_is_no_token(make_app: MakeApp) -> None:
    result = run(make_app(), "--json", input="")
    assert result.exit_code == 1
    assert checks(result)["form"].startswith("refused: There is no token: give one")


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", "Authorization: Bearer ", "BEARER\t"])
def test_a_prefix_of_the_header_is_named(make_app: MakeApp, prefix: str) -> None:
    app = make_app()
    fault = "It begins with Bearer, which the header has before a token; give the token alone"
    assert fault_of(run(app, prefix + issued(app), "--json")) == fault


@pytest.mark.parametrize("change", ['"{}"', "'{}'", '{{"access_token": "{}"}}', "Token {}", "{} x"])
def test_what_stands_around_a_token_is_named(make_app: MakeApp, change: str) -> None:
    app = make_app()
    fault = "There are other characters around or within the token; give it alone, as one word"
    assert fault_of(run(app, change.format(issued(app)), "--json")) == fault


def test_an_opaque_token_is_named(make_app: MakeApp) -> None:
    opaque = secrets.token_urlsafe(32)
    fault = "The token is opaque: without dots it is no JWT, and only its issuer can read it"
    assert fault_of(run(make_app(), "--json", "--", opaque)) == fault
    assert fault_of(run_alone("--json", "--", opaque)) == fault


@pytest.mark.parametrize("parts", [2, 4, 6])
def test_a_token_of_other_parts_is_named(make_app: MakeApp, parts: int) -> None:
    fault = f"The token is not a compact JWS; the number of parts is {parts}, and must be 3"
    assert fault_of(run(make_app(), ".".join(["e30"] * parts), "--json")) == fault


def test_octets_on_stdin_that_are_no_text_are_no_token(make_app: MakeApp) -> None:
    result = run(make_app(), "--json", input=b"\xff\xfe")
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (3 * 86_400, "in 3 days (2001-09-12T01:46:40Z)"),
        (2 * 86_400, "in 2 days (2001-09-11T01:46:40Z)"),
        (2 * 86_400 - 1, "in 48 hours (2001-09-11T01:46:39Z)"),
        (7_200, "in 2 hours (2001-09-09T03:46:40Z)"),
        (7_199, "in 120 minutes (2001-09-09T03:46:39Z)"),
        (119, "in 119 seconds (2001-09-09T01:48:39Z)"),
        (1, "in 1 second (2001-09-09T01:46:41Z)"),
        (-1, "1 second ago (2001-09-09T01:46:39Z)"),
        (0.5, "in 0 seconds (2001-09-09T01:46:40Z)"),
        (0, "0 seconds ago (2001-09-09T01:46:40Z)"),
        (-60, "60 seconds ago (2001-09-09T01:45:40Z)"),
        (-900, "15 minutes ago (2001-09-09T01:31:40Z)"),
        (-NOW, "11574 days ago (1970-01-01T00:00:00Z)"),
        (-NOW - 1, "out of range"),
        (253_402_300_799 - NOW, "in 2921323 days (9999-12-31T23:59:59Z)"),
        (253_402_300_800 - NOW, "out of range"),
        (10**400, "out of range"),
        (1e300, "out of range"),
    ],
)
def test_a_time_is_written_in_words(
    monkeypatch: pytest.MonkeyPatch, ahead: float, words: str
) -> None:
    monkeypatch.setattr("flask_tokenguard.cli.output.wall_clock", lambda: NOW)
    times = inspect_token(forged({"exp": NOW + ahead}), None).times
    assert {name: in_words(date) for name, date in times.items()} == {"exp": words}


def test_times_are_numbers_for_programs(make_app: MakeApp) -> None:
    result = run(make_app(), forged({"iat": 1, "nbf": 2.5, "exp": 10**400}), "--json")
    assert json.loads(result.stdout)["times"] == {"iat": 1, "nbf": 2.5, "exp": None}


def test_each_date_has_its_time() -> None:
    times = inspect_token(forged({"iat": 1, "nbf": 2, "exp": 3, "auth_time": 4.5}), None).times
    assert list(times) == ["iat", "nbf", "exp", "auth_time"]


@pytest.mark.parametrize("value", ["1", True, None, [1], {}])
def test_what_is_no_number_has_no_time(value: object) -> None:
    assert inspect_token(forged({"exp": value}), None).times == {}
