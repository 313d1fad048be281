"""Readers from Debian read and refuse what the page states, by its recipes."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..page import check_row
from ..readers.outcome import cell_of
from ..readers.published import BEFORE_ML_DSA
from ..support import debian_version_of
from .asking import Ask
from .local import libjwt
from .ours import CLIENT_ID, TYPES, Ours
from .proxies import haproxy, write_apache
from .readers import READERS, Reader

pytestmark = pytest.mark.wire
_BAD = ("expired", "another issuer", "another audience", "refresh token")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that other users may enter: servers give up root's rights."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
def ours(private_pems: dict[str, str], folder: Path) -> Ours:
    pems = {**private_pems, "Ed25519": private_pems["EdDSA"]}
    ours = Ours(pems, folder / "keys")
    ours.write_keys()
    return ours


@pytest.fixture(scope="module", params=READERS, ids=lambda reader: reader.package)
def reader(request: pytest.FixtureRequest) -> Reader:
    reader: Reader = request.param
    print(reader.package, debian_version_of(reader.package))
    return reader


@pytest.fixture(scope="module")
def ask(reader: Reader, ours: Ours, folder: Path) -> Iterator[Ask]:
    """Start the reader."""
    own = folder / reader.package
    own.mkdir()
    with reader.start(ours, own) as ask:
        yield ask


def test_the_page_has_what_a_reader_from_debian_reads(ask: Ask, reader: Reader, ours: Ours) -> None:
    read = {
        (alg, name)
        for alg in BEFORE_ML_DSA
        for name, typ in TYPES.items()
        if ask(alg, ours.token(alg, typ)) in {"ada", CLIENT_ID}
    }
    version = debian_version_of(reader.package)
    check_row("Readers", f"{reader.name} (Debian)", version, cell_of(read, TYPES), reader.mind)


def test_the_page_has_what_a_reader_from_debian_refuses(
    ask: Ask, reader: Reader, ours: Ours
) -> None:
    user = ask("ES256", ours.token("ES256", reader.typ))
    bad = ours.bad_tokens("ES256", reader.typ)
    cells = ["refused" if ask("ES256", bad[name]) is None else "taken" for name in _BAD]
    named = "`client_id`" if user == CLIENT_ID else "`sub`"
    check_row("What readers refuse", reader.name, *cells, named)


def test_no_reader_from_debian_takes_a_forged_token(ask: Ask, reader: Reader, ours: Ours) -> None:
    for alg in ("RS256", "ES256"):
        forged = ours.forged_tokens(alg, reader.typ)
        assert [ask(alg, token) for token in forged] == [None] * len(forged)


def test_a_token_of_no_client_names_its_subject(ask: Ask, reader: Reader, ours: Ours) -> None:
    assert ask("ES256", ours.token("ES256", reader.typ, client_id=None)) == "ada"


def test_haproxy_takes_a_path_as_a_secret_unless_alg_is_checked(ours: Ours, folder: Path) -> None:
    debian_version_of("haproxy")
    own = folder / "haproxy-any-alg"
    own.mkdir()
    forged = ours.forged_tokens("ES256", "at+jwt")[-1]
    with haproxy(ours, own, without="{ var(txn.alg)") as ask:
        assert ask("HS256", forged) == "ada"


def test_libjwt_takes_a_pem_for_a_secret_unless_alg_is_compared(ours: Ours, folder: Path) -> None:
    debian_version_of("libjwt0")
    with libjwt(ours, folder, compares_alg=False) as ask:
        assert ask("ES256", ours.forged_tokens("ES256", "JWT")[2]) == "ada"


@pytest.mark.parametrize(("alg", "status"), [("RS256", 0), ("ES256", -11), ("EdDSA", -11)])
def test_mod_auth_openidc_ends_at_a_pem_that_is_not_of_rsa(
    ours: Ours, folder: Path, alg: str, status: int
) -> None:
    debian_version_of("libapache2-mod-auth-openidc")
    text = f"OIDCOAuthVerifyCertFiles {alg}#{ours.folder}/{alg}.pem\n"
    path = write_apache("auth_openidc", text, folder, port=1)
    command = ["apache2", "-t", "-f", str(path)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == status  # noqa: S603 - our words


def test_rnbyc_exits_with_0_where_it_has_no_key(ours: Ours) -> None:
    debian_version_of("rnbyc")
    command = ["rnbyc", "-t", ours.forged_tokens("ES256", "at+jwt")[0], "-P"]
    outcomes = [
        subprocess.run([*command, str(ours.folder / name)], capture_output=True, check=False)  # noqa: S603 - our words
        for name in ("ES256.pem", "ES256.jwk", "jwks.json")
    ]
    assert [outcome.returncode for outcome in outcomes] == [0, 0, 22]
    assert all(b'"ada"' in outcome.stdout for outcome in outcomes)
