"""The public keys at /.well-known/jwks.json."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.keys.ring_files import prune, read_index

from ..conftest import MakeApp
from ..support import turn_ring

PATH = "/.well-known/jwks.json"
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}


def get(app: Flask, path: str = PATH, **headers: str) -> TestResponse:
    """Ask for the keys."""
    return app.test_client().get(path, headers=headers)


def published(app: Flask) -> list[dict[str, Any]]:
    """Read the keys that an app publishes."""
    keys: list[dict[str, Any]] = get(app).get_json()["keys"]
    return keys


def rotate_ring(folder: Path, alg: str = "EdDSA") -> None:
    """Rotate a ring at a time that does not matter."""
    turn_ring(folder, alg=alg, now=0)


@pytest.fixture
def app(make_app: MakeApp, private_pems: dict[str, str]) -> Flask:
    """An app with a key pair."""
    return make_app(KEY=private_pems["ES256"])


@pytest.mark.parametrize("alg", ["RS256", "ES256", "ES512", "EdDSA", "ML-DSA-44"])
def test_the_public_part_of_a_key_is_published(
    make_app: MakeApp, private_pems: dict[str, str], private_keys: dict[str, PrivateKey], alg: str
) -> None:
    (jwk,) = published(make_app(KEY=private_pems[alg]))
    assert jwk == Key(private_keys[alg].public_key(), alg=alg).public_jwk()
    assert (jwk["alg"], jwk["use"]) == (alg, "sig")
    assert not PRIVATE_MEMBERS & jwk.keys()


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA", "ML-DSA-87"])
def test_what_is_published_verifies_what_is_signed(
    make_app: MakeApp, private_pems: dict[str, str], private_keys: dict[str, PrivateKey], alg: str
) -> None:
    (jwk,) = published(make_app(KEY=private_pems[alg]))
    signature = Key(private_keys[alg]).sign(b"message")
    assert Key.from_jwk(jwk).verify(b"message", signature)


def test_a_key_that_does_not_sign_yet_or_any_more_is_published(
    make_app: MakeApp, private_pems: dict[str, str]
) -> None:
    app = make_app(
        KEYS=[
            {"value": private_pems["ES256"], "kid": "a", "state": "active"},
            {"value": private_pems["ES384"], "kid": "n", "state": "next"},
            {"value": private_pems["RS256"], "kid": "v", "state": "verify-only"},
        ]
    )
    assert [jwk["kid"] for jwk in published(app)] == ["a", "n", "v"]


def test_the_key_that_signs_is_published_first(
    make_app: MakeApp, private_pems: dict[str, str]
) -> None:
    app = make_app(
        KEYS=[
            {"value": private_pems["RS256"], "kid": "v", "state": "verify-only"},
            {"value": private_pems["ES384"], "kid": "n", "state": "next"},
            {"value": private_pems["ES256"], "kid": "a", "state": "active"},
        ]
    )
    assert [jwk["kid"] for jwk in published(app)] == ["a", "v", "n"]


def test_every_key_of_a_ring_is_published(make_app: MakeApp, tmp_path: Path) -> None:
    rotate_ring(tmp_path)
    rotate_ring(tmp_path)
    app = make_app(KEYRING=str(tmp_path))
    entries = sorted(read_index(tmp_path), key=lambda entry: entry.state != "active")
    assert [jwk["kid"] for jwk in published(app)] == [entry.kid for entry in entries]
    assert [jwk.keys() & PRIVATE_MEMBERS for jwk in published(app)] == [set()] * 3


def test_a_pruned_key_is_published_no_more(make_app: MakeApp, tmp_path: Path) -> None:
    rotate_ring(tmp_path)
    rotate_ring(tmp_path)
    prune(tmp_path, now=0, keep=0)
    assert len(published(make_app(KEYRING=str(tmp_path)))) == 2


def test_the_secrets_of_a_ring_are_not_published(make_app: MakeApp, tmp_path: Path) -> None:
    rotate_ring(tmp_path, "HS256")
    assert get(make_app(KEYRING=str(tmp_path))).status_code == 404


def test_a_secret_beside_a_pair_is_not_published(
    make_app: MakeApp, private_pems: dict[str, str], secret: str
) -> None:
    app = make_app(
        KEYS=[
            {"value": private_pems["ES256"], "state": "active"},
            {"value": secret, "kid": "old", "state": "verify-only"},
        ]
    )
    (jwk,) = published(app)
    assert jwk["kty"] == "EC"
    assert secret not in get(app).text


def test_a_key_for_encryption_is_not_published(
    make_app: MakeApp, private_pems: dict[str, str]
) -> None:
    app = make_app(KEY=private_pems["ES256"], ENCRYPTION={"key": private_pems["RS256"]})
    assert [jwk["kty"] for jwk in published(app)] == ["EC"]


def test_secrets_alone_have_nothing_to_publish(make_app: MakeApp) -> None:
    assert get(make_app()).status_code == 404


def test_a_public_key_alone_is_published(make_app: MakeApp, public_pems: dict[str, str]) -> None:
    assert len(published(make_app(KEY=public_pems["ES256"]))) == 1


def test_the_answer_is_a_key_set(app: Flask) -> None:
    response = get(app)
    assert (response.status_code, response.mimetype) == (200, "application/jwk-set+json")


def test_the_answer_may_be_kept_for_five_minutes(app: Flask) -> None:
    cache = get(app).cache_control
    assert (cache.public, cache.max_age) == (True, 300)


def test_a_reader_who_has_the_set_gets_no_body(app: Flask) -> None:
    first = get(app)
    response = get(app, **{"If-None-Match": first.headers["ETag"]})
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == first.headers["ETag"]
    assert response.cache_control.max_age == 300


def test_a_reader_who_has_another_set_gets_this_one(app: Flask) -> None:
    response = get(app, **{"If-None-Match": '"another"'})
    assert response.status_code == 200
    assert response.get_json()["keys"]


def test_another_set_has_another_etag(make_app: MakeApp, tmp_path: Path) -> None:
    rotate_ring(tmp_path)
    before = get(make_app(KEYRING=str(tmp_path))).headers["ETag"]
    rotate_ring(tmp_path)
    assert get(make_app(KEYRING=str(tmp_path))).headers["ETag"] != before


def test_the_same_set_has_the_same_etag_in_every_worker(make_app: MakeApp, tmp_path: Path) -> None:
    rotate_ring(tmp_path)
    tags = {get(make_app(KEYRING=str(tmp_path))).headers["ETag"] for _ in range(2)}
    assert len(tags) == 1


def test_the_path_is_configurable(make_app: MakeApp, private_pems: dict[str, str]) -> None:
    app = make_app(KEY=private_pems["ES256"], JWKS_PATH="/keys")
    assert get(app, "/keys").status_code == 200
    assert get(app).status_code == 404


def test_the_set_is_open_in_an_app_that_protects_all(
    make_app: MakeApp, private_pems: dict[str, str]
) -> None:
    app = make_app(KEY=private_pems["ES256"], PROTECT="all", PUBLIC_ENDPOINTS=[])
    assert get(app).status_code == 200


def test_a_bad_token_does_not_close_the_set(app: Flask) -> None:
    assert get(app, Authorization="Bearer x").status_code == 200


def test_the_set_is_read_only(app: Flask) -> None:
    client = app.test_client()
    assert client.head(PATH).status_code == 200
    assert client.post(PATH).status_code == 405
