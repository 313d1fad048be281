"""Replies, checked: what a server answers may be anything, until it is of the shape asked for.

A server that answers something else is not one of ours, or not in step with what it was asked, so
that none of its replies can be trusted.
"""

from typing import Any

Node = tuple[str, int]

SLOTS = 16384


class Garbled(ValueError):
    """The reply is not one to what was asked; the message quotes nothing of it."""

    def __init__(self) -> None:
        super().__init__("the reply is not one to what was asked")


def integer(reply: Any) -> int:
    """Return an integer."""
    if type(reply) is not int:
        raise Garbled
    return reply


def slots(reply: Any, asked: str) -> list[Node | None]:
    """Return the node that has each slot, None where none has it.

    Args:
        reply: To CLUSTER SLOTS.
        asked: The host that gave it, which a node that does not know its own name stands for.
    """
    found: list[Node | None] = [None] * SLOTS
    if type(reply) is not list or not reply:
        raise Garbled
    for row in reply:
        first, last, owner = _slot_range(row, asked)
        found[first : last + 1] = [owner] * (last + 1 - first)
    return found


def node(host: bytes | str | None, port: Any, asked: str) -> Node:
    """Return a node that another one names."""
    if not isinstance(host, bytes | str | None) or not 0 < integer(port) < 65536:
        raise Garbled
    return (_text(host) if isinstance(host, bytes) else host) or asked, port


def _slot_range(row: Any, asked: str) -> tuple[int, int, Node]:
    if type(row) is not list or len(row) < 3 or type(row[2]) is not list or len(row[2]) < 2:
        raise Garbled
    first, last, (host, port, *_) = row[:3]
    if not 0 <= integer(first) <= integer(last) < SLOTS:
        raise Garbled
    return first, last, node(host, port, asked)


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise Garbled from None
