"""`flask tokenguard`: fixtures."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.keys.ring_files import make as make_ring


@pytest.fixture(autouse=True)
def _quick_and_alone(monkeypatch: pytest.MonkeyPatch, private_keys: dict[str, PrivateKey]) -> None:
    """Make the same short RSA key again, and read nobody's environment."""
    monkeypatch.setattr(rsa, "generate_private_key", lambda *_: private_keys["RS256"])
    for name in ("NO_COLOR", "FLASK_DEBUG", "FLASK_TOKENGUARD_KEYRING"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """A ring whose next key was published long ago."""
    folder = tmp_path / "ring"
    make_ring(folder, alg="ES256", password=None, now=1)
    return folder
