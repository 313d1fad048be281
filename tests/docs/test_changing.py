"""What docs/changing.md promises of tokens that are out."""

import re
from pathlib import Path
from typing import Any

import flask_jwt_extended
import pytest
from flask import Flask

from flask_tokenguard import TokenGuard

from ..conftest import MakeApp
from ..support import ROOT, bearer

CHANGING = (ROOT / "docs" / "changing.md").read_text()


@pytest.fixture
def peer(secret: str) -> Flask:
    """An app that issues tokens with flask-jwt-extended."""
    app = Flask(__name__)
    app.config["JWT_SECRET_KEY"] = secret
    flask_jwt_extended.JWTManager(app)
    return app


@pytest.fixture
def moved(make_app: MakeApp) -> Flask:
    """The same app with our extension, as the docs say."""
    (code,) = re.findall(r"```python\n(from flask_tokenguard.*?)```", CHANGING, re.DOTALL)
    names: dict[str, Any] = {"app": None}
    exec(code.replace("TokenGuard(app, ", "TokenGuard("), names)  # noqa: S102 - it is what we test
    guard: TokenGuard = names["guard"]
    return make_app(guard, TYPES=["at+jwt", "JWT"])


def test_an_access_token_of_flask_jwt_extended_goes_on_working(peer: Flask, moved: Flask) -> None:
    with peer.app_context():
        token = flask_jwt_extended.create_access_token("ada")
    answer = moved.test_client().get("/claims", headers=bearer(token))
    assert answer.get_json()["sub"] == "ada"


def test_a_refresh_token_of_flask_jwt_extended_is_refused(peer: Flask, moved: Flask) -> None:
    with peer.app_context():
        token = flask_jwt_extended.create_refresh_token("ada")
    assert moved.test_client().get("/claims", headers=bearer(token)).status_code == 401


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
