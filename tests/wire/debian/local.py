"""Readers without a server: a library and a command."""

import ctypes
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .asking import Ask
from .ours import Ours

# Of libjwt's `jwt_alg_t`.
_ALGS = {"RS256": 4, "ES256": 7}


@contextmanager
def libjwt(ours: Ours, _: Path, *, compares_alg: bool = True) -> Iterator[Ask]:
    """Call the library."""
    library = ctypes.CDLL("libjwt.so.0")
    library.jwt_get_grant.restype = ctypes.c_char_p

    def ask(alg: str, token: str) -> str | None:
        pem, decoded = (ours.folder / f"{alg}.pem").read_bytes(), ctypes.c_void_p()
        if library.jwt_decode(ctypes.byref(decoded), token.encode(), pem, len(pem)):
            return None
        subject: bytes = library.jwt_get_grant(decoded, b"sub")
        is_meant = library.jwt_get_alg(decoded) == _ALGS[alg] or not compares_alg
        library.jwt_free(decoded)
        return subject.decode() if is_meant else None

    yield ask


@contextmanager
def rnbyc(ours: Ours, _: Path) -> Iterator[Ask]:
    """Run the command; it exits with 0 for a good signature and for no key at all."""

    def ask(_: str, token: str) -> str | None:
        command = ["rnbyc", "-t", token, "-P", str(ours.folder / "jwks.json")]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our words
        claims = answer.stdout.partition("Token signature verified\n")[2]
        return str(json.loads(claims)["sub"]) if claims else None

    yield ask
