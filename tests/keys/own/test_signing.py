"""The keys of a config: which key signs."""

from typing import Any

import pytest

from ...conftest import MakeApp
from ...support import status_of
from ..conftest import FaultsOf
from .support import OTHER_SECRET, SECRET, entry, load, token_of


def test_the_only_private_key_signs(public_pems: dict[str, str], private_pems: Any) -> None:
    keys = load(entry(public_pems["RS256"]), entry(private_pems["ES256"]))
    assert keys.signing is list(keys)[1]


def test_the_active_key_signs() -> None:
    keys = load(
        entry(SECRET, kid="a"), entry(OTHER_SECRET, kid="b", state="active"), entry(SECRET, kid="c")
    )
    assert keys.signing is not None
    assert keys.signing.kid == "b"


@pytest.mark.parametrize("state", ["next", "verify-only"])
def test_a_key_in_another_state_does_not_sign(state: Any) -> None:
    keys = load(entry(OTHER_SECRET, kid="b", state=state), entry(SECRET, kid="a"))
    assert keys.signing is not None
    assert keys.signing.kid == "a"


@pytest.mark.parametrize("state", ["next", "verify-only"])
def test_a_single_key_in_another_state_does_not_sign(state: Any) -> None:
    assert load(entry(SECRET, state=state)).signing is None


@pytest.mark.parametrize("state", ["next", "verify-only"])
def test_a_key_in_another_state_verifies(make_app: MakeApp, state: str) -> None:
    token = token_of(make_app(KEYS=[{"value": OTHER_SECRET, "kid": "b"}]))
    app = make_app(
        KEYS=[
            {"value": SECRET, "kid": "a", "state": "active"},
            {"value": OTHER_SECRET, "kid": "b", "state": state},
        ]
    )
    assert status_of(app, token) == 200


def test_a_key_of_before_no_longer_verifies_once_it_is_gone(make_app: MakeApp) -> None:
    token = token_of(make_app(KEYS=[{"value": OTHER_SECRET, "kid": "b"}]))
    assert status_of(make_app(KEYS=[{"value": SECRET, "kid": "a"}]), token) == 401


def test_several_private_keys_are_a_fault_that_names_them(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(
        KEYS=[{"value": SECRET, "kid": "first"}, {"value": OTHER_SECRET, "kid": "second"}]
    )
    assert "several keys could sign" in fault
    assert "TOKENGUARD_KEYS[0] (<private HS256 Key, kid 'first'>)" in fault
    assert "TOKENGUARD_KEYS[1] (<private HS256 Key, kid 'second'>)" in fault


def test_several_active_keys_are_a_fault(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(
        KEYS=[
            {"value": SECRET, "kid": "first", "state": "active"},
            {"value": OTHER_SECRET, "kid": "second", "state": "active"},
        ]
    )
    assert fault.startswith("several keys could sign")


def test_a_public_key_cannot_be_active(faults_of: FaultsOf, public_pems: dict[str, str]) -> None:
    (fault,) = faults_of(KEYS=[{"value": public_pems["ES256"], "state": "active"}])
    assert fault == "TOKENGUARD_KEYS[0]: the key is active and public; only a private key can sign"
