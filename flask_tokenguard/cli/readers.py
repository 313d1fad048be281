"""Readers: what other programs need of our public keys (RFC 7517, RFC 5280 section 4.1).

Some take a key set, some one JWK, some a PEM file for each `kid`; docs/compatibility.md has a row
for each that was tried.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias, cast
from urllib.parse import quote

import click

from ..jose import material
from ..jose.akp import PUBLIC_SIZES
from ..jose.algorithms import ED25519_NAMES
from ..jose.material import PublicKey
from ..keys.generate import to_public_pem
from ..keys.text import read_file, read_material
from ..web import metadata as well_known
from ..web.parts import Parts
from .output import ABSOLUTE, Command, as_json_option, fail, parts_of, write_beside

# The tests of docs/compatibility.md hold these: all read the one, and these not the other.
DEFAULT_ALG = "ES256"
NOT_FOR_EDDSA = (
    *("jsonwebtoken", "passport-jwt", "koa-jwt", "python-jose", "joserfc", "guardpost"),
    "Authlib's validator of RFC 9068",
)
WITHOUT_EDDSA = f"{', '.join(NOT_FOR_EDDSA)} and others"
FOR_ML_DSA = ("jose", "oauth4webapi", "jwcrypto", "python-jwt")
WITHOUT_ML_DSA = f"any program that was tried but {', '.join(FOR_ML_DSA)}"
_SET = "jwks"

_Jwk: TypeAlias = dict[str, str]


def warn_of_few_readers(alg: str) -> None:
    """Name on standard error the readers that lack an algorithm."""
    lacking = readers_without(alg)
    if lacking is not None:
        click.echo(f"{alg} is not read by {lacking}; {DEFAULT_ALG} is", err=True)


def readers_without(alg: str) -> str | None:
    """Return which programs do not read an algorithm; None where all of them do."""
    if alg in PUBLIC_SIZES:
        return WITHOUT_ML_DSA
    return WITHOUT_EDDSA if alg in ED25519_NAMES else None


@click.command(cls=Command)
@click.option(
    "--format",
    "form",
    type=click.Choice([_SET, "jwk", "pem"]),
    default=_SET,
    show_default=True,
    help="A key set; or for each key a JWK or a PEM.",
)
@click.option("--kid", help="Only the key with this name.")
@click.option("--out", type=ABSOLUTE, help="A folder for a file that is named by its kid.")
@as_json_option
@click.pass_context
def jwks(
    context: click.Context, /, form: str, kid: str | None, out: Path | None, as_json: bool
) -> None:
    """Print the public keys for readers of our tokens, the one that signs first.

    With --out a folder gets jwks.json, or a file for each kid. Those that stand there are replaced.
    """
    keys = _public_keys(parts_of(context), kid)
    if not keys and (form != _SET or out is not None):
        fail("The app has no public key; a secret has no public part")
    if form == _SET:
        texts = {"jwks.json": well_known.key_set(keys)}
    else:
        encode = _pem if form == "pem" else _json
        texts = {f"{quote(key['kid'], safe='')}.{form}": encode(key) for key in keys}
    if out is not None:
        _write_all(out, texts)
        old = _old_files(out, texts, form) if kid is None else []
        if as_json:
            click.echo(json.dumps({"files": [str(out / name) for name in texts], "old": old}))
        for path in old:
            click.echo(f"{path} is of no key of this app; remove it", err=True)
    elif as_json and form != _SET:
        bodies = [text.decode() if form == "pem" else json.loads(text) for text in texts.values()]
        rows = zip((key["kid"] for key in keys), bodies, strict=True)
        click.echo(json.dumps([{"kid": name, form: body} for name, body in rows]))
    elif len(texts) > 1:
        names = ", ".join(key["kid"] for key in keys)
        fail(f"There are several keys; name one with --kid, or a folder with --out: {names}")
    else:
        (text,) = texts.values()
        click.echo(text, nl=form != "pem")


def _public_keys(parts: Parts, kid: str | None) -> list[_Jwk]:
    """List the public keys, or the one with this name."""
    keys = well_known.public_jwks(parts.keys)
    if kid is None:
        return keys
    found = [key for key in keys if key["kid"] == kid]
    if not found:
        names = ", ".join(key["kid"] for key in keys) or "none"
        fail(f"There is no public key {kid}; there are: {names}")
    return found


def _json(jwk: _Jwk) -> bytes:
    return json.dumps(jwk).encode()


def _pem(jwk: _Jwk) -> bytes:
    return to_public_pem(cast(PublicKey, material.from_jwk(jwk)))


def _write_all(folder: Path, texts: dict[str, bytes]) -> None:
    """Write what has changed, each file in one step, unless one of them would be lost by it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        changed = {
            folder / name: text
            for name, text in texts.items()
            if not (folder / name).exists() or _may_be_replaced(folder / name, text)
        }
        for path, text in changed.items():
            write_beside(path, text).replace(path)
    except OSError as error:
        fail(f"{folder} cannot be written: {error.strerror}")


def _may_be_replaced(path: Path, text: bytes) -> bool:
    """Return whether a file differs; one that is not public keys alone is never replaced."""
    if path.read_bytes() == text:
        return False
    try:
        is_public = all(isinstance(key, PublicKey) for key, _ in read_material(read_file(path)))
    except ValueError:
        is_public = False
    if not is_public:
        fail(f"{path} is not a public key, and stays as it is; name another folder")
    return True


def _old_files(folder: Path, names: Iterable[str], form: str) -> list[str]:
    """List the files of keys that are gone, which readers may still trust."""
    return [str(path) for path in sorted(folder.glob(f"*.{form}")) if path.name not in names]
