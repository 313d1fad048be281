"""The reasons of refusals: each code by a real request."""

from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import (
    Reason,
    token_rejected,
)

from .support import CASES, Kit


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_is_sent_for_a_request(kit: Kit, reason: Reason) -> None:
    sent: list[dict[str, Any]] = []

    def receive(_: Flask, **values: Any) -> None:
        sent.append(values)

    with token_rejected.connected_to(receive):
        answer = CASES[reason](kit)
    assert [(values["reason"], values["refused"]) for values in sent] == [(reason, True)]
    error = sent[0]["error"]
    assert answer.status_code == error.code >= 400
    assert not error.detail or error.detail not in f"{answer.text}{answer.headers}"
