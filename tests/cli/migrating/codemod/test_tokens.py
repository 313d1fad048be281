"""`flask tokenguard migrate`: tokens."""

import textwrap

import pytest

from .support import LOGIN, NAMES, REFRESH, body, moved, rows


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


def test_that_sessions_need_a_store_is_shown_once_a_module() -> None:
    found = rows(LOGIN + LOGIN, "create_access_token", "create_refresh_token")
    assert found == [(4, "create_refresh_token")]


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


COOKIES = """\
def login():
    access = create_access_token(a)
    refresh = create_refresh_token(a)
    set_access_cookies(r, access)
    set_refresh_cookies(r, refresh)
"""


@pytest.mark.parametrize(
    ("before", "after", "row"),
    [
        ("(r, access)", "(r, access, max_age=10)", "set_access_cookies(max_age=)"),
        ("(r, refresh)", "(r, refresh, domain='a')", "set_refresh_cookies"),
        ("(r, refresh)", "(other, refresh)", "set_refresh_cookies"),
        ("(r, refresh)", "(*both)", "set_refresh_cookies"),
        ("(r, refresh)", "(encoded_refresh_token=refresh, max_age=1)", "set_refresh_cookies"),
        (
            "    set_access",
            "    if a:\n        set_access_cookies(r, access)\n    set_access",
            None,
        ),
        ("    set_refresh", "    if a:\n        set_refresh", None),
    ],
)
def test_cookies_that_are_no_pair_s_are_named(before: str, after: str, row: str | None) -> None:
    names = (*NAMES, "set_access_cookies", "set_refresh_cookies")
    code = COOKIES.replace(before, after)
    assert (row or "set_refresh_cookies") in [name for _, name in rows(code, *names)]
    assert "set_refresh_cookies(" in body(code, *names)


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
        "return create_access_token(name, additional_claims={'a': get_jwt()['a']})",
    ],
)
def test_what_a_refresh_reads_of_its_token_is_named(line: str) -> None:
    found = rows(f"@jwt_required(refresh=True)\ndef refresh():\n    {line}\n", *NAMES, "get_jwt")
    assert (3, "jwt_required(refresh=)") in found
