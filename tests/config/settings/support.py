"""Every setting: what the tests share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask_tokenguard.config.settings import Settings

# Where relative names of files start.
FOLDER = Path("/instance")
FromEnvironment = Callable[..., tuple[Settings, list[str]]]


def read(**config: Any) -> tuple[Settings, list[str]]:
    """Read settings that are named without their prefix, with their faults."""
    faults: list[str] = []
    prefixed = {f"TOKENGUARD_{name}": value for name, value in config.items()}
    return Settings.read(prefixed, faults.append, folder=FOLDER), faults


def value_of(name: str, value: Any) -> Any:
    """Read one setting that has no fault."""
    settings, faults = read(**{name: value})
    assert faults == []
    return getattr(settings, name.lower())


def fault_of(name: str, value: Any) -> str:
    """Read one setting that has a fault."""
    _, (fault,) = read(**{name: value})
    assert fault.startswith(f"TOKENGUARD_{name}")
    return fault
