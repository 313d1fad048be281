"""`flask tokenguard doctor`: fixtures."""

import pytest

from ...support import Config


@pytest.fixture(autouse=True)
def _no_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start every app as for production."""
    monkeypatch.delenv("FLASK_DEBUG", raising=False)


@pytest.fixture
def safe(private_pems: dict[str, str]) -> Config:
    """Settings without a risk."""
    return {"KEY": private_pems["ES256"], "ISSUER": "us", "AUDIENCE": "api"}
