"""Replies, checked: what a server answers may be anything, until it is of the shape asked for.

A server that answers something else is not one of ours, or not in step with what it was asked, so
that none of its replies can be trusted.
"""

from collections.abc import Sequence
from typing import Any

from ..base import Advance, Outcome, RefreshState, StoredSession, Successor

Node = tuple[str, int]

SLOTS = 16384
# The end of the year 9999, after which Python has no dates.
_LAST_SECOND = 253_402_300_799
_LAST_INSTANT = _LAST_SECOND * 1000
# By the length of the reply: with the unspent token it is five, with a successor four.
_OUTCOMES: dict[int, dict[bytes, Outcome]] = {
    2: {b"reused": "reused", b"ended": "ended"},
    4: {b"reused": "reused"},
    5: {b"advanced": "advanced", b"repeated": "repeated"},
}


class Garbled(ValueError):
    """The reply is not one to what was asked; the message quotes nothing of it."""

    def __init__(self) -> None:
        super().__init__("the reply is not one to what was asked")


class Spoilt(ValueError):
    """A value was not written by us; the message quotes nothing of it."""

    def __init__(self) -> None:
        super().__init__("a value was written by another program")


def values(reply: Any, count: int) -> list[bytes | None]:
    """Return the values of this many keys; what each is, `number` checks."""
    if type(reply) is not list or len(reply) != count:
        raise Garbled
    return reply


def number(value: object, most: int = _LAST_INSTANT) -> int:
    """Return the number that a value is, an instant unless another bound is given.

    Raises:
        Spoilt: It is not one that we wrote.
    """
    if type(value) is bytes and value.isdigit() and len(value) <= 15 and int(value) <= most:
        return int(value)
    raise Spoilt


def instant(reply: Any) -> int:
    """Return an instant."""
    if not 0 < integer(reply) <= _LAST_INSTANT:
        raise Garbled
    return int(reply)


def integer(reply: Any) -> int:
    """Return an integer."""
    if type(reply) is not int:
        raise Garbled
    return reply


def flag(reply: Any) -> bool:
    """Return whether a reply is 1 and not 0."""
    if integer(reply) not in (0, 1):
        raise Garbled
    return bool(reply)


def done(reply: Any) -> None:
    """Return if what was asked was done."""
    if not flag(reply):
        raise Garbled


def advance(reply: Any) -> Advance:
    """Return what became of a refresh token."""
    if type(reply) is not list or len(reply) not in _OUTCOMES:
        raise Garbled
    outcome, moment, *rest = reply
    outcomes = _OUTCOMES[len(reply)]
    if type(outcome) is not bytes or outcome not in outcomes:
        raise Garbled
    return Advance(
        outcomes[outcome],
        _refresh_state(rest) if len(rest) == 3 else None,
        instant(moment),
        _successor(rest) if len(rest) == 2 else None,
    )


def _successor(rest: Any) -> Successor:
    age, is_used = rest
    if not 0 <= integer(age) <= _LAST_INSTANT:
        raise Garbled
    return Successor(age, flag(is_used))


def _refresh_state(token: Any) -> RefreshState:
    _check(token, bytes, int, bytes)
    jti, expires, scope = token
    if len(jti) != 16 or not 0 < expires <= _LAST_SECOND:
        raise Garbled
    return RefreshState(jti, expires, _text(scope))


def sessions(reply: Any) -> Sequence[StoredSession]:
    """Return the sessions that are listed."""
    if type(reply) is not list:
        raise Garbled
    return [_session(row) for row in reply]


def _session(row: Any) -> StoredSession:
    _check(row, bytes, bytes, bytes, bytes, bytes)
    session, started, last_used, expires, origin = row
    return StoredSession(
        session, number(started), number(last_used), number(expires, _LAST_SECOND), _text(origin)
    )


def option(reply: Any) -> str:
    """Return the value of a configuration's option; empty where there is no such option."""
    if reply == []:
        return ""
    _check(reply, bytes, bytes)
    return _text(reply[1])


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


def _check(reply: Any, *types: type) -> None:
    if type(reply) is not list or tuple(map(type, reply)) != types:
        raise Garbled


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise Garbled from None
