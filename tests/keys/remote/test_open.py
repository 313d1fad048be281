"""Naming another issuer's keys, before any is fetched."""

import pytest

from flask_tokenguard.jose import jws
from flask_tokenguard.keys.remote.open import open_remote


def test_what_the_keys_will_need_is_imported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(jws, "algorithm", asked.append)
    open_remote(
        "https://issuer.example",
        jwks_url="https://issuer.example/jwks",
        discovery="oauth",
        algorithms=["RS256", "ES256"],
        stale=60,
    )
    assert asked == ["RS256", "ES256"]
