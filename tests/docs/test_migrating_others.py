"""Coming from PyJWT by hand and from Flask-JWT: what docs/migrating.md has an app write."""

import time
from typing import Any

import flask
import jwt
import pytest
from flask import Flask, g

from flask_tokenguard import InvalidToken, TokenGuard, current_user, token_required

from ..support import SettableClock, bearer
from .test_migrating import BY_HAND, FLASK_JWT, run

SECRET = "jR4vX0s9mQ2wL7tB1nK8yF3dH6pC5zGa"
USERS = {"7": "Ada"}
# Of Flask-JWT 0.3.2 with PyJWT 1.4.2 and Flask 1.1.4: for ten years, and the user 7.
OF_FLASK_JWT = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJleHAiOjIxMTEzMjY3MzcsImlhdCI6MTc5NTk2NjczNywibmJmIjox"
    "Nzk1OTY2NzM3LCJpZGVudGl0eSI6N30.Y1k27rbN1eex_hpNDv1wHLankS_NrEC1V6rKSHHjiQY"
)


def written(code: str, clock: SettableClock, **names: Any) -> tuple[Flask, TokenGuard]:
    """Run what the page has an app write, beside a view that shows the user."""
    app = Flask("moved")
    found = run(
        code.replace("TokenGuard(app,", "TokenGuard(app, clock=clock,"),
        app=app,
        clock=clock,
        SECRET_KEY=SECRET,
        JWT_SECRET_KEY=SECRET,
        USERS=USERS,
        InvalidToken=InvalidToken,
        TokenGuard=TokenGuard,
        **names,
    )
    app.add_url_rule("/me", "me", token_required(user=True)(lambda: {"user": str(current_user)}))
    return app, found["guard"]


def signed(**claims: Any) -> str:
    """Sign as apps do by hand."""
    return jwt.encode({"exp": int(time.time()) + 3600} | claims, SECRET, algorithm="HS256")


def asked(app: Flask, token: str, scheme: str = "Bearer") -> Any:
    headers = {"Authorization": f"{scheme} {token}"}
    return app.test_client().get("/me", headers=headers)


def test_a_token_that_was_signed_by_hand_is_good(clock: SettableClock) -> None:
    app, guard = written(BY_HAND, clock)
    for token in (signed(user_id=7), guard.issue_token("7")):
        assert asked(app, token).get_json() == {"user": "Ada"}


@pytest.mark.parametrize(
    "claims", [{"reset": 7}, {"user_id": 8}, {"user_id": 7, "sub": 7}, {"user_id": 7, "exp": 1}]
)
def test_what_is_no_login_is_refused(clock: SettableClock, claims: dict[str, Any]) -> None:
    app, _ = written(BY_HAND, clock)
    assert asked(app, signed(**claims)).status_code == 401


def test_after_the_move_a_token_by_hand_is_refused(clock: SettableClock) -> None:
    app = Flask("later")
    app.config["TOKENGUARD_KEY"] = SECRET
    guard = TokenGuard(app, clock=clock)
    app.add_url_rule("/me", "me", token_required(lambda: dict(g.claims or {})))
    assert asked(app, signed(user_id=7)).status_code == 401
    assert asked(app, guard.issue_token("7")).status_code == 200


@pytest.fixture
def clock_of_flask_jwt() -> SettableClock:
    """A clock within the life of its token."""
    return SettableClock(1_795_966_800)


def test_a_token_of_flask_jwt_is_good(clock_of_flask_jwt: SettableClock) -> None:
    code = BY_HAND.replace("user_id", "identity")
    settings, rest = code.split("app.config.update(")[0], code.split(")\nguard", 1)[1]
    code = f"{settings}{FLASK_JWT}\nguard{rest}"
    app, guard = written(code, clock_of_flask_jwt)
    for token in (OF_FLASK_JWT, guard.issue_token("7")):
        assert asked(app, token, "JWT").get_json() == {"user": "Ada"}
    assert asked(app, OF_FLASK_JWT[:-1], "JWT").status_code == 401


def test_flask_jwt_needs_what_flask_has_no_longer() -> None:
    assert not hasattr(flask, "_request_ctx_stack")


def test_a_header_of_another_scheme_is_none(clock: SettableClock) -> None:
    app, _ = written(BY_HAND, clock)
    assert app.test_client().get("/me", headers=bearer(signed(user_id=7))).status_code == 200
    assert asked(app, signed(user_id=7), "JWT").status_code == 401
