"""`flask tokenguard migrate`: what becomes of code that was written for flask-jwt-extended."""

import textwrap

import pytest

from flask_tokenguard.cli.migrating.codemod import Rewritten, rewrite

ALL = "from flask_jwt_extended import *\n"


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


# Demands


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("@jwt_required()", "@token_required"),
        ("@jwt_required(optional=True)", "@token_required(optional=True)"),
        ("@jwt_required(True)", "@token_required(optional=True)"),
        ("@jwt_required(optional=False, fresh=False)", "@token_required"),
        ("@jwt_required(verify_type=True)", "@token_required"),
        ("@jwt_required(refresh=True)", "@refresh_required"),
        ("@jwt_required(fresh=True)", "@token_required(max_age=900)"),
        ("@jwt_required(locations='headers')", '@token_required(locations=["header"])'),
        (
            "@jwt_required(locations=['cookies', 'query_string'])",
            '@token_required(locations=["cookie", "query"])',
        ),
        ("@jwt_required(skip_revocation_check=True)", "@token_required"),
    ],
)
def test_a_decorator_becomes_ours(before: str, after: str) -> None:
    view = "\ndef view():\n    return {}\n"
    assert body(before + view, "jwt_required") == after + view


@pytest.mark.parametrize(
    ("before", "row"),
    [
        ("@jwt_required(fresh=True)", "jwt_required(fresh=)"),
        ("@jwt_required(verify_type=False)", "jwt_required(verify_type=)"),
        ("@jwt_required(skip_revocation_check=True)", "jwt_required(skip_revocation_check=)"),
        ("@jwt_required(optional=DEBUG)", "jwt_required(optional=)"),
        ("@jwt_required(refresh=True, locations='headers')", "jwt_required(refresh=)"),
        ("@jwt_required(locations=PLACES)", "jwt_required(locations=)"),
        ("@jwt_required(**OPTIONS)", "jwt_required"),
        ("@jwt_required(True, False, False, None, True, False, 7)", "jwt_required"),
        ("@partial(jwt_required, True)", "jwt_required"),
    ],
)
def test_a_decorator_that_needs_a_hand_is_named(before: str, row: str) -> None:
    assert rows(f"{before}\ndef view():\n    return {{}}\n", "jwt_required") == [(1, row)]


def test_a_decorator_without_a_twin_stays_with_its_import() -> None:
    code = (
        "from flask_jwt_extended import get_jti, jwt_required\n\nview = jwt_required()(get_jti)\n"
    )
    assert moved(code).after == (
        "from flask_jwt_extended import get_jti\n"
        "from flask_tokenguard import token_required\n\nview = token_required(get_jti)\n"
    )


def test_a_call_demands_where_it_is_made() -> None:
    code = """\
    def check():
        verify_jwt_in_request()
        return get_jwt_identity()
    """
    assert body(code, "verify_jwt_in_request", "get_jwt_identity") == textwrap.dedent("""\
    def check():
        require_token()
        return g.claims.subject
    """)


@pytest.mark.parametrize(
    "call", ["header, claims = verify_jwt_in_request()", "verify_jwt_in_request(refresh=True)"]
)
def test_a_demand_whose_result_is_another_is_named(call: str) -> None:
    ((line, row),) = rows(call + "\n", "verify_jwt_in_request")
    assert (line, row.split("(")[0]) == (1, "verify_jwt_in_request")


# What a view reads


@pytest.mark.parametrize(
    ("decorator", "before", "after"),
    [
        ("@jwt_required()", "get_jwt_identity()", "g.claims.subject"),
        ("@jwt_required()", "get_jwt()['role']", "g.claims['role']"),
        ("@jwt_required()", "get_jwt_header()", "current_token.header"),
        ("@jwt_required()", "get_current_user().name", "current_user.name"),
        ("@jwt_required()", "current_user.name", "current_user.name"),
        (
            "@jwt_required(optional=True)",
            "get_jwt_identity()",
            "g.claims.subject if g.claims else None",
        ),
        ("@other", "get_jwt()", "g.claims or {}"),
        ("@other", "get_jwt()['role']", "(g.claims or {})['role']"),
    ],
)
def test_what_a_view_reads_becomes_ours(decorator: str, before: str, after: str) -> None:
    names = ("jwt_required", "get_jwt_identity", "get_jwt", "get_jwt_header", "get_current_user")
    found = body(f"{decorator}\ndef view():\n    return {before}\n", *names, "current_user")
    assert found.split("\n")[-2] == f"    return {after}"


def test_the_decorators_of_a_class_demand_for_its_methods() -> None:
    code = """\
    class Notes(Resource):
        method_decorators = [jwt_required()]
        shown: bool

        def get(self):
            return get_jwt_identity()

    def helper():
        return get_jwt_identity()
    """
    assert body(code, "jwt_required", "get_jwt_identity") == textwrap.dedent("""\
    class Notes(Resource):
        method_decorators = [token_required]
        shown: bool

        def get(self):
            return g.claims.subject

    def helper():
        return g.claims.subject if g.claims else None
    """)


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("if get_current_user() is None: pass", "get_current_user"),
        ("get_jwt()['jti']", "A logout puts a `jti` into a list of the app's own"),
        ("decode_token(text)", "decode_token"),
        ("flask_jwt_extended.decode_token(text)", "decode_token"),
        ("flask_jwt_extended.utils.get_jti(text)", "get_jti"),
        ("flask_jwt_extended.config.config.leeway", "config"),
        ("get_jwt(*nothing)", "get_jwt"),
        ("create_refresh_token(name)", "create_refresh_token"),
        ("create_access_token(name, expires_delta=False)", "create_access_token(expires_delta=)"),
        ("create_access_token(name, fresh=timedelta(1))", "create_access_token(fresh=)"),
        ("create_access_token()", "create_access_token"),
        ("set_access_cookies(answer, token, 60)", "set_access_cookies(max_age=)"),
        ("set_access_cookies(answer)", "set_access_cookies"),
        ("unset_jwt_cookies(answer, domain='a')", "unset_jwt_cookies(domain=)"),
        ("set_refresh_cookies(answer, token)", "set_refresh_cookies"),
    ],
)
def test_a_call_that_needs_a_hand_is_named(code: str, row: str) -> None:
    imports = "import flask_jwt_extended, flask_jwt_extended.utils\n"
    names = "create_access_token, create_refresh_token, decode_token, get_current_user, get_jwt"
    cookies = "set_access_cookies, set_refresh_cookies, unset_jwt_cookies"
    imports += f"from flask_jwt_extended import {names}, {cookies}\n"
    found = moved(code + "\n", imports=imports).by_hand
    assert [(line.line, line.theirs) for line in found] == [(3, row)]
    assert found[0].ours
    assert found[0].why


# Tokens


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("create_access_token(name)", "issue_token(name)"),
        (
            "create_access_token(identity=name, fresh=False, expires_delta=HOUR)",
            "issue_token(name, lifetime=HOUR)",
        ),
        (
            "create_access_token(name, additional_claims={'a': 1}, additional_headers=H)",
            "issue_token(name, claims={'a': 1}, header=H)",
        ),
        ("create_access_token(name, True)", "issue_token(name, auth_time=int(time.time()))"),
        ("set_access_cookies(r, t)", 'set_token_cookies(r, {"access_token": t})'),
        ("unset_jwt_cookies(r)", "unset_token_cookies(r)"),
        ("JWTManager(app, add_context_processor=True)", "TokenGuard(app)"),
        ("JWTManager()", "TokenGuard()"),
        ("manager.init_app(app, add_context_processor=True)", "manager.init_app(app)"),
    ],
)
def test_a_call_becomes_ours(before: str, after: str) -> None:
    names = ("create_access_token", "set_access_cookies", "unset_jwt_cookies", "JWTManager")
    assert body(before + "\n", *names) == after + "\n"


LOGIN = """\
def login():
    # They come together.
    access = create_access_token(identity=name, fresh=True)
    refresh = create_refresh_token(identity=name)
    return jsonify(access_token=access, refresh_token=refresh)
"""


def test_two_tokens_of_a_login_become_a_pair() -> None:
    found = body(LOGIN, "create_access_token", "create_refresh_token")
    assert found == textwrap.dedent("""\
    def login():
        # They come together.
        token_pair = issue_token_pair(name)
        access = token_pair["access_token"]
        refresh = token_pair["refresh_token"]
        return jsonify(access_token=access, refresh_token=refresh)
    """)


def test_two_tokens_in_one_statement_become_a_pair() -> None:
    code = """\
    def login():
        if True:
            tokens = create_access_token(a, additional_claims=C), create_refresh_token(a)
    """
    assert body(code, "create_access_token", "create_refresh_token") == textwrap.dedent("""\
    def login():
        if True:
            token_pair = issue_token_pair(a, claims=C)
            tokens = token_pair["access_token"], token_pair["refresh_token"]
    """)


def test_each_view_of_a_factory_has_tokens_of_its_own() -> None:
    code = """\
    def create_app():
        def login():
            return create_access_token(name)

        def service():
            return create_refresh_token(name)
    """
    found = moved(code, imports="from flask_jwt_extended import create_access_token as new\n")
    assert "return create_access_token(name)" in found.after
    found = moved(code, imports="from flask_jwt_extended import create_access_token\n")
    assert "return issue_token(name)" in found.after


def test_the_cookies_of_a_pair_are_set_by_one_call() -> None:
    code = """\
    def login():
        answer = jsonify(msg="in")
        access = create_access_token(name)
        refresh = create_refresh_token(name)
        set_access_cookies(answer, access)
        set_refresh_cookies(answer, refresh)
        return answer
    """
    names = ("create_access_token", "create_refresh_token")
    found = body(code, *names, "set_access_cookies", "set_refresh_cookies")
    assert found == textwrap.dedent("""\
    def login():
        answer = jsonify(msg="in")
        token_pair = issue_token_pair(name)
        set_token_cookies(answer, token_pair)
        return answer
    """)


@pytest.mark.parametrize(
    "tokens",
    [
        "return create_access_token(a), create_refresh_token(b)",
        "return create_access_token(a), create_refresh_token(a, expires_delta=DAY)",
        "return create_access_token(a, fresh=until), create_refresh_token(a)",
        "return create_access_token(a), create_refresh_token(a, additional_claims=C)",
        "return create_access_token(get_jwt_identity()), create_refresh_token(get_jwt_identity())",
        "return create_access_token(a), create_refresh_token()",
        "return create_access_token(a), create_access_token(a), create_refresh_token(a)",
        "if a:\n        create_access_token(a)\n    return create_refresh_token(a)",
    ],
)
def test_tokens_that_are_no_pair_are_named(tokens: str) -> None:
    names = ("create_access_token", "create_refresh_token", "get_jwt_identity")
    found = [row for _, row in rows(f"def login():\n    {tokens}\n", *names)]
    assert "create_refresh_token" in found


REFRESH = """\
@jwt_required(refresh=True)
def refresh():
    identity = get_jwt_identity()
    access = create_access_token(identity=identity, fresh=False, additional_claims=C)
    return jsonify(access_token=access)
"""
NAMES = ("jwt_required", "get_jwt_identity", "create_access_token", "create_refresh_token")


def test_a_refresh_goes_by_its_refresh_token() -> None:
    assert body(REFRESH, *NAMES) == textwrap.dedent("""\
    @refresh_required
    def refresh():
        token_pair = refresh_token_pair(claims=C)
        access = token_pair["access_token"]
        return jsonify(access_token=access)
    """)
    kept = "A refresh token gives access tokens until it expires"
    assert rows(REFRESH, *NAMES) == [(4, kept)]


def test_a_refresh_that_gives_both_tokens_gives_the_pair() -> None:
    code = """\
    @jwt_required(refresh=True)
    def refresh():
        name = get_jwt_identity()
        return {"a": create_access_token(name), "r": create_refresh_token(name)}
    """
    assert body(code, *NAMES) == textwrap.dedent("""\
    @refresh_required
    def refresh():
        token_pair = refresh_token_pair()
        return {"a": token_pair["access_token"], "r": token_pair["refresh_token"]}
    """)


@pytest.mark.parametrize(
    "line",
    [
        "return get_jwt_identity()",
        "name = get_jwt_identity(); return create_access_token(name)",
        "name = other = get_jwt_identity()",
        "return create_access_token(name, fresh=True), get_jwt_identity()",
        "return create_access_token(name, expires_delta=DAY), get_jwt_identity()",
    ],
)
def test_what_a_refresh_reads_of_its_token_is_named(line: str) -> None:
    found = rows(f"@jwt_required(refresh=True)\ndef refresh():\n    {line}\n", *NAMES)
    assert (3, "jwt_required(refresh=)") in found


# Callbacks


def test_callbacks_take_the_claims_alone() -> None:
    code = """\
    @manager.user_lookup_loader
    def load(_header, claims):
        return users[claims["sub"]]

    @manager.token_in_blocklist_loader
    def is_revoked(header, payload: dict) -> bool:
        return payload["jti"] in revoked

    @manager.additional_claims_loader
    @cached
    def claims_of(identity):
        return {}
    """
    result = moved(code)
    assert result.after == textwrap.dedent("""\
    @manager.user_loader
    def load(claims):
        return users[claims["sub"]]

    @manager.former_token_revoked
    def is_revoked(payload: dict) -> bool:
        return payload["jti"] in revoked

    @manager.default_claims
    @cached
    def claims_of(identity):
        return {}
    """)
    assert [line.theirs for line in result.by_hand] == ["token_in_blocklist_loader"]


@pytest.mark.parametrize(
    ("loader", "parameters"),
    [
        ("user_lookup_loader", "header, claims"),
        ("user_lookup_loader", "*both"),
        ("expired_token_loader", "header, payload"),
        ("user_identity_loader", "user"),
    ],
)
def test_a_callback_without_a_twin_is_named(loader: str, parameters: str) -> None:
    code = f"@manager.{loader}\ndef callback({parameters}):\n    return header\n"
    result = moved(code)
    assert [(line.line, line.theirs) for line in result.by_hand] == [(1, loader)]
    assert result.after == result.before


IDENTITY = """\
@manager.user_identity_loader
def identity_of(user):
    return user.id
@manager.additional_claims_loader
def claims_of(user):
    return {"name": user.name}
def login():
    return create_access_token(user)
@jwt_required(refresh=True)
def refresh():
    return create_access_token(get_jwt_identity())
"""


def test_where_an_identity_is_no_text_its_tokens_are_named() -> None:
    found = rows(IDENTITY, *NAMES)
    assert found[:3] == [
        (1, "user_identity_loader"),
        (4, "additional_claims_loader"),
        (8, "user_identity_loader"),
    ]
    assert {line for line, _ in found[3:]} == {11}


# Settings


@pytest.mark.parametrize(
    "code",
    [
        'app.config["JWT_SECRET_KEY"] = key',
        "app.config.update(JWT_SECRET_KEY=key)",
        'app.config.from_mapping({"JWT_SECRET_KEY": key})',
        "class Config:\n    JWT_SECRET_KEY = key",
    ],
)
def test_a_setting_is_named_wherever_it_is(code: str) -> None:
    (found,) = moved(code + "\n").by_hand
    assert (found.theirs, found.line) == ("JWT_SECRET_KEY", code.count("\n") + 1)


def test_another_setting_is_left_alone() -> None:
    code = 'app.config["JWT_OF_OURS"], app.config[b"JWT_SECRET_KEY"], x[1:2], y[0]\nx.y = 1\n'
    assert moved(code) == Rewritten(code, code, code.encode(), [])


# Imports


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


def test_many_imports_stand_one_a_line() -> None:
    code = LOGIN + REFRESH.replace("\n    return", "\n    current_user\n    return")
    names = ", ".join({*NAMES, "current_user"})
    found = moved(code, imports=f"from flask_jwt_extended import ({names})\n").after
    assert "import (\n    current_user,\n    issue_token_pair,\n    refresh_required,\n" in found


# Files


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
