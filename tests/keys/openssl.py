"""OpenSSL's command, to compare with and to make what `cryptography` does not."""

import shutil
import subprocess

import pytest

_OPENSSL = shutil.which("openssl")

needs_openssl = pytest.mark.skipif(_OPENSSL is None, reason="openssl is not installed")


def openssl(*arguments: str, octets: bytes = b"") -> bytes:
    """Run OpenSSL with octets as its input, and return its output."""
    run = subprocess.run(  # noqa: S603 - arguments of our own
        [_OPENSSL or "", *arguments], input=octets, capture_output=True, timeout=60, check=True
    )
    return run.stdout


def public_der(text: str) -> bytes:
    """Read a private key as OpenSSL does, and return its SubjectPublicKeyInfo."""
    return openssl("pkey", "-pubout", "-outform", "DER", octets=text.encode())
