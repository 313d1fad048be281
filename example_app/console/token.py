"""The user's token taken apart, the same one encrypted, and any that is pasted."""

from typing import Any

from flask import current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from flask_tokenguard import (
    TokenReport,
    current_token,
    refresh_token_pair,
    set_token_cookies,
    token_required,
)

from ..auth import guard
from ..incoming import form_texts
from ..tour.elsewhere import guard_like
from ..tour.exchange import members_of
from .pages import blueprint
from .results import find, keep
from .token_parts import A_SECRET, Member, as_json, claims_of, header_of, parts_of, ring_entry

_LONGEST = 16_384


@blueprint.get("/console/token")
@token_required(issuers="own")
def token() -> str:
    """Show the token of this very request."""
    refreshed = find("token")
    is_new = refreshed.get("jti") == g.claims.id
    return _page("token", current_token.text, changes=refreshed["changes"] if is_new else {})


@blueprint.post("/console/token")
@token_required(issuers="own")
def refresh() -> ResponseReturnValue:
    """Refresh the session; the next page shows what is new in the token."""
    before = g.claims
    pair = refresh_token_pair()
    after = guard.inspect_token(pair["access_token"]).claims or {}
    changes = {
        name: (as_json(before.get(name)), as_json(after.get(name)))
        for name in (*before, *(name for name in after if name not in before))
        if before.get(name) != after.get(name)
    }
    keep("token", jti=after.get("jti"), changes=changes)
    return set_token_cookies(redirect(url_for("console.token"), 303), pair)


@blueprint.get("/console/token/encrypted")
@token_required(issuers="own")
def encrypted() -> str:
    """Show a token as it is where the app encrypts what it signs."""
    other = guard_like(current_app, TOKENGUARD_ENCRYPTION={"key": A_SECRET})
    claims = {"role": g.claims.get("role")}
    text = other.issue_token(g.claims["sub"], scope=g.claims.get("scope"), claims=claims)
    outer = [Member.of(name, value) for name, value in members_of(text, 0).items()]
    return _page("encrypted", text, report=other.inspect_token(text), outer=outer)


@blueprint.route("/console/token/inspect", methods=["GET", "POST"])
@token_required(issuers="own")
def inspect() -> str:
    """Inspect a token that was pasted; it is neither kept nor logged."""
    if request.method == "GET":
        return render_template("console/inspect.html", report=None, longest=_LONGEST)
    (text,) = form_texts(token=_LONGEST)
    return _page("inspect", text.strip(), longest=_LONGEST)


def _page(name: str, text: str, *, report: TokenReport | None = None, **more: Any) -> str:
    report = report or guard.inspect_token(text)
    return render_template(
        f"console/{name}.html",
        report=report,
        parts=parts_of(text, report),
        header=header_of(report),
        claims=claims_of(report),
        key=ring_entry(report),
        **more,
    )
