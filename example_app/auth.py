"""Users: the login, the user behind a token, `/me`, and a change of the password.

Passwords can be guessed at `/login` and `/password` as fast as they answer; limit their rate before
others reach them.
"""

import secrets
from typing import Any, NamedTuple

from flask import Blueprint, abort, current_app, g, request
from werkzeug.security import check_password_hash, generate_password_hash

from flask_tokenguard import (
    Claims,
    InvalidGrant,
    TokenGuard,
    TokenResponse,
    current_user,
    end_all_sessions,
    issue_token_pair,
    public,
    token_required,
)

from .database import current_database
from .incoming import texts

guard = TokenGuard()
blueprint = Blueprint("auth", __name__)

# Checked for a name that nobody has, so that its refusal takes as long as a wrong password's.
_HASH_OF_NOBODY = generate_password_hash(secrets.token_urlsafe())
_SHORTEST_PASSWORD = 12


class User(NamedTuple):
    """A row of the table users."""

    id: str
    name: str
    password_hash: str
    role: str
    scope: str


@blueprint.post("/login")
@public
def login() -> TokenResponse:
    """Change a name and a password for a pair of tokens (RFC 6749 section 5.1)."""
    name, password = texts(name=64, password=1024)
    return begin_session(check_login(name, password))


@blueprint.get("/me")
@token_required(issuers="own", user=True)
def me() -> dict[str, Any]:
    """Return who the user is, and what the token allows."""
    return {
        "id": current_user.id,
        "name": current_user.name,
        "role": current_user.role,
        "scope": sorted(g.claims.scopes),
    }


@blueprint.post("/password")
@token_required(issuers="own", max_age=300, user=True)
def change_password() -> TokenResponse:
    """Set another password and end every session, of which one may be a thief's.

    A token is not enough for this: its user must have logged in within five minutes, and know the
    old password.
    """
    old, new = texts(old_password=1024, new_password=1024)
    if len(new) < _SHORTEST_PASSWORD:
        abort(400, f"new_password must have at least {_SHORTEST_PASSWORD} characters")
    if not check_password_hash(current_user.password_hash, old):
        raise InvalidGrant("Wrong password")
    with current_database() as database:
        database.execute(
            "UPDATE users SET password_hash = ? WHERE id = ?",
            (generate_password_hash(new), current_user.id),
        )
        # While it can be undone: if the sessions cannot be ended, the old password stays.
        end_all_sessions(g.claims)
    return begin_session(current_user)


def check_login(name: str, password: str) -> User:
    """Find the user of a name and a password.

    Raises:
        InvalidGrant: There is none.
    """
    user = _find_user("SELECT * FROM users WHERE name = ?", name)
    password_hash = _HASH_OF_NOBODY if user is None else user.password_hash
    is_right = check_password_hash(password_hash, password)
    if user is None or not is_right:
        # A 400: a 401 would owe a challenge, and a token is not what was missing.
        raise InvalidGrant("Wrong name or password")
    return user


def begin_session(user: User) -> TokenResponse:
    """Issue the tokens of a session on the device that asks."""
    return issue_token_pair(user.id, scope=user.scope, origin=request.user_agent.string)


@guard.user_loader
def load_user(claims: Claims) -> User | None:
    """Find the user behind a token, who may be gone since it was issued."""
    if claims.issuer != current_app.config["TOKENGUARD_ISSUER"]:
        return None  # Another issuer's subject is nobody here, though one of ours have its name.
    return _find_user("SELECT * FROM users WHERE id = ?", claims["sub"])


@guard.default_claims
def claims_of(subject: str) -> dict[str, str]:
    """Return a user's role for each token; asked at each refresh, so that a change works then."""
    user = _find_user("SELECT * FROM users WHERE id = ?", subject)
    return {} if user is None else {"role": user.role}


def _find_user(query: str, value: str) -> User | None:
    row = current_database().execute(query, (value,)).fetchone()
    return None if row is None else User(**row)
