"""`flask tokenguard migrate`: imports, files."""

import pytest

from flask_tokenguard.cli.migrating.codemod import rewrite

from .support import LOGIN, NAMES, REFRESH, moved, rows

ALL = "from flask_jwt_extended import *\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "import flask_jwt_extended as fje\n\nfje.unset_jwt_cookies(r)\n",
            "from flask_tokenguard import unset_token_cookies\n\nunset_token_cookies(r)\n",
        ),
        (
            "import os, flask_jwt_extended\n\nflask_jwt_extended.JWTManager(app)\n",
            "import os\nfrom flask_tokenguard import TokenGuard\n\nTokenGuard(app)\n",
        ),
        (
            "from flask_jwt_extended import current_user as me\n\nprint(me.name)\n",
            "from flask_tokenguard import current_user\n\nprint(current_user.name)\n",
        ),
        (
            "from flask_jwt_extended.jwt_manager import JWTManager\n\nmanager: JWTManager\n",
            "from flask_tokenguard import TokenGuard\n\nmanager: TokenGuard\n",
        ),
        (
            "from flask_jwt_extended import get_jwt\nfrom flask import g, request\n\nget_jwt()\n",
            "from flask import g, request\n\n(g.claims or {})\n",
        ),
        (
            (
                "from flask import *\nimport os; import re\nfrom . import a\n"
                "from flask_jwt_extended import get_jwt\n\nget_jwt()\n"
            ),
            (
                "from flask import *\nimport os; import re\nfrom . import a\n"
                "from flask_tokenguard import g\n\n(g.claims or {})\n"
            ),
        ),
        (
            (
                "from __future__ import annotations\n\n# Ours\nimport re\n"
                "from flask_jwt_extended import create_access_token\n\n"
                "create_access_token(a, fresh=True)\n"
            ),
            (
                "from __future__ import annotations\n\n# Ours\nimport time\nimport re\n"
                "from flask_tokenguard import issue_token\n\n"
                "issue_token(a, auth_time=int(time.time()))\n"
            ),
        ),
        (
            (
                "import time\nfrom flask_jwt_extended import create_access_token\n\n"
                "create_access_token(a, fresh=True)\n"
            ),
            (
                "import time\nfrom flask_tokenguard import issue_token\n\n"
                "issue_token(a, auth_time=int(time.time()))\n"
            ),
        ),
        ("from flask_jwt_extended import jwt_required\n", "\n"),
        (ALL, ALL),
    ],
)
def test_imports_follow_what_is_used(before: str, after: str) -> None:
    assert moved(before).after == after


def test_a_time_of_the_app_is_not_taken_for_the_module() -> None:
    code = "from time import time\nfrom flask_jwt_extended import create_access_token\n"
    found = moved(code + "\ncreate_access_token(a, fresh=True)\n")
    assert [line.theirs for line in found.by_hand] == ["create_access_token(fresh=)"]
    assert "time.time" not in found.after


def test_an_import_of_every_name_is_named() -> None:
    found = moved(ALL + "\nview = jwt_required()(get_jti)\n")
    assert [(line.line, line.theirs) for line in found.by_hand] == [(1, ALL.strip())]
    assert rewrite(b"from flask import *\n").by_hand == []


def test_many_imports_stand_one_a_line() -> None:
    code = LOGIN + REFRESH.replace("\n    return", "\n    current_user\n    return")
    names = ", ".join({*NAMES, "current_user"})
    found = moved(code, imports=f"from flask_jwt_extended import ({names})\n").after
    assert "import (\n    current_user,\n    issue_token_pair,\n    refresh_required,\n" in found


def test_the_manager_is_where_answers_are_named() -> None:
    row = "A bad token is a 422, an expired one a 401"
    assert rows("JWTManager(app)\n", "JWTManager") == [(1, row)]


def test_the_encoding_and_the_line_ends_stay() -> None:
    source = "# coding: latin-1\r\nfrom flask_jwt_extended import get_jwt\r\nget_jwt() # \xe9\r\n"
    found = rewrite(source.encode("latin-1"))
    assert found.octets == (
        "# coding: latin-1\r\nfrom flask_tokenguard import g\r\n(g.claims or {}) # \xe9\r\n"
    ).encode("latin-1")


@pytest.mark.parametrize("source", [b"def :", b"# coding: nothing\n", b"\xff\xfe\xff"])
def test_what_is_no_python_is_an_error(source: bytes) -> None:
    with pytest.raises(ValueError, match="not Python"):
        rewrite(source)
