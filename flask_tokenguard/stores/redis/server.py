"""The connections of a process to one Redis or Valkey server.

A request waits no longer than the timeout: what timed out is not tried again, and for a moment
nothing else waits for that server. redis-py's own pool retries, and costs as much as a round trip.
"""

import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ReadOnlyError, RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as TimedOut

from ...errors import Reason, Unavailable
from ..waiting import Pause, Paused, time_left
from .connection import TimedConnection
from .replies import Garbled, Spoilt
from .resp import Command, OutOfStep

FAULTS = (RedisError, RedisClusterException, OSError, Garbled, Spoilt)
_QUOTES = re.compile("['\"`]")
_logger = logging.getLogger("flask_tokenguard")


class NoMaster(TimedOut):
    """Sentinels name no master that is up; the message gives the reason, and quotes nothing."""


class Server:
    """Connections to one server, handed from thread to thread; not to be used after a fork."""

    def __init__(self, connect: Callable[[], TimedConnection]) -> None:
        """Connect to nothing yet.

        Args:
            connect: Makes a connection, which need not be open.
        """
        self._connect = connect
        self._idle: list[TimedConnection] = []
        self._pause = Pause()

    def pause(self) -> None:
        """Ask it nothing for a moment."""
        self._pause.begin()

    def ask(self, *commands: Command) -> list[Any]:
        """Send commands that may be sent twice, in one trip, and read their replies.

        Raises:
            RedisError: They failed, or the first of their replies that is an error.
        """
        return raise_first(self._ask(commands))

    def try_each(self, commands: Sequence[Command]) -> list[Any]:
        """Do as `ask`, but return the replies that are errors among the others."""
        return self._ask(commands)

    def ask_once(self, *commands: Command) -> list[Any]:
        """Do as `ask` for commands that may not be sent twice."""
        self._drop_closed()
        return raise_first(self.receive(self.send(commands), len(commands)))

    def send(self, commands: Sequence[Command]) -> TimedConnection:
        """Send commands; `receive` must follow."""
        self._check()
        return self._send_on(self._take_idle(), commands)

    def _check(self) -> None:
        self._pause.check()
        # A server is not to blame for what others left it no time for.
        time_left()

    def _send_on(
        self, connection: TimedConnection | None, commands: Sequence[Command]
    ) -> TimedConnection:
        """Send commands on a connection that idled; on a new one where there is none."""
        try:
            connection = connection or self._connect()
            connection.send_with_echo(commands)
        except FAULTS as error:
            self._note_fault(error)
            let_go(error)
            raise
        except Exception as error:  # noqa: BLE001 - a login's reply, or an address that one named
            self._note_fault(error)
            raise Garbled from None
        return connection

    def receive(self, connection: TimedConnection, count: int) -> list[Any]:
        """Read the replies to what was sent on a connection, errors among them."""
        try:
            replies = connection.read_echoed(count)
        except FAULTS as error:
            self._note_fault(error)
            let_go(error)
            raise
        except Exception as error:  # noqa: BLE001 - what comes may be anything
            self._note_fault(error)
            raise Garbled from None
        self._pause.end()
        if ReadOnlyError in map(type, replies):
            # It was the master, and is no more.
            self._idle.clear()
        else:
            self._idle.append(connection)
        return replies

    def _ask(self, commands: Sequence[Command]) -> list[Any]:
        self._check()
        idle = self._take_idle()
        if idle is not None:
            try:
                return self.receive(self._send_on(idle, commands), len(commands))
            except Disconnected:
                # It was dropped, and those that idled beside it as well: also one that another
                # thread puts there now.
                self._check()
        return self.receive(self._send_on(None, commands), len(commands))

    def _take_idle(self) -> TimedConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _drop_closed(self) -> None:
        # What was sent on a connection that is gone may have been done, or not; better not to send.
        connection = self._take_idle()
        if connection is not None:
            try:
                is_closed = connection.can_read()
            except FAULTS:
                is_closed = True
            if is_closed:
                self._idle.clear()
            else:
                self._idle.append(connection)

    def _note_fault(self, error: Exception) -> None:
        """Drop the idle connections; begin a pause after a timeout, and end it otherwise."""
        self._idle.clear()
        if isinstance(error, TimedOut):
            self._pause.begin()
        else:
            self._pause.end()


def ask_several(asked: Sequence[tuple[Server, Command]]) -> list[Any]:
    """Ask several servers at the same time, for what may be sent twice.

    Raises:
        RedisError: A fault, after all were asked; a timeout rather than another.
    """
    sent: list[tuple[Server, TimedConnection]] = []
    replies: list[Any] = []
    faults: list[Exception] = []
    for server, command in asked:
        try:
            sent.append((server, server.send((command,))))
        except FAULTS as error:
            faults.append(error)
    for server, connection in sent:
        try:
            if faults:
                # It answered perhaps, but the time was spent on another one.
                time_left()
            replies += server.receive(connection, 1)
        except FAULTS as error:
            connection.disconnect()  # type: ignore[no-untyped-call] # redis-py's
            faults.append(error)
    faults.sort(key=lambda fault: not isinstance(fault, TimedOut | Paused))
    replies[:0] = faults
    faults.clear()
    return raise_first(replies)


def raise_first(replies: list[Any]) -> list[Any]:
    """Return replies, unless there is an error among them; they are dropped then."""
    for reply in replies:
        if isinstance(reply, Exception):
            # An error that a frame of its own holds would hold the connection too.
            replies.clear()
            try:
                raise reply
            finally:
                del reply
    return replies


def let_go(error: Exception) -> Exception:
    """Return an error without its frames and those of its causes, which redis-py lets hold it.

    What goes in such a circle is closed late, and with a warning: the connection among it.
    """
    one: BaseException | None = error
    while one is not None:
        one.__traceback__ = None
        one = one.__cause__ or one.__context__
    return error


def renewals(keys: Sequence[bytes], expiry: int) -> list[Command]:
    """Write the commands that set an expiry, in milliseconds."""
    return [("PEXPIRE", key, expiry) for key in keys]


def unavailable(error: Exception, address: object) -> Unavailable:
    """Log what keeps a server from answering, and give the error for the caller to raise."""
    if not isinstance(error, Paused):
        _logger.warning("the store %s cannot be used: %s", address, describe(error))
    return Unavailable(
        "The token store is out of reach", retry_after=1, reason=Reason.STORE_UNAVAILABLE
    )


def describe(error: Exception) -> str:
    """Describe an error, without anything that a server may quote of what it was sent."""
    if isinstance(error, Garbled | Spoilt | NoMaster | OutOfStep):
        return str(error)
    code = getattr(error, "status_code", None)
    if code or isinstance(error, ResponseError):
        text = "" if _QUOTES.search(str(error)) else str(error)
    else:
        cause = error.__cause__ or error.__context__
        text = str(cause.strerror or "") if isinstance(cause, OSError) else ""
    return " ".join(filter(None, (type(error).__name__, code, text)))
