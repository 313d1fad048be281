"""`flask tokenguard migrate`: demands."""

import textwrap

import pytest

from .support import body, moved, rows


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
            '@token_required(locations=["cookie", "query:jwt"])',
        ),
        (
            "@jwt_required(refresh=True, locations=['headers', 'json'])",
            '@refresh_required(locations=["header", "json"])',
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
        ("@jwt_required(refresh=True, optional=True)", "jwt_required(refresh=)"),
        ("@jwt_required(refresh=True, locations=PLACES)", "jwt_required(locations=)"),
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
