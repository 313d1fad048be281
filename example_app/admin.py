"""What admins may see.

The role is in the token, and asked for at each refresh: taking it away works at the next one. To
make it work at once, end the user's sessions too. Another issuer's admin is none of ours.
"""

from typing import Any

from flask import Blueprint

from flask_tokenguard import token_required

from .database import current_database

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


@blueprint.get("/users")
@token_required(issuers="own", claims={"role": "admin"})
def users() -> list[dict[str, Any]]:
    """List everyone, with the number of their notes but not a word of them."""
    return all_users()


def all_users() -> list[dict[str, Any]]:
    """Read every user, with the number of notes."""
    rows = current_database().execute(
        "SELECT name, role, scope, (SELECT count(*) FROM notes WHERE owner = users.id) AS notes"
        " FROM users ORDER BY name"
    )
    return [dict(row) for row in rows]
