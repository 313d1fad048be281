"""A link to a cluster, whose nodes report which of them has which slot.

redis-py's own client of a cluster cannot be given a class of connections, so that nothing that it
waits for would be within a deadline.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from redis.crc import key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, NoScriptError, TryAgainError
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import SlotNotCoveredError as Uncovered
from redis.exceptions import TimeoutError as TimedOut

from ..waiting import part_of_the_time
from .address import RedisAddress
from .connection import TimedConnection, connection_options
from .replies import Node, flag, node, slots, values
from .resp import Command
from .scripts import Argument, Script
from .server import FAULTS, Server, ask_several, renewals

_SLOT_ELSEWHERE = (AskError, TryAgainError, ClusterDownError, Uncovered)


class ClusterLink:
    """A link to the nodes of a cluster, each with connections and pauses of its own."""

    def __init__(self, address: RedisAddress, timeout: float) -> None:
        """Connect to nothing yet."""
        self._connect = partial(TimedConnection, **connection_options(address, timeout))
        self._hosts = address.hosts
        self._slots: list[Node | None] = []
        self._is_outdated = True
        self._servers: dict[Node, Server] = {}

    def read(self, here: Sequence[bytes], there: Sequence[bytes]) -> list[bytes | None]:
        """Ask the nodes of both tags at the same time."""
        try:
            asked: list[tuple[Server, Command]] = [
                (self._server(keys[0]), ("MGET", *keys)) for keys in (here, there)
            ]
            found = ask_several(asked)
        except (Disconnected, *_SLOT_ELSEWHERE):
            # Of a slot that is being moved, some keys are here and some are there.
            return [self._follow(key, ("GET", key)) for key in (*here, *there)]
        except TimedOut:
            self._is_outdated = True
            raise
        return [*values(found[0], len(here)), *values(found[1], len(there))]

    def run(self, script: Script, keys: Sequence[bytes], args: Sequence[Argument]) -> Any:
        """Run a script where its keys are."""
        try:
            return self._ask_once(keys[0], ("EVALSHA", script.sha, len(keys), *keys, *args))
        except NoScriptError:
            return self._ask_once(keys[0], ("EVAL", script.text, len(keys), *keys, *args))

    def set_epochs(self, script: Script, keys: Sequence[bytes]) -> bool:
        """Read all, and set those that are missing, but for nodes that do not answer."""
        unsure: list[bytes] = []
        for group, found in self._try_each([(key, ("GET", key)) for key in keys]):
            unsure += [
                key for key, epoch in zip(group, found, strict=True) if type(epoch) is not bytes
            ]
        for key in unsure:
            flag(self.run(script, (key,), ()))
        return bool(unsure)

    def renew(self, keys: Sequence[bytes], expiry: int) -> None:
        """Renew all, but for nodes that do not answer."""
        self._try_each(list(zip(keys, renewals(keys, expiry), strict=True)))

    def ask_each(self, *commands: Command) -> list[list[Any]]:
        """Ask every primary node."""
        self._update()
        owners = dict.fromkeys(filter(None, self._slots))
        return [self._server_of(owner).ask(*commands) for owner in owners]

    def _try_each(
        self, commands: Sequence[tuple[bytes, Command]]
    ) -> list[tuple[list[bytes], list[Any]]]:
        """Send commands to the nodes of their keys; return the keys and the replies of each."""
        groups: dict[Server, list[tuple[bytes, Command]]] = {}
        for key, command in commands:
            groups.setdefault(self._server(key), []).append((key, command))
        found = []
        for place, (server, group) in enumerate(groups.items(), 1):
            try:
                with part_of_the_time(len(groups) - place + 1):
                    replies = server.try_each([command for _, command in group])
            except FAULTS:
                # Its tags are unavailable; those of the other nodes need not be.
                continue
            found.append(([key for key, _ in group], replies))
        return found

    def _known(self) -> list[Node]:
        """List the nodes that have slots, and those that the address names."""
        return list(dict.fromkeys([*filter(None, self._slots), *self._hosts]))

    def _server(self, key: bytes) -> Server:
        self._update()
        return self._server_of(self._owner(key))

    def _owner(self, key: bytes) -> Node:
        owner = self._slots[key_slot(key)]
        if owner is None:
            self._is_outdated = True
            raise Uncovered("no node has the slot")
        return owner

    def _server_of(self, owner: Node) -> Server:
        host, port = owner
        connect = partial(self._connect, host=host, port=port)
        return self._servers.get(owner) or self._servers.setdefault(owner, Server(connect))

    def _update(self) -> None:
        """Find out once more who has which slot, if that is due and can be done."""
        if self._slots and not self._is_outdated:
            return
        # Other threads go on with what was known.
        self._is_outdated = False
        try:
            self._discover()
        except FAULTS:
            if not self._slots:
                raise

    def _discover(self) -> None:
        """Ask one node after another who has which slot."""
        nodes = self._known()
        while True:
            node = nodes.pop(0)
            try:
                with part_of_the_time(len(nodes) + 1):
                    reply = self._server_of(node).ask(("CLUSTER", "SLOTS"))[0]
                self._slots = slots(reply, node[0])
            except FAULTS:
                if not nodes:
                    raise
            else:
                self._servers = {each: self._server_of(each) for each in self._known()}
                return

    def _ask_once(self, key: bytes, command: Command) -> Any:
        server = self._server(key)
        try:
            return server.ask_once(command)[0]
        except _SLOT_ELSEWHERE:
            return self._follow(key, command)
        except (Disconnected, TimedOut):
            # What was sent may have been done, or not.
            server.pause()
            self._is_outdated = True
            raise

    def _follow(self, key: bytes, command: Command) -> Any:
        """Send what may be sent twice to wherever the slot of a key is, or is on its way to."""
        owner = self._owner(key)
        server = self._server_of(owner)
        try:
            return server.ask(command)[0]
        except MovedError as error:
            self._slots[key_slot(key)] = node(error.host, error.port, owner[0])
        except AskError as error:
            # It may be a node without a slot as yet.
            target = node(error.host, error.port, owner[0])
            return self._server_of(target).ask(("ASKING",), command)[1]
        except (Disconnected, *_SLOT_ELSEWHERE):
            self._discover()
        server = self._server(key)
        try:
            return server.ask(command)[0]
        except Disconnected:
            # Not every request need look around.
            server.pause()
            raise
