"""Every setting: keys."""

from pathlib import Path

import pytest

from flask_tokenguard.arguments.files import NamedFile
from flask_tokenguard.keys.entries import KeyEntry

from .support import FOLDER, fault_of, read, value_of


def test_a_key_is_one_entry() -> None:
    settings, _ = read(KEY="x", KEY_PASSWORD="y")
    assert settings.key_entries() == (KeyEntry(source="TOKENGUARD_KEY", value="x", password="y"),)


def test_a_key_file_is_one_entry() -> None:
    settings, _ = read(KEY_FILE="x", KEY_PASSWORD_FILE="y")
    assert settings.key_entries() == (
        KeyEntry(
            source="TOKENGUARD_KEY_FILE",
            file=NamedFile("x", FOLDER),
            password_file=NamedFile("y", FOLDER),
        ),
    )


def test_without_a_key_there_is_no_entry() -> None:
    assert read()[0].key_entries() == ()


def test_several_keys_are_entries() -> None:
    settings, faults = read(
        KEYS=[
            {"value": {"kty": "oct"}, "kid": "k", "alg": "HS256", "use": "sig", "state": "active"},
            {"file": Path("x"), "password_file": Path("y"), "state": "next"},
            {"env": "X", "password": "y", "state": "verify-only"},
        ]
    )
    assert faults == []
    assert settings.key_entries() == (
        KeyEntry(
            source="TOKENGUARD_KEYS[0]",
            value={"kty": "oct"},
            kid="k",
            alg="HS256",
            use="sig",
            state="active",
        ),
        KeyEntry(
            source="TOKENGUARD_KEYS[1]",
            file=NamedFile("x", FOLDER),
            password_file=NamedFile("y", FOLDER),
            state="next",
        ),
        KeyEntry(source="TOKENGUARD_KEYS[2]", env="X", password="y", state="verify-only"),
    )


def test_several_keys_may_be_json() -> None:
    assert value_of("KEYS", '[{"env": "X"}]') == (KeyEntry(source="TOKENGUARD_KEYS[0]", env="X"),)


@pytest.mark.parametrize("value", [[], (), "[]", 7, True, {}, {"value": "x"}], ids=repr)
def test_several_keys_are_a_list(value: object) -> None:
    assert "must be a list of entries" in fault_of("KEYS", value)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("x", "[0] must be an object with some of alg, enc, env, file, kid, password"),
        (["x"], "[0] must be an object"),
        (None, "[0] must be an object"),
        ({"value": "x", "name": "y"}, "[0] has an unknown member name; known are alg,"),
        ({"value": "x", "source": "y"}, "[0] has an unknown member source;"),
        ({"value": "x", 7: "y"}, "[0] has an unknown member; known"),
        ({}, "[0] must have exactly one of value, file and env"),
        ({"kid": "k"}, "[0] must have exactly one of value, file and env"),
        ({"value": "x", "file": "y"}, "[0] must have exactly one of value, file and env"),
        ({"file": "x", "env": "y"}, "[0] must have exactly one of value, file and env"),
        (
            {"value": "x", "password": "y", "password_file": "z"},
            "[0] must have one of password and password_file",
        ),
        ({"value": "x", "state": "old"}, "[0].state must be one of active, next, verify-only"),
        ({"value": "x", "state": ["next"]}, "[0].state must be one of"),
        ({"value": "x", "state": None}, "[0].state must be one of"),
        ({"value": 123}, "[0].value is a number where text is wanted; quote it"),
        ({"value": "x", "kid": 7}, "[0].kid is a number where text is wanted; quote it"),
        ({"value": "x", "kid": True}, "[0].kid must be text that is not empty"),
        ({"value": ""}, "[0].value must be text that is not empty"),
        ({"value": ["x"]}, "[0].value must be text that is not empty"),
        ({"file": {"x": 1}}, "[0].file must be text that is not empty"),
        ({"value": "x", "alg": None}, "[0].alg must be text that is not empty"),
    ],
    ids=repr,
)
def test_an_entry_that_is_wrong_is_a_fault(entry: object, fault: str) -> None:
    assert fault_of("KEYS", [entry]).startswith(f"TOKENGUARD_KEYS{fault}")


def test_a_fault_names_the_entry() -> None:
    assert fault_of("KEYS", [{"value": "x"}, {"value": ""}]).startswith("TOKENGUARD_KEYS[1].value")
