"""`guard.inspect_token`: a token of any content, read for a page of the app's."""

import pytest

from flask_tokenguard import TokenGuard

from ..conftest import MakeApp


def test_an_app_can_show_why_a_token_is_good_or_not(make_app: MakeApp) -> None:
    guard = TokenGuard()
    app = make_app(guard=guard)
    token = guard.issue_token("ada")
    with app.app_context():
        report, forged = (guard.inspect_token(text) for text in (token, f"{token[:-4]}AAAA"))
    assert (report.accepted, forged.accepted) == (True, False)
    assert report.claims is not None
    assert report.claims["sub"] == "ada"
    assert [name for name, verdict in forged.checks.items() if verdict != "ok"] == ["signature"]


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "eyJ.é.\ud800", "." * 5000])
def test_no_text_that_is_inspected_raises(make_app: MakeApp, text: str) -> None:
    guard = TokenGuard()
    make_app(guard=guard)
    assert not guard.inspect_token(text).accepted
