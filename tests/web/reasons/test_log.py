"""The reasons of refusals: the log."""

import json
import logging
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import (
    Reason,
)

from ...jose.tokens import unsigned
from ...support import bearer
from ..conftest import ID, GuardApp, Headers, Issue
from .support import (
    CASES,
    OCT,
    Kit,
)

PASTED = secrets.token_urlsafe(32)


def log_of(caplog: pytest.LogCaptureFixture, ask: Callable[[], object]) -> str:
    """Make a request, and read the one line about its token."""
    with caplog.at_level("INFO", "flask_tokenguard"):
        caplog.clear()
        ask()
    (line,) = [message for message in caplog.messages if message.startswith(("token ", "cannot "))]
    assert line.isprintable()
    assert line.isascii()
    return line


LINES: dict[str, tuple[Callable[[Kit], object], str]] = {
    "none": (
        CASES[Reason.TOKEN_MISSING],
        'token refused: token_missing, "A bearer token is required"; endpoint "claims"',
    ),
    "parts": (lambda kit: kit.send("a.b"), "malformed, "),
    "size": (lambda kit: kit.send("x" * 9000), "9000 characters came, at most 8160 are read"),
    "kid": (lambda kit: kit.head(kid="old"), 'kid "old" and alg "HS256" came, known kids: none'),
    "alg": (
        lambda kit: kit.head(alg="none"),
        'alg "none" came, accepted: "HS256"; endpoint "claims"',
    ),
    "typ": (lambda kit: kit.head(typ="JWT"), 'typ "jwt" came, accepted: "at+jwt"'),
    "no typ": (lambda kit: kit.head(typ=None), "malformed"),
    "no iss at all": (
        lambda kit: kit.send(kit.stating(), ISSUER="https://b.example"),
        'missing_claim, "The token names no issuer (iss)"; accepted: "https://b.example"',
    ),
    "iss": (
        lambda kit: kit.send(kit.stating(iss="https://a.example"), ISSUER="https://b.example"),
        'iss "https://a.example" came, accepted: "https://b.example"',
    ),
    "no iss": (lambda kit: kit.state(iss="https://a.example"), "came, accepted: nothing"),
    "slash": (
        lambda kit: kit.send(kit.stating(iss="https://a.example/"), ISSUER="https://a.example"),
        'iss "https://a.example/" came, "https://a.example" is accepted; a slash',
    ),
    "aud": (
        lambda kit: kit.send(kit.stating(aud=["a", "b"]), AUDIENCE="notes"),
        'aud "a", "b" came, accepted: "notes"',
    ),
    "no jti": (lambda kit: kit.state(jti=None), 'missing_claim, "The token has no jti"'),
    "exp": (lambda kit: kit.state(exp=1), "exp is 1, it is "),
    "text exp": (lambda kit: kit.state(exp="soon"), "exp is text of 4 characters"),
    "aud list": (lambda kit: kit.state(aud=[{}]), "aud is a list"),
    "scope": (
        CASES[Reason.INSUFFICIENT_SCOPE],
        'scope nothing came, accepted: "a", "b"; endpoint "demanding"',
    ),
    "login": (CASES[Reason.LOGIN_TOO_OLD], "no login came, it is "),
    "rule": (CASES[Reason.APP_RULE], r'app_rule, "The moon is full\n"; endpoint'),
    "grant": (CASES[Reason.UNSUPPORTED_GRANT], 'grant_type "password" came'),
    "encrypted": (CASES[Reason.NOT_DECRYPTABLE], "The token cannot be decrypted"),
}


@pytest.mark.parametrize("case", LINES)
def test_the_log_shows_what_came_and_what_is_accepted(
    kit: Kit, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    send, text = LINES[case]
    assert text in log_of(caplog, lambda: send(kit))


def test_the_log_sets_an_open_route_apart(
    app: Flask, stale_headers: Headers, caplog: pytest.LogCaptureFixture
) -> None:
    client = app.test_client()
    line = log_of(caplog, lambda: client.get("/open", headers=stale_headers))
    assert line.startswith("token passed over: expired, ")


@pytest.mark.parametrize(("path", "refused"), [("/open", False), ("/claims", True)])
def test_a_log_record_has_the_refusals_fields(
    app: Flask, stale_headers: Headers, caplog: pytest.LogCaptureFixture, path: str, refused: bool
) -> None:
    log_of(caplog, lambda: app.test_client().get(path, headers=stale_headers))
    (record,) = caplog.records
    fields = {name: value for name, value in vars(record).items() if name.startswith("tokenguard_")}
    assert fields == {
        "tokenguard_reason": "expired",
        "tokenguard_refused": refused,
        "tokenguard_issuer": None,
        "tokenguard_kid": None,
        "tokenguard_endpoint": path.strip("/"),
    }


def test_an_apps_own_field_of_the_log_costs_no_answer(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Record(logging.LogRecord):
        """As an app makes it that logs each request's endpoint."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            vars(self).update(endpoint="the app's", reason="the app's")

    monkeypatch.setattr(logging, "_logRecordFactory", Record)
    with caplog.at_level("INFO", "flask_tokenguard"):
        assert app.test_client().get("/claims").status_code == 401


def test_the_log_names_the_issuer_and_the_key(
    guard_app: GuardApp,
    entries: dict[str, Any],
    issue: Issue,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = guard_app(Flask(__name__), ISSUERS=entries)
    line = log_of(caplog, lambda: app.test_client().get("/", headers=issue(exp=1)))
    assert f'issuer "{ID}"; kid "' in line


HOSTILE = f'{PASTED}"\r\n\x1b[31m token refused: forged\u2028\x7f\x9b'


@pytest.mark.parametrize("member", ["alg", "kid", "typ", "enc", "jwk", "iss", "jti", "sub", "exp"])
@pytest.mark.parametrize("pasted", [PASTED, HOSTILE, PASTED * 40], ids=["as is", "hostile", "long"])
@pytest.mark.parametrize("parts", [3, 5])
def test_a_secret_in_the_wrong_place_is_not_logged(
    kit: Kit, caplog: pytest.LogCaptureFixture, member: str, pasted: str, parts: int
) -> None:
    header = {"alg": "HS256", "typ": "at+jwt", "kid": "k"} | {member: pasted}
    token = unsigned(header, json.dumps({member: pasted}).encode())
    token += ".a.b" if parts == 5 else ""
    line = log_of(caplog, lambda: kit.send(token, ENCRYPTION={"key": OCT, "required": False}))
    assert PASTED[8:20] not in line
    assert len(line) < 800
    assert not any(part and part in line for part in token.split(".")[:2])


@pytest.mark.parametrize(
    "pasted",
    [PASTED, HOSTILE, f"https://x:{PASTED}@id.example/"],
    ids=["as is", "hostile", "in a URL"],
)
def test_a_secret_as_an_unknown_issuer_is_not_logged(
    guard_app: GuardApp, entries: dict[str, Any], caplog: pytest.LogCaptureFixture, pasted: str
) -> None:
    client = guard_app(Flask(__name__), ISSUERS=entries).test_client()
    token = unsigned({"alg": "HS256"}, json.dumps({"iss": pasted}).encode())
    line = log_of(caplog, lambda: client.get("/", headers=bearer(token)))
    assert "wrong_issuer" in line
    assert PASTED[8:20] not in line


@pytest.mark.parametrize("reason", Reason)
def test_no_token_and_no_secret_is_logged(
    kit: Kit, secret: str, caplog: pytest.LogCaptureFixture, reason: Reason
) -> None:
    line = log_of(caplog, lambda: CASES[reason](kit))
    assert "eyJ" not in line
    assert secret not in line
    assert OCT["k"] not in line


def test_a_client_learns_only_the_claim(kit: Kit) -> None:
    answer = kit.send(kit.stating(iss="https://a.example/"), ISSUER="https://a.example")
    assert "a.example" not in answer.text + str(answer.headers)
    assert answer.get_json()["error_description"] == "The token is from another issuer (iss)"
