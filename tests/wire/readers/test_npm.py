"""Readers from npm read what the page states."""

import json
from functools import partial

import pytest

from flask_tokenguard.cli.readers import FOR_ML_DSA, NOT_FOR_EDDSA

from ..page import PAGE, check_row, rows_of
from ..support import npm_version_of
from . import pypi
from .conftest import HERE, Packages, Publish
from .outcome import cell_of, outcomes_of, reads
from .published import Published

_STRICT = "express-oauth2-jwt-bearer, `strict`"
_BY_JWKS_RSA = "a key set by jwks-rsa"
_BY_GET_JWKS = "a key set by get-jwks, which lacks EdDSA"
# By name, in the page's words: what its users must know.
READERS = {
    "jsonwebtoken": _BY_JWKS_RSA,
    "jose": "-",
    "fast-jwt": _BY_GET_JWKS,
    "express-oauth2-jwt-bearer": "`issuer` and `jwksUri`",
    _STRICT: "`issuerBaseURL`, with metadata there; wants `typ` `at+jwt`",
    "passport-jwt": _BY_JWKS_RSA,
    "@fastify/jwt": _BY_GET_JWKS,
    "koa-jwt": _BY_JWKS_RSA,
    "@hapi/jwt": "takes RSA keys alone from a key set; give it `key` with the PEM",
    "oauth4webapi": "wants `typ` `at+jwt`",
}
# It takes no PEM.
_SET_ALONE = "oauth4webapi"
each_reader = pytest.mark.parametrize("reader", READERS)


def read(packages: Packages, reader: str, source: str, ours: Published) -> dict[str, str]:
    """Return the claims, or why the token is refused."""
    job = {"reader": reader, "source": source, "ours": ours.job}
    answer: dict[str, str] = packages.scripts.run("readers.mjs", job)
    return answer


@pytest.mark.wire
@each_reader
def test_the_page_has_its_row(
    packages: Packages, published: dict[str, Published], reader: str
) -> None:
    ways = {"key set": partial(read, packages, reader, "fromSet")}
    if reader != _SET_ALONE:
        ways["PEM"] = partial(read, packages, reader, "fromPem")
    version = npm_version_of(packages.folder, reader.partition(",")[0])
    cell = cell_of(outcomes_of(ways, published), ways)
    check_row("Readers", reader, version, cell, READERS[reader])


@pytest.mark.wire
@each_reader
def test_an_old_key_for_eddsa_does_no_harm(
    packages: Packages, publish: Publish, reader: str
) -> None:
    ours = publish("RS256", "EdDSA")
    assert reads(partial(read, packages, reader, "fromSet"), ours)


def test_command_line_and_page_name_who_cannot_read_eddsa() -> None:
    names = {*READERS, *(reader.name for reader in pypi.READERS)}
    lacking = {cells[0] for cells in rows_of("Readers") if "EdDSA" not in cells[2]}
    assert lacking & names == {*NOT_FOR_EDDSA}
    assert ", ".join(NOT_FOR_EDDSA) in " ".join(PAGE.read_text().split())


def test_command_line_and_page_name_who_reads_ml_dsa() -> None:
    reading = [cells[0] for cells in rows_of("Readers") if "ML-DSA-44" in cells[2]]
    assert reading == [*FOR_ML_DSA]
    assert ", ".join(FOR_ML_DSA) in " ".join(PAGE.read_text().split())


def test_every_reader_reads_es256() -> None:
    assert [cells[0] for cells in rows_of("Readers") if "ES256" not in cells[2]] == []


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((HERE / "npm" / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
