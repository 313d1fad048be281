"""What docs/changing.md promises of tokens that are out."""

import re
from pathlib import Path

import pytest

from flask_tokenguard import TokenGuard

from ..conftest import MakeApp
from ..support import ROOT, bearer

CHANGING = (ROOT / "docs" / "changing.md").read_text()


@pytest.fixture
def rotation(tmp_path: Path, private_pems: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    """What the docs set before, at the first and at the second step of a key's rotation."""
    (tmp_path / "old.pem").write_text(private_pems["RS256"])
    (tmp_path / "new.pem").write_text(private_pems["EdDSA"])
    found = re.findall(r"TOKENGUARD_KEYS = (\[.*?\n   \])", CHANGING, re.DOTALL)
    first, second = (
        [{**entry, "file": str(tmp_path / entry["file"])} for entry in eval(text)]  # noqa: S307 - our own docs
        for text in found
    )
    return {"before": [{"file": str(tmp_path / "old.pem")}], "first": first, "second": second}


@pytest.mark.parametrize(
    ("issued_at", "read_at"),
    [("before", "first"), ("first", "before"), ("first", "second"), ("second", "first")],
)
def test_neighbouring_steps_of_a_rotation_read_the_same_tokens(
    make_app: MakeApp,
    rotation: dict[str, list[dict[str, str]]],
    issued_at: str,
    read_at: str,
) -> None:
    guard = TokenGuard()
    make_app(guard, KEYS=rotation[issued_at])
    reader = make_app(KEYS=rotation[read_at])
    token = guard.issue_token("ada")
    assert reader.test_client().get("/claims", headers=bearer(token)).status_code == 200
