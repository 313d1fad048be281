"""`flask tokenguard doctor`: what the tests share."""

import json
import secrets
from base64 import urlsafe_b64encode
from typing import Any

from click.testing import Result
from flask import Flask

from flask_tokenguard.cli.commands import tokenguard


def examine(app: Flask, *options: str, **more: Any) -> Result:
    """Ask the doctor about an app."""
    return app.test_cli_runner().invoke(tokenguard, ["doctor", *options], **more)


def rows_of(app: Flask) -> list[dict[str, str]]:
    """Read each risk."""
    rows: list[dict[str, str]] = json.loads(examine(app, "--json").stdout)
    return rows


def findings(app: Flask) -> list[tuple[str, str]]:
    """Read the level of each risk, and what it is about."""
    return [(row["level"], row["about"]) for row in rows_of(app)]


def oct_jwk(size: int, **members: str) -> dict[str, str]:
    """Make a secret key."""
    octets = urlsafe_b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()
    return {"kty": "oct", "k": octets, **members}
