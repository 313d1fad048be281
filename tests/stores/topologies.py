"""Several servers that belong together: a master with its sentinels, and a cluster."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..kit.loopback import free_port
from .servers import RealServer, running, wait_until

SLOTS = 16384
SERVICE = "tokens"


class SentinelServer(RealServer):
    """A sentinel, which keeps its configuration in a file."""

    def __init__(self, binary: str, folder: Path, *, tls: Path | None = None) -> None:
        super().__init__(binary, folder, tls=tls)
        self.id = secrets.token_hex(20)
        self._config = folder / "sentinel.conf"
        self._command = [binary, str(self._config), "--sentinel"]

    def watch(
        self,
        master: RealServer,
        replica: RealServer,
        others: list["SentinelServer"],
        *,
        down_after: int,
    ) -> None:
        """Learn at once what sentinels take seconds to find out about each other.

        Args:
            down_after: In milliseconds; where two find out at the same time, each votes for itself.
        """
        lines = [
            *(f"{name} {value}" for name, value in self.listening.items()),
            *("bind 127.0.0.1", f"dir {self.folder}", f"sentinel myid {self.id}"),
            f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} 1",
            f"sentinel down-after-milliseconds {SERVICE} {down_after}",
            f"sentinel failover-timeout {SERVICE} 2000",
            f"sentinel known-replica {SERVICE} 127.0.0.1 {replica.port}",
            *(
                f"sentinel known-sentinel {SERVICE} 127.0.0.1 {other.port} {other.id}"
                for other in others
            ),
            *(["tls-replication yes"] if "tls-port" in self.listening else []),
        ]
        self._config.write_text("\n".join(lines) + "\n")

    def master_port(self) -> int:
        _, port = self.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return int(port)

    def is_ready(self) -> bool:
        """Return whether it has heard from the replica, so that it could fail over."""
        (row,) = self.ask("SENTINEL", "REPLICAS", SERVICE)
        replica = dict(zip(row[::2], row[1::2], strict=True))
        return (replica[b"flags"], replica[b"master-link-status"]) == (b"slave", b"ok")


class Replicated(NamedTuple):
    """A master, its replica, and two sentinels that watch them."""

    master: RealServer
    replica: RealServer
    sentinels: tuple[SentinelServer, ...]

    @property
    def hosts(self) -> str:
        return ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)

    @property
    def uri(self) -> str:
        return self.master.uri(self.hosts, kind="+sentinel", path=f"/{SERVICE}")


@contextmanager
def replicated(binary: str, folder: Path, *, tls: Path | None = None) -> Iterator[Replicated]:
    """Start a master and all that belongs to it, and wait until the sentinels know it all."""
    # A master waits a second for the first word of a replica that it sent no file, and Valkey 9
    # looks once a second whether a file has come.
    at_once = ("--repl-diskless-sync", "no", "--repl-diskless-load", "on-empty-db")
    options = (*at_once, *(("--tls-replication", "yes") if tls else ()))
    master = RealServer(binary, folder / "master", *options, tls=tls)
    replica = RealServer(binary, folder / "replica", *options, tls=tls)
    sentinels = tuple(
        SentinelServer(binary, folder / f"sentinel{number}", tls=tls) for number in range(2)
    )
    for place, sentinel in enumerate(sentinels):
        others = [other for other in sentinels if other is not sentinel]
        sentinel.watch(master, replica, others, down_after=500 * (place + 1))
    with running(master, replica):
        # What its command line names it would try after a second.
        replica.ask("REPLICAOF", "127.0.0.1", master.port)
        wait_until(lambda: master.ask("WAIT", 1, 1) == 1)
        with running(*sentinels):
            for each in sentinels:
                wait_until(each.is_ready)
            yield Replicated(master, replica, sentinels)


class Cluster(NamedTuple):
    """Three nodes that share the slots, and one that has none yet."""

    nodes: tuple[RealServer, ...]
    spare: RealServer

    @property
    def hosts(self) -> str:
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    @property
    def uri(self) -> str:
        return self.spare.uri(self.hosts, kind="+cluster")

    def wait(self) -> "Cluster":
        """Wait until each node knows where all slots are."""
        for node in (*self.nodes, self.spare):
            wait_until(partial(_is_complete, node))
        return self

    def owner_of(self, slot: int) -> RealServer:
        return next(node for node in (*self.nodes, self.spare) if slot in _own_slots(node))

    def move_slot(self, slot: int, *, target: RealServer | None = None) -> None:
        """Move a slot with its keys to another node, as a resharding does."""
        with self.moving(slot, target=target):
            pass

    @contextmanager
    def moving(self, slot: int, *, target: RealServer | None = None) -> Iterator[None]:
        """Be about to move a slot, half of whose keys have arrived, and then finish."""
        owner = self.owner_of(slot)
        target = target or next(node for node in self.nodes if node is not owner)
        owner_id, target_id = (node.ask("CLUSTER", "MYID") for node in (owner, target))
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", owner_id)
        owner.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        keys = owner.ask("CLUSTER", "GETKEYSINSLOT", slot, 10_000)
        for key in keys[: len(keys) // 2]:
            owner.ask("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
        yield
        for key in owner.ask("CLUSTER", "GETKEYSINSLOT", slot, 10_000):
            owner.ask("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
        for node in (target, owner, *self.nodes, self.spare):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", target_id)


@contextmanager
def clustered(binary: str, folder: Path, *, tls: Path | None = None) -> Iterator[Cluster]:
    """Start four nodes that will be a cluster when they have waited for each other, about 2 s."""
    bus_ports = [free_port() for _ in range(4)]
    options = (
        *("--cluster-enabled", "yes", "--cluster-node-timeout", "2000"),
        *("--cluster-require-full-coverage", "no"),
        # A node that gave its last slot away stays what it is.
        *("--cluster-allow-replica-migration", "no"),
        *(("--tls-cluster", "yes") if tls else ()),
    )
    *nodes, spare = (
        RealServer(
            *(binary, folder / f"node{number}", *options, "--cluster-port", str(port)), tls=tls
        )
        for number, port in enumerate(bus_ports)
    )
    with running(*nodes, spare):
        for number, node in enumerate(nodes):
            first, last = SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1
            node.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
            node.ask("CLUSTER", "MEET", "127.0.0.1", nodes[0].port, bus_ports[0])
        spare.ask("CLUSTER", "MEET", "127.0.0.1", nodes[0].port, bus_ports[0])
        yield Cluster(tuple(nodes), spare)


def _is_complete(node: RealServer) -> bool:
    state = node.ask("CLUSTER", "INFO").decode()
    return {"cluster_state:ok", "cluster_known_nodes:4", f"cluster_slots_ok:{SLOTS}"} <= set(
        state.split()
    )


def _own_slots(node: RealServer) -> set[int]:
    ranges = node.ask("CLUSTER", "SLOTS")
    own = [row for row in ranges if int(row[2][1]) == node.port]
    return {slot for first, last, *_ in own for slot in range(first, last + 1)}
