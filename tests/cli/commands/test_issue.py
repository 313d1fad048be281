"""`flask tokenguard`: issue."""

import json
from pathlib import Path

import pytest

from flask_tokenguard import TokenGuard

from ...conftest import MakeApp
from .support import run


def test_issue_prints_a_token_that_the_app_accepts(make_app: MakeApp) -> None:
    guard = TokenGuard()
    token = run(make_app(guard, AUDIENCE=["api", "web"]), "issue", "ada").stdout.strip()
    assert guard.verify(token).claims.subject == "ada"


@pytest.mark.parametrize(
    ("options", "seconds"),
    [([], 900), (["--lifetime", "7"], 7), (["--lifetime", "90d"], 90 * 86_400)],
)
def test_issue_prints_a_token_response_for_programs(
    make_app: MakeApp, options: list[str], seconds: int
) -> None:
    guard = TokenGuard()
    answer = json.loads(run(make_app(guard), "issue", "ada", "--json", *options).stdout)
    claims = guard.verify(answer.pop("access_token")).claims
    assert answer == {"token_type": "Bearer", "expires_in": seconds, "jti": claims.id}
    assert claims["exp"] - claims["iat"] == seconds


def test_issue_writes_what_it_is_told(make_app: MakeApp) -> None:
    guard = TokenGuard()
    result = run(
        make_app(guard, AUDIENCE=["api", "web"]),
        *("issue", "ada", "--scope", "read write", "--audience", "web", "--lifetime", "7"),
        *("--not-before", "3s"),
    )
    claims = guard.verify(result.stdout.strip()).claims
    assert (claims["scope"], claims["aud"]) == ("read write", "web")
    assert (claims["exp"] - claims["iat"], claims["nbf"] - claims["iat"]) == (7, 3)


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("tier=gold", "gold"),
        ("tier=3", 3),
        ('tier="3"', "3"),
        ("tier=true", True),
        ('tier={"a": [1]}', {"a": [1]}),
        ("tier=a=b", "a=b"),
        ("tier=", ""),
        (f"tier={'9' * 5000}", "9" * 5000),
    ],
)
def test_a_claim_is_json_if_it_is_json(make_app: MakeApp, claim: str, value: object) -> None:
    guard = TokenGuard()
    app = make_app(guard, MAX_TOKEN_SIZE=100_000)
    token = run(app, "issue", "ada", "--claim", claim).stdout.strip()
    assert guard.verify(token).claims["tier"] == value


def test_a_claim_that_nests_too_deeply_for_json_is_text(make_app: MakeApp) -> None:
    guard = TokenGuard()
    value = "[" * 100_000
    app = make_app(guard, MAX_TOKEN_SIZE=1_000_000)
    token = run(app, "issue", "ada", "--claim", f"tier={value}").stdout.strip()
    assert guard.verify(token).claims["tier"] == value


def test_several_claims_are_written(make_app: MakeApp) -> None:
    guard = TokenGuard()
    token = run(make_app(guard), "issue", "ada", "--claim", "a=1", "--claim", "b=x").stdout
    assert guard.verify(token.strip()).claims.items() >= {"a": 1, "b": "x"}.items()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ada", "--claim", "exp=1"], "the claim exp is reserved"),
        (["ada", "--claim", "tier"], "A claim is NAME=VALUE"),
        (["ada", "--claim", "tier=NaN"], "cannot be written as JSON"),
        (["ada", "--scope", 'a"b'], "is not a scope"),
        (["ada", "--lifetime", "0"], "the lifetime must be"),
        (
            ["ada", "--lifetime", "soon"],
            "write a whole number of seconds, or one with s, m, h or d",
        ),
        (["ada", "--lifetime=-5m"], "write a whole number of seconds"),
        (["ada", "--audience", ""], "the audience must be"),
        ([""], "the subject must be"),
        ([], "Missing argument 'SUBJECT'"),
    ],
)
def test_a_token_that_must_not_be_is_refused(
    make_app: MakeApp, arguments: list[str], message: str
) -> None:
    result = run(make_app(), "issue", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_lifetime_above_the_rings_is_refused_in_a_line(make_app: MakeApp, ring: Path) -> None:
    result = run(make_app(KEYRING=str(ring)), "issue", "ada", "--lifetime", "90d")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "Error: the lifetime of 7776000 seconds is longer than 900: TOKENGUARD_KEYRING drops a key"
        " when the longest token that it signed has expired; raise"
        " TOKENGUARD_ACCESS_TOKEN_LIFETIME\n"
    )


def test_an_app_with_public_keys_issues_nothing(
    make_app: MakeApp, public_pems: dict[str, str]
) -> None:
    result = run(make_app(KEY=public_pems["ES256"]), "issue", "ada")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: No key can sign")


def test_issue_writes_the_default_claims_of_the_app(make_app: MakeApp) -> None:
    guard = TokenGuard()
    guard.default_claims(lambda subject: {"tenant": f"of {subject}"})
    token = run(make_app(guard), "issue", "ada").stdout.strip()
    assert guard.verify(token).claims["tenant"] == "of ada"
