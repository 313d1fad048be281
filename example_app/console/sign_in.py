"""Signing in and out, by cookies that no script can read."""

from flask import current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from flask_tokenguard import (
    InvalidGrant,
    end_session,
    next_path,
    public,
    set_token_cookies,
    token_required,
    unset_token_cookies,
)

from ..auth import begin_session, check_login, load_user
from ..incoming import form_texts, wants_page
from .pages import blueprint


@blueprint.get("/")
@public
def home() -> ResponseReturnValue:
    """Show a person the way in, and a program where everything is."""
    if not wants_page():
        return {
            "log in": url_for("auth.login"),
            "refresh": url_for("tokenguard.token"),
            "log out": url_for("sessions.logout"),
            "sessions": url_for("sessions.own"),
            "who am I": url_for("auth.me"),
            "notes": url_for("notes.newest"),
            "users": url_for("admin.users"),
        }
    return _home(user=None if g.claims is None else load_user(g.claims))


@blueprint.post("/console/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Change a name and a password for a session, which the browser keeps in cookies."""
    name, password = form_texts(name=64, password=1024)
    try:
        user = check_login(name, password)
    except InvalidGrant as error:
        return _home(user=None, error=error), 400
    response = redirect(next_path(url_for("console.notes")), 303)
    return set_token_cookies(response, begin_session(user), persistent="remember" in request.form)


@blueprint.post("/console/sign-out")
@token_required(issuers="own")
def sign_out() -> ResponseReturnValue:
    """End the session here; its tokens are refused at once, wherever a copy is."""
    end_session()
    return unset_token_cookies(redirect(url_for("console.home"), 303))


def _home(*, user: object, error: InvalidGrant | None = None) -> str:
    # The demonstration alone puts passwords into a page: `python -m example_app` sets them.
    demo = current_app.config.get("DEMO_PASSWORDS", {})
    return render_template(
        "console/home.html", user=user, error=error, demo=demo, next=next_path("")
    )
