"""docs/compatibility.md has a row for each issuer that tests/wire runs, and its lines work."""

import importlib
import json
import pkgutil
import re
import shlex
from pathlib import Path

import pytest
from flask_cors import CORS

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli.commands import tokenguard

from ..conftest import MakeApp
from ..support import ROOT
from ..wire import issuers
from ..wire.issuers.contract import IssuerContract
from ..wire.issuers.documented import DocumentedContract
from ..wire.page import rows_of

for module in pkgutil.iter_modules(issuers.__path__):
    if module.name.startswith("test_"):
        importlib.import_module(f"{issuers.__name__}.{module.name}")


PAGE = (ROOT / "docs" / "compatibility.md").read_text()
CORS_LINE, MARK = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
RUN = [*IssuerContract.__subclasses__(), *DocumentedContract.__subclasses__()]


@pytest.mark.parametrize("section", sorted({one.SECTION for one in RUN}))
def test_the_page_has_the_issuers_that_are_run(section: str) -> None:
    named = [one for one in RUN if one is not DocumentedContract and section == one.SECTION]
    assert {row[0] for row in rows_of(section)} == {one.NAME for one in named}


def test_the_line_for_cors_shows_the_challenge(make_app: MakeApp) -> None:
    app = make_app()
    exec(CORS_LINE, {"CORS": CORS, "app": app})  # noqa: S102 - it is what we test
    answer = app.test_client().get("/claims", headers={"Origin": "https://app.example.org"})
    assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]


def test_the_claim_for_readers_is_in_access_tokens_alone(make_app: MakeApp) -> None:
    guard = TokenGuard()
    make_app(guard, STORAGE_URI="memory://")
    exec(MARK, {"guard": guard})  # noqa: S102 - it is what we test
    pair = guard.issue_token_pair("ada")
    assert guard.verify(pair["access_token"]).claims["token_use"] == "access"
    assert "token_use" not in str(guard.inspect_token(pair["refresh_token"]).claims)


def test_the_lines_for_readers_write_public_keys(
    make_app: MakeApp, private_pems: dict[str, str], tmp_path: Path
) -> None:
    key = tmp_path / "signing.pem"
    key.write_text(private_pems["ES256"])
    runner = make_app(KEYS=[{"file": str(key), "kid": "2026-11"}]).test_cli_runner()
    (block,) = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    pem, jwk = (
        runner.invoke(tokenguard, shlex.split(line)[3:])
        for line in block.replace("/etc/readers/keys", str(tmp_path / "keys"))
        .replace(" > key.json", "")
        .splitlines()
    )
    assert (tmp_path / "keys" / "2026-11.pem").read_text().startswith("-----BEGIN PUBLIC KEY")
    assert (pem.exit_code, json.loads(jwk.stdout)["kid"]) == (0, "2026-11")
