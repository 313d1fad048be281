"""`flask tokenguard migrate`: what the tests share."""

import textwrap

from flask_tokenguard.cli.migrating.codemod import Rewritten, rewrite


def moved(code: str, *, imports: str = "") -> Rewritten:
    """Rewrite a module that imports each name that it uses."""
    return rewrite((textwrap.dedent(imports) + textwrap.dedent(code)).encode())


def body(code: str, *names: str) -> str:
    """Rewrite code, and return it without its imports."""
    result = moved(code, imports=f"from flask_jwt_extended import {', '.join(names)}\n")
    lines = result.after.split("\n")
    return "\n".join(line for line in lines if not line.startswith(("import ", "from ")))


def rows(code: str, *names: str) -> list[tuple[int | None, str]]:
    """Rewrite code, and return what it reports: the line after the import, and the row."""
    result = moved(code, imports=f"from flask_jwt_extended import {', '.join(names)}\n")
    return [(line.line and line.line - 1, line.theirs) for line in result.by_hand]


LOGIN = """\
def login():
    # They come together.
    access = create_access_token(identity=name, fresh=True)
    refresh = create_refresh_token(identity=name)
    return jsonify(access_token=access, refresh_token=refresh)
"""
REFRESH = """\
@jwt_required(refresh=True)
def refresh():
    identity = get_jwt_identity()
    access = create_access_token(identity=identity, fresh=False, additional_claims=C)
    return jsonify(access_token=access)
"""
NAMES = ("jwt_required", "get_jwt_identity", "create_access_token", "create_refresh_token")
