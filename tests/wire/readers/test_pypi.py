"""Readers that PyPI brings read what the page states, and more where they are newer."""

import dataclasses

import pytest

from ..page import check_row, rows_of
from ..support import version_of
from . import pypi
from .conftest import Publish
from .outcome import Outcome, cell_of, outcomes_in, outcomes_of, reads
from .published import ALGORITHMS
from .pypi import READERS, Reader

# Each warns of something, joserfc even of EdDSA.
pytestmark = pytest.mark.filterwarnings("ignore")
each_reader = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)


def outcomes(publish: Publish, reader: Reader) -> set[Outcome]:
    """Let a reader read our tokens of each algorithm."""
    published = {alg: publish(alg, **reader.needs) for alg in ALGORITHMS}
    return outcomes_of(reader.ways(), published)


@each_reader
def test_a_reader_reads_what_the_page_states(publish: Publish, reader: Reader) -> None:
    (cell,) = [cells[2] for cells in rows_of("Readers") if cells[0] == reader.name]
    assert outcomes(publish, reader) >= outcomes_in(cell, reader.ways())


@pytest.mark.wire
@each_reader
def test_the_page_has_its_row(publish: Publish, reader: Reader) -> None:
    cell = cell_of(outcomes(publish, reader), reader.ways())
    check_row("Readers", reader.name, version_of(reader.distribution), cell, reader.mind)


@each_reader
def test_an_old_key_for_eddsa_does_no_harm_but_to_guardpost(
    publish: Publish, reader: Reader
) -> None:
    ours = publish("ES256", "EdDSA", **reader.needs)
    assert reads(reader.from_set, ours) == (reader.name != "guardpost")


@pytest.mark.wire
def test_python_jose_stops_at_a_key_for_eddsa(publish: Publish) -> None:
    ours = publish("ES256", "EdDSA")
    turned = dataclasses.replace(ours, jwks={"keys": ours.jwks["keys"][::-1]})
    assert reads(pypi.python_jose_from_set, ours)
    assert not reads(pypi.python_jose_from_set, turned)


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_joserfc_reads_an_algorithm_that_is_named(publish: Publish, alg: str) -> None:
    assert reads(pypi.joserfc_with_algorithms, publish(alg))


@pytest.mark.wire
@pytest.mark.parametrize("options", [{}, {"not_before": 0}, {"typ": "JWT"}])
def test_python_jwt_reads_nothing_else(publish: Publish, options: dict[str, object]) -> None:
    assert not reads(pypi.python_jwt_from_set, publish("ES256", **options))
