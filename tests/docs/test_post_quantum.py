"""What docs/post-quantum.md promises of sizes, and that its commands run."""

import re
from pathlib import Path

import pytest

from flask_tokenguard.jose.compact import LONGEST_TOKEN
from flask_tokenguard.keys.generate import generate, to_jwk
from flask_tokenguard.keys.text import read_file, read_keys

from ..conftest import MakeApp
from ..support import ROOT
from .shell import run_blocks

PAGE = (ROOT / "docs" / "post-quantum.md").read_text()
_ROW = re.compile(
    r"^\| (ES256|ML-DSA-\d+) \| ([\d,]+) \| ([\d,]+) \| (.*) \| (.*) \|$", re.MULTILINE
)
ROWS = _ROW.findall(PAGE)
VERDICTS = {(True, True): "yes", (True, False): "only if it is not encrypted", (False, False): "no"}
COOKIE = 4096


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_token_is_as_long_as_the_page_has_it(
    make_app: MakeApp, private_pems: dict[str, str], row: tuple[str, ...]
) -> None:
    alg, signed, encrypted, header, cookie = row
    key = to_jwk(generate("dir", enc="A256GCM"), private=True)
    sizes = [
        make_app(KEY=private_pems[alg], MAX_TOKEN_SIZE=10_000, **nested)
        .extensions["tokenguard"]
        .issuer.least_size()
        for nested in ({}, {"ENCRYPTION": {"key": key, "alg": "dir", "enc": "A256GCM"}})
    ]
    assert [f"{size:,}" for size in sizes] == [signed, encrypted]
    assert header == VERDICTS[sizes[0] <= LONGEST_TOKEN, sizes[1] <= LONGEST_TOKEN]
    assert cookie == VERDICTS[sizes[0] <= COOKIE, sizes[1] <= COOKIE]


def test_the_page_has_a_row_for_each() -> None:
    assert [row[0] for row in ROWS] == ["ES256", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]


def test_the_commands_of_the_page_make_keys(tmp_path: Path) -> None:
    commands = PAGE.replace("$ pip install 'cryptography>=48'\n", "")
    assert run_blocks(commands, tmp_path).status == 0
    kinds = {path.name: read_keys(read_file(path))[0].is_private for path in tmp_path.glob("*.*")}
    assert kinds == {"signing.pem": True, "signing.jwk": True, "public.jwk": False}
