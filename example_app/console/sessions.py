"""The page of the user's devices, and a theft that ends one of them."""

from typing import Any

from flask import abort, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from flask_tokenguard import (
    end_all_sessions,
    end_session,
    issue_token_pair,
    refresh_reused,
    sessions_of,
    token_required,
    unset_token_cookies,
)

from ..tour.sessions import play_theft
from .pages import blueprint
from .play import Play
from .results import find, keep


@blueprint.get("/console/sessions")
@token_required(issuers="own")
def sessions() -> str:
    """List the user's sessions."""
    return render_template(
        "console/sessions.html", sessions=sessions_of(g.claims), this=g.claims.get("sid")
    )


@blueprint.post("/console/sessions/<sid>/end")
@token_required(issuers="own")
def end_device(sid: str) -> ResponseReturnValue:
    """End one of the user's sessions."""
    # Without the subject, everybody could end everybody's.
    if not end_session(sid, subject=g.claims):
        abort(404)
    if sid == g.claims.get("sid"):
        return unset_token_cookies(redirect(url_for("console.home"), 303))
    return redirect(url_for("console.sessions"), 303)


@blueprint.post("/console/sessions/end")
@token_required(issuers="own")
def end_devices() -> ResponseReturnValue:
    """End all of the user's sessions, this one among them."""
    end_all_sessions(g.claims)
    return unset_token_cookies(redirect(url_for("console.home"), 303))


@blueprint.get("/console/sessions/theft")
@token_required(issuers="own")
def theft() -> str:
    """Show what is about to be played, or was."""
    return render_template("console/theft.html", played=find("theft"))


@blueprint.post("/console/sessions/theft")
@token_required(issuers="own")
def steal() -> ResponseReturnValue:
    """Let a refresh token be stolen, from a session that is begun for it."""
    play, user, signals = Play(), g.claims["sub"], list[dict[str, Any]]()

    def receive(_sender: object, *, subject: str, **members: Any) -> None:
        if subject == user:
            signals.append({"subject": subject, **members})

    pair = issue_token_pair(user, scope=g.claims.get("scope"), origin="A phone that is robbed")
    with refresh_reused.connected_to(receive):
        play_theft(play.narrator, pair)
    keep("theft", steps=play.steps, signals=signals)
    return redirect(url_for("console.theft"), 303)
