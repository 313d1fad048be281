"""The page of attacks: what is sent, what comes, and why."""

from flask import abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from flask_tokenguard import token_required

from ..tour.attacks import ATTACKS, Victim
from .pages import blueprint
from .play import Play
from .results import find, keep


@blueprint.get("/console/break-in")
@token_required(issuers="own")
def break_in() -> str:
    """List the attacks, and show the one that was played last."""
    return render_template("console/break_in.html", attacks=ATTACKS, played=find("break-in"))


@blueprint.post("/console/break-in")
@token_required(issuers="own")
def attack() -> ResponseReturnValue:
    """Play one of them on the user's own account."""
    name = request.form.get("attack")
    chosen = next((attack for attack in ATTACKS if attack.name == name), None) or abort(400)
    play = Play()
    victim = Victim(current_app, g.claims["sub"], request.headers.get("Cookie", ""))
    chosen.play(play.narrator, victim)
    keep("break-in", chosen=chosen, steps=play.steps)
    return redirect(url_for("console.break_in", _anchor="played"), 303)
