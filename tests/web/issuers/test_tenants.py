"""Tokens of other issuers: tenants."""

from typing import Any

import pytest

from flask_tokenguard import (
    TokenGuard,
)
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.testing import assert_challenge

from ..conftest import ID, Issue
from .support import guarded


def test_a_tenant_is_resolved_once(entries: dict[str, Any], issue: Issue) -> None:
    asked: list[str] = []

    def resolve(issuer: str) -> Any:
        asked.append(issuer)
        return entries.get(issuer)

    client = guarded(TokenGuard(issuer_resolver=resolve)).test_client()
    statuses = [client.get("/claims", headers=issue(ID)).status_code for _ in range(3)]
    assert (statuses, asked) == ([200, 200, 200], [ID])


def test_who_is_no_tenant_is_refused_and_asked_for_once(issue: Issue, keys: dict[str, Key]) -> None:
    asked: list[str] = []
    client = guarded(TokenGuard(issuer_resolver=asked.append)).test_client()
    for _ in range(3):
        assert_challenge(
            client.get("/claims", headers=issue(ID, key=keys[ID])), error="invalid_token"
        )
    assert asked == [ID]


@pytest.mark.parametrize(
    "entry", [7, {}, {"audience": "a"}, {"audience": "a", "keys": "short"}], ids=repr
)
def test_an_entry_that_cannot_be_used_is_our_fault(
    issue: Issue, caplog: pytest.LogCaptureFixture, entry: Any
) -> None:
    app = guarded(TokenGuard(issuer_resolver=lambda _: entry))
    answer = app.test_client().get("/claims", headers=issue(ID, iss="http://tenant.example"))
    assert answer.status_code == 503
    assert "issuer resolver" in caplog.text
