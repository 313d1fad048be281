"""`flask tokenguard migrate`: what a view reads."""

import textwrap

import pytest

from .support import body, moved, rows


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


def test_a_logout_that_only_fills_a_list_is_named() -> None:
    code = """\
    @jwt_required()
    def logout():
        token = get_jwt()
        other = {}
        revoke(token["jti"], other["jti"], request.json["jti"], print["jti"], token["exp"])
    """
    assert rows(textwrap.dedent(code), "jwt_required", "get_jwt") == [
        (5, "A logout puts a `jti` into a list of the app's own")
    ]


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("if get_current_user() is None: pass", "get_current_user"),
        ("get_jwt()['jti']", "A logout puts a `jti` into a list of the app's own"),
        ("get_jwt().get('jti')", "A logout puts a `jti` into a list of the app's own"),
        ("get_jwt()['type']", "An access token differs from a refresh token by the claim `type`"),
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
