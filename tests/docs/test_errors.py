"""The page of refusals: its codes are those of the code, and its program counts."""

import re
from typing import Any

from flask_tokenguard import Reason, TokenGuard, errors

from ..conftest import MakeApp
from ..support import ROOT

PAGE = (ROOT / "docs/errors.md").read_text()
ROW = re.compile(r"^\| `([a-z_]+)` \| ([0-9, ]+|any) \|", re.MULTILINE)


def test_the_page_lists_the_reasons_in_their_order() -> None:
    assert [code for code, _status in ROW.findall(PAGE)] == list(Reason)


def test_the_page_lists_the_status_of_each_class() -> None:
    listed = re.findall(r"^\| `([A-Z]\w+)` \| (\d+) \|", PAGE, re.MULTILINE)
    assert len(listed) == 8
    assert {name: int(status) for name, status in listed} == {
        name: getattr(errors, name).code for name, _ in listed
    }


def test_every_reason_has_a_cause_and_a_cure() -> None:
    cells = re.findall(
        r"^\| `[a-z_]+` \| (?:[0-9, ]+|any) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE
    )
    assert len(cells) == len(Reason)


def test_the_pages_program_counts_refusals(make_app: MakeApp) -> None:
    (program,) = re.findall(r"```python\n(from .+?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - the page's own code
    client = make_app(TokenGuard()).test_client()
    for _ in range(2):
        client.get("/claims")
    client.get("/nowhere", headers={"Authorization": "Bearer x"})
    assert names["refusals"] == {("token_missing", None, "claims"): 2}


def test_the_pages_line_is_one_that_the_log_has(make_app: MakeApp, caplog: Any) -> None:
    app = make_app(ISSUER="https://id.example")
    other = make_app(ISSUER="https://id.example/")
    with other.app_context():
        token = other.extensions["guard"].issue_token("alice")
    with caplog.at_level("INFO", "flask_tokenguard"):
        app.test_client().get("/claims", headers={"Authorization": f"Bearer {token}"})
    (line,) = re.findall(r"^(token refused: .+)$", PAGE, re.MULTILINE)
    assert caplog.messages == [line]
