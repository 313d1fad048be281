"""`flask tokenguard migrate`: callbacks, settings."""

import textwrap

import pytest

from flask_tokenguard.cli.migrating.codemod import Rewritten

from .support import NAMES, moved, rows


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
