"""`flask tokenguard inspect`: hostile tokens."""

import json
import unicodedata
from typing import Any

import pytest

from flask_tokenguard import TokenGuard
from flask_tokenguard.errors import Rejected
from flask_tokenguard.verify.claims import VerifiedToken

from ...conftest import MakeApp
from .support import checks, forged, issued, run, run_alone

HOSTILE = "\x1b]0;title\x07\x1b[31m\x9b2J\x7f\x08\r\u202e\u2028"


def speaks_to_the_terminal(text: str) -> bool:
    """Return whether a text has characters beside lines of visible ones."""
    visible = text.replace("\n", "").replace(" ", "")
    return any(unicodedata.category(character)[0] in "CZ" for character in visible)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_token_never_speaks_to_the_terminal(make_app: MakeApp, options: list[str]) -> None:
    token = forged({HOSTILE: HOSTILE, "exp": HOSTILE}, kid=HOSTILE, typ=HOSTILE, x=[HOSTILE])
    result = run(make_app(), token, *options)
    assert result.exit_code == 1
    assert not speaks_to_the_terminal(result.output)


def test_a_token_never_speaks_to_the_terminal_without_an_app() -> None:
    result = run_alone(forged({HOSTILE: HOSTILE}, kid=HOSTILE))
    assert not speaks_to_the_terminal(result.output)


def test_a_claim_that_a_rule_quotes_never_speaks_to_the_terminal(make_app: MakeApp) -> None:
    def is_known(token: VerifiedToken) -> None:
        raise Rejected(f"The tenant {token.claims['tenant']} is not known")

    app = make_app(TokenGuard(validators=[is_known]))
    result = run(app, issued(app, "--claim", f"tenant={HOSTILE}"))
    assert not speaks_to_the_terminal(result.output)


@pytest.mark.parametrize(
    "payload",
    [
        '{"a": ' + "[" * 40 + "]" * 40 + "}",
        '{"a": ' + "[" * 3000,
        '{"exp": 1e999}',
        '{"exp": NaN}',
        '{"exp": ' + "9" * 5000 + "}",
        '{"exp": 1, "exp": 2}',
        '{"a": "\\ud800"}',
        "[]",
        "1",
        "",
        "{",
    ],
)
def test_a_payload_that_is_no_strict_object_is_refused(make_app: MakeApp, payload: str) -> None:
    beside, alone = run(make_app(), forged(payload), "--json"), run_alone(forged(payload), "--json")
    assert (beside.exit_code, alone.exit_code) == (1, 1)
    assert checks(beside) == checks(alone)
    assert checks(alone) == {"form": "refused: The token's payload is not a JSON object"}


@pytest.mark.parametrize(
    "claims",
    [{"a": 10**4000}, {"a": -1e308}, {"exp": 10**400, "iat": -(10**400), "nbf": 5e-324}],
)
def test_a_huge_number_is_shown_as_it_is(make_app: MakeApp, claims: dict[str, Any]) -> None:
    result = run(make_app(), forged(claims), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["claims"] == claims


@pytest.mark.parametrize(
    "token",
    [
        *("", ".", "..", "....", "a.b.c", "e30.e30.e30", "é", "\x1b[31m.\x07.\x00", "\udcff"),
        *("a" * 100_000, "." * 9_000, forged({})[:-1], forged({}) + "=", forged({}) + ".a.b"),
        *(forged({}, crit=["x"]), forged({}, alg=1), forged({}, b64=False)),
    ],
)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_what_is_no_token_is_refused(make_app: MakeApp, token: str, options: list[str]) -> None:
    result = run(make_app(), *options, "--", token)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert not speaks_to_the_terminal(result.output)
    assert "refused: " in result.stdout


def test_a_token_that_is_too_long_for_the_app_is_refused(make_app: MakeApp) -> None:
    result = run(make_app(), forged({"a": "x" * 10_000}), "--json")
    assert checks(result)["form"].startswith("refused: The token is too long; ")
