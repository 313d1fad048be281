"""`flask tokenguard`: keys."""

import json
from pathlib import Path

from flask_tokenguard.keys.ring_files import rotate as rotate_ring

from ...conftest import MakeApp
from .support import run, run_alone


def test_keys_lists_what_each_key_is(make_app: MakeApp, private_pems: dict[str, str]) -> None:
    result = run(make_app(KEY=private_pems["ES256"]), "keys")
    header, row = result.stdout.splitlines()
    assert header.split() == ["kid", "use", "alg", "kind", "state", "since"]
    assert row.split()[1:] == ["sig", "ES256", "private", "active", "-"]


def test_keys_prints_json_for_programs(make_app: MakeApp) -> None:
    result = run(make_app(), "keys", "--json")
    assert json.loads(result.stdout) == [
        {
            "kid": None,
            "use": "sig",
            "alg": "HS256",
            "kind": "private",
            "state": "active",
            "since": None,
        }
    ]


def test_a_public_key_is_called_public(make_app: MakeApp, public_pems: dict[str, str]) -> None:
    (row,) = json.loads(run(make_app(KEY=public_pems["ES256"]), "keys", "--json").stdout)
    assert (row["kind"], row["state"]) == ("public", None)


def test_the_keys_of_a_ring_have_their_states_and_times(make_app: MakeApp, ring: Path) -> None:
    rotate_ring(ring, alg="ES256", password=None, now=86_401, least_age=0)
    rows = json.loads(run(make_app(KEYRING=ring), "keys", "--json").stdout)
    assert [(row["state"], row["since"]) for row in rows] == [
        ("verify-only", "1970-01-02T00:00:01Z"),
        ("active", "1970-01-02T00:00:01Z"),
        ("next", "1970-01-02T00:00:01Z"),
    ]


def test_keys_lists_the_keys_that_decrypt(make_app: MakeApp) -> None:
    key = run_alone("keygen", "--alg", "A256KW", "--kid", "sealing", "--stdout").stdout
    rows = json.loads(run(make_app(ENCRYPTION={"key": key}), "keys", "--json").stdout)
    assert [(row["kid"], row["use"], row["alg"]) for row in rows] == [
        (None, "sig", "HS256"),
        ("sealing", "enc", "A256KW"),
    ]


def test_keys_never_prints_a_secret(make_app: MakeApp, secret: str) -> None:
    assert secret not in run(make_app(), "keys", "--json").output
