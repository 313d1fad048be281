"""Who is asking: the login route, the user behind a token, and `/me`.

Passwords can be guessed at `/login` as fast as it answers; limit its rate before others reach it.
"""

import secrets
from typing import Any, NamedTuple

from flask import Blueprint, g
from flask.typing import ResponseReturnValue
from werkzeug.security import check_password_hash, generate_password_hash

from flask_tokenguard import (
    Claims,
    TokenGuard,
    current_user,
    issue_token,
    public,
    token_required,
)

from .database import current_database
from .incoming import texts

guard = TokenGuard()
blueprint = Blueprint("auth", __name__)

# Checked for a name that nobody has, so that its refusal takes as long as a wrong password's.
_HASH_OF_NOBODY = generate_password_hash(secrets.token_urlsafe())


class User(NamedTuple):
    """A row of the table users."""

    id: str
    name: str
    password_hash: str
    role: str
    scope: str


@blueprint.post("/login")
@public
def login() -> ResponseReturnValue:
    """Change a name and a password for a token (RFC 6749 section 5.1)."""
    name, password = texts(name=64, password=1024)
    user = _find_user("SELECT * FROM users WHERE name = ?", name)
    password_hash = _HASH_OF_NOBODY if user is None else user.password_hash
    is_right = check_password_hash(password_hash, password)
    if user is None or not is_right:
        # Not a 401: that would owe a challenge, and a token is not what was missing.
        return {"error": "invalid_grant", "error_description": "Wrong name or password"}, 400
    token = issue_token(user.id, scope=user.scope, claims={"role": user.role})
    return {"access_token": token, "token_type": "Bearer", "scope": user.scope}


@blueprint.get("/me")
@token_required(user=True)
def me() -> dict[str, Any]:
    """Tell users who they are, and what their token allows."""
    return {
        "id": current_user.id,
        "name": current_user.name,
        "role": current_user.role,
        "scope": sorted(g.claims.scopes),
    }


@guard.user_loader
def load_user(claims: Claims) -> User | None:
    """Find the user behind a token, who may be gone since it was issued."""
    return _find_user("SELECT * FROM users WHERE id = ?", claims["sub"])


def _find_user(query: str, value: str) -> User | None:
    row = current_database().execute(query, (value,)).fetchone()
    return None if row is None else User(**row)
