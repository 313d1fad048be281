"""What servers and proxies make of tokens, compared with docs/servers.md."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ...support import ROOT
from ..page import check_row, rows_of
from . import probes
from .probes import Client
from .programs import (
    FROM_DEBIAN,
    FROM_PYPI,
    GUNICORN,
    HYPERCORN,
    TAKING_CHUNKS,
    WAITRESS,
    WITHHOLDING,
    Program,
    served,
)

PAGE = ROOT / "docs" / "servers.md"
TABLE = "What arrives"
PROGRAMS = [*FROM_PYPI, *FROM_DEBIAN]
each_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.package)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users may enter: Apache gives up root's rights."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def _length(client: Client, program: Program) -> tuple[str, str, str]:
    length, outcome = probes.longest_token(client)
    if not outcome:
        return f"above {length:,}", "-", "-"
    about = "about " if program.is_rounded else ""
    shown = f"{about}{length // 100 * 100 if about else length:,}"
    return shown, outcome, probes.what_counts(client, length)


@pytest.mark.wire
@each_program
def test_the_page_has_what_arrives_through_a_server(program: Program, folder: Path) -> None:
    with served(program, folder) as server:
        client = Client(server.port)
        cells = (
            *_length(client, program),
            f"`{program.raising}`" if program.raising else "-",
            probes.two_headers(client),
            probes.blanks(client),
            probes.body_token(client),
            probes.chunked_body_token(client),
            probes.connection_after_a_refusal(client),
        )
    check_row(TABLE, program.name, program.version, *cells, page=PAGE)


@pytest.mark.parametrize("program", [GUNICORN, WAITRESS], ids=lambda program: program.package)
def test_two_headers_are_refused_and_no_body_is_a_request(program: Program, folder: Path) -> None:
    with served(program, folder) as server:
        client = Client(server.port)
        assert probes.two_headers(client) == "both"
        assert "request" not in probes.connection_after_a_refusal(client)


@pytest.mark.wire
@pytest.mark.parametrize(
    "program",
    [program for program in PROGRAMS if program.raising],
    ids=lambda program: program.package,
)
def test_longer_tokens_arrive_where_the_page_shows_how(program: Program, folder: Path) -> None:
    token = "x" * 20_000
    with served(program, folder, is_raised=True) as server:
        _, body = Client(server.port).ask("GET", "/seen", ("Authorization", f"Bearer {token}"))
    assert json.loads(body) == {"authorization": f"Bearer {token}"}


@pytest.mark.wire
@pytest.mark.parametrize(
    ("package", "status"), [("nginx", "200"), ("apache2-bin", "200"), ("haproxy", "401")]
)
def test_a_proxy_that_collects_a_body_brings_its_token(
    package: str, status: str, folder: Path
) -> None:
    proxy = next(program for program in FROM_DEBIAN if program.package == package)
    with served(proxy, folder, behind=HYPERCORN) as server:
        assert probes.chunked_body_token(Client(server.port)) == status


@pytest.mark.wire
def test_mod_wsgi_takes_chunks_where_it_is_configured(folder: Path) -> None:
    with served(TAKING_CHUNKS, folder) as server:
        assert probes.chunked_body_token(Client(server.port)) == "200"


@pytest.mark.wire
def test_what_mod_wsgi_withholds_is_named_once_in_its_log(folder: Path) -> None:
    with served(WITHHOLDING, folder) as server:
        client = Client(server.port)
        header = ("Authorization", f"Bearer {client.token()}")
        statuses = [client.ask("GET", "/notes", header)[0] for _ in range(2)]
    assert statuses == [401, 401]
    assert (folder / "error.log").read_text().count("WSGIPassAuthorization On") == 1


def test_the_page_has_each_server_that_is_run() -> None:
    rows = rows_of(TABLE, page=PAGE)
    assert [row[0] for row in rows] == [program.name for program in PROGRAMS]
