"""The page of admins: users, keys and counts."""

import time
from pathlib import Path

from flask import current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from flask_tokenguard import current_token, token_required
from flask_tokenguard.keys import rotate_ring

from ..admin import all_users
from ..counts import EXTENSION
from .pages import blueprint
from .token_parts import ring


@blueprint.get("/console/admin")
@token_required(issuers="own", claims={"role": "admin"})
def admin() -> str:
    """Show everyone's names, the ring, and what was refused since the start."""
    return render_template(
        "console/admin.html",
        users=all_users(),
        keys=ring(),
        kid=(current_token.header or {}).get("kid"),
        counts=current_app.extensions[EXTENSION].by_reason(),
    )


@blueprint.post("/console/admin/rotate")
@token_required(issuers="own", claims={"role": "admin"})
def rotate() -> ResponseReturnValue:
    """Let the next key sign at once.

    Where others verify the tokens by the published keys, give them time to see the next key first:
    `least_age=300`.
    """
    folder = Path(current_app.instance_path) / current_app.config["TOKENGUARD_KEYRING"]
    rotate_ring(folder, alg="ES256", password=None, now=int(time.time()), least_age=0)
    return redirect(url_for("console.admin"), 303)
