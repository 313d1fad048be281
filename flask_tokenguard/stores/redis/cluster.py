"""A link to a cluster: redis-py knows which node has which slot, and follows slots that move."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from redis import Connection, RedisCluster, SSLConnection
from redis.cluster import ClusterNode
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    NoScriptError,
    RedisClusterException,
    TryAgainError,
)
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import TimeoutError as TimedOut

from .address import RedisAddress
from .link import connection_options, renewals
from .scripts import Argument, Script
from .server import FAULTS, Command, Pause, Server, ask_several

_SLOT_ELSEWHERE = (AskError, TryAgainError, ClusterDownError, RedisClusterException)


class ClusterLink:
    """A link to the nodes of a cluster, each with connections and pauses of its own."""

    def __init__(self, address: RedisAddress, timeout: float) -> None:
        """Connect to nothing yet."""
        self._address = address
        self._options = connection_options(address, timeout)
        self._class = SSLConnection if address.is_tls else Connection
        self._client: RedisCluster | None = None
        self._pause = Pause()
        self._servers: dict[str, Server] = {}

    def read(self, here: Sequence[bytes], there: Sequence[bytes]) -> list[bytes | None]:
        """Ask the nodes of both tags at the same time."""
        client = self._open()
        asked: list[tuple[bytes, Command]] = [(keys[0], ("MGET", *keys)) for keys in (here, there)]
        try:
            replies = ask_several([(self._server(client, key), what) for key, what in asked])
        except (Disconnected, *_SLOT_ELSEWHERE):
            # Of a slot that is being moved, some keys are here and some are there.
            return [self._follow(client, key, ("GET", key)) for key in (*here, *there)]
        except TimedOut:
            self._look_around(client)
            raise
        return [*replies[0], *replies[1]]

    def run(self, script: Script, keys: Sequence[bytes], args: Sequence[Argument]) -> Any:
        """Run a script where its keys are."""
        try:
            return self._tell(keys[0], ("EVALSHA", script.sha, len(keys), *keys, *args))
        except NoScriptError:
            return self._tell(keys[0], ("EVAL", script.text, len(keys), *keys, *args))

    def set_epochs(self, script: Script, keys: Sequence[bytes]) -> bool:
        """Read all, and set those that are missing, but for nodes that do not answer."""
        unsure: list[bytes] = []
        for group, found in self._try_each([(key, ("GET", key)) for key in keys]):
            unsure += [
                key for key, epoch in zip(group, found, strict=True) if type(epoch) is not bytes
            ]
        for key in unsure:
            self.run(script, (key,), ())
        return bool(unsure)

    def renew(self, keys: Sequence[bytes], expiry: int) -> None:
        """Renew all, but for nodes that do not answer."""
        self._try_each(list(zip(keys, renewals(keys, expiry), strict=True)))

    def ask_each(self, *commands: Command) -> list[list[Any]]:
        """Ask every primary node."""
        client = self._open()
        return [self._server_of(node).ask(*commands) for node in client.get_primaries()]

    def _try_each(
        self, commands: Sequence[tuple[bytes, Command]]
    ) -> list[tuple[list[bytes], list[Any]]]:
        """Send commands to the nodes of their keys; return the keys and the replies of each."""
        client = self._open()
        groups: dict[Server, list[tuple[bytes, Command]]] = {}
        for key, command in commands:
            groups.setdefault(self._server(client, key), []).append((key, command))
        found = []
        for server, group in groups.items():
            try:
                replies = server.try_each([command for _, command in group])
            except FAULTS:
                # Its tags are unavailable; those of the other nodes need not be.
                continue
            found.append(([key for key, _ in group], replies))
        return found

    def _open(self) -> RedisCluster:
        if self._client is None:
            with self._pause.guard():
                self._client = RedisCluster(
                    startup_nodes=[ClusterNode(host, port) for host, port in self._address.hosts],
                    require_full_coverage=False,
                    ssl=self._address.is_tls,
                    **self._options,
                )
        return self._client

    def _server(self, client: RedisCluster, key: bytes) -> Server:
        return self._server_of(client.nodes_manager.get_node_from_slot(key_slot(key)))

    def _server_of(self, node: ClusterNode) -> Server:
        server = self._servers.get(node.name)
        if server is None:
            connect = partial(self._class, host=node.host, port=node.port, **self._options)
            server = self._servers[node.name] = Server(connect)
        return server

    def _tell(self, key: bytes, command: Command) -> Any:
        client = self._open()
        try:
            return self._server(client, key).tell(command)[0]
        except _SLOT_ELSEWHERE:
            return self._follow(client, key, command)
        except (Disconnected, TimedOut):
            # What was sent may have been done, or not.
            self._server(client, key).pause()
            self._look_around(client)
            raise

    def _look_around(self, client: RedisCluster) -> None:
        """Ask the other nodes who took the place of one that does not answer."""
        servers = list(self._servers.items())
        away = next((name for name, server in servers if server.is_paused), None)
        client.nodes_manager.initialize(last_failed_node_name=away)

    def _follow(self, client: RedisCluster, key: bytes, command: Command) -> Any:
        """Send what may be sent twice to wherever the slot of a key is, or is on its way to."""
        server = self._server(client, key)
        try:
            return server.ask(command)[0]
        except MovedError:
            pass
        except AskError as error:
            # It may be a node without a slot as yet, which redis-py does not know.
            target = self._server_of(ClusterNode(error.host, error.port))
            return target.ask(("ASKING",), command)[1]
        except (Disconnected, *_SLOT_ELSEWHERE):
            pass
        try:
            return client.execute_command(*command, target_nodes=client.get_node_from_key(key))
        except Disconnected:
            # redis-py has looked around, and need not for every request.
            server.pause()
            raise
