"""What a reader reads, as the page has it."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from .published import ALGORITHMS

# An algorithm, and what the key came from.
Outcome: TypeAlias = tuple[str, str]


def outcomes_of(
    ways: Mapping[str, Callable[[Any], Mapping[str, Any]]], published: Mapping[str, Any]
) -> set[Outcome]:
    """Try each way with each algorithm; whatever it raises, the token is not read."""
    return {
        (alg, source)
        for alg, ours in published.items()
        for source, read in ways.items()
        if reads(read, ours)
    }


def reads(read: Callable[[Any], Mapping[str, Any]], ours: Any) -> bool:
    """Return whether a reader finds the subject of our token."""
    with suppress(Exception):
        return read(ours).get("sub") == "ada"
    return False


def cell_of(outcomes: set[Outcome], sources: Iterable[str]) -> str:
    """Write a cell: what is read from one source alone has it in brackets."""
    cells = []
    for alg in ALGORITHMS:
        found = [source for source in sources if (alg, source) in outcomes]
        if found:
            cells.append(alg if found == [*sources] else f"{alg} ({', '.join(found)})")
    return ", ".join(cells) or "nothing"


def outcomes_in(cell: str, sources: Iterable[str]) -> set[Outcome]:
    """Read a cell."""
    outcomes = set()
    for part in cell.split(", "):
        alg, _, named = part.partition(" (")
        outcomes |= {(alg, source) for source in ([named[:-1]] if named else sources)}
    return outcomes
