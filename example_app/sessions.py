"""Users' sessions, one for each login: logging out, here or elsewhere.

Refreshing a session is not here: `guard.token_endpoints()` does that. Only tokens of our own have
sessions; `g.claims` names a subject with its issuer, which `g.claims["sub"]` does not.
"""

from typing import Any

from flask import Blueprint, abort, g
from flask.typing import ResponseReturnValue

from flask_tokenguard import (
    end_all_sessions,
    end_session,
    revoke_token,
    sessions_of,
    token_required,
)

blueprint = Blueprint("sessions", __name__)


@blueprint.post("/logout")
@token_required(issuers="own")
def logout() -> ResponseReturnValue:
    """End the session of the token; a token without one, as jobs may have, is revoked alone."""
    if not end_session():
        revoke_token(g.claims)
    return "", 204


@blueprint.get("/sessions")
@token_required(issuers="own")
def own() -> list[dict[str, Any]]:
    """List the caller's sessions, the newest first, and say which one is this."""
    return [
        {
            "sid": session.sid,
            "origin": session.origin,
            "started": session.started.isoformat(timespec="seconds"),
            "last_used": session.last_used.isoformat(timespec="seconds"),
            "is_this": session.sid == g.claims.get("sid"),
        }
        for session in sessions_of(g.claims)
    ]


@blueprint.delete("/sessions")
@token_required(issuers="own")
def end_all() -> ResponseReturnValue:
    """Log the caller out everywhere."""
    end_all_sessions(g.claims)
    return "", 204


@blueprint.delete("/sessions/<sid>")
@token_required(issuers="own")
def end(sid: str) -> ResponseReturnValue:
    """End one of the caller's sessions; another user's is as unknown as one that never was."""
    # Without the subject, everybody could end everybody's.
    return ("", 204) if end_session(sid, subject=g.claims) else abort(404)
