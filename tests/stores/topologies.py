"""Several servers that belong together: a master with its sentinels, and a cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.loopback import free_port

from .servers import RealServer, running, wait_until

SLOTS = 16384
SERVICE = "tokens"


class SentinelServer(RealServer):
    """A sentinel, which keeps its configuration in a file."""

    def __init__(
        self, binary: str, folder: Path, *, master: RealServer, tls: Path | None = None
    ) -> None:
        super().__init__(binary, folder, tls=tls)
        config = folder / "sentinel.conf"
        listening = "\n".join(f"{name} {value}" for name, value in self.listening.items())
        config.write_text(
            f"{listening}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} 500\n"
            f"sentinel failover-timeout {SERVICE} 2000\n"
            f"{'tls-replication yes' if tls else ''}\n"
        )
        self._command = [binary, str(config), "--sentinel"]

    def master_port(self) -> int:
        _, port = self.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return int(port)

    def knows(self, *, replicas: int, sentinels: int) -> bool:
        found = [len(self.ask("SENTINEL", what, SERVICE)) for what in ("REPLICAS", "SENTINELS")]
        return found == [replicas, sentinels]


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
        return f"valkey+sentinel://{self.hosts}/{SERVICE}"


@contextmanager
def replicated(binary: str, folder: Path, *, tls: Path | None = None) -> Iterator[Replicated]:
    """Start a master and all that belongs to it, and wait until the sentinels know it all."""
    options = ("--repl-diskless-sync-delay", "0", *(("--tls-replication", "yes") if tls else ()))
    master = RealServer(binary, folder / "master", *options, tls=tls)
    following = ("--replicaof", "127.0.0.1", str(master.port))
    replica = RealServer(binary, folder / "replica", *options, *following, tls=tls)
    sentinels = tuple(
        SentinelServer(binary, folder / f"sentinel{number}", master=master, tls=tls)
        for number in range(2)
    )
    with running(master, replica, *sentinels):
        wait_until(lambda: b"master_link_status:up" in replica.ask("INFO", "replication"))
        for sentinel in sentinels:
            wait_until(partial(sentinel.knows, replicas=1, sentinels=1))
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
        return f"valkey+cluster://{self.hosts}"

    def owner_of(self, slot: int) -> RealServer:
        return next(node for node in (*self.nodes, self.spare) if slot in _own_slots(node))

    def move_slot(self, slot: int) -> None:
        """Move a slot with its keys to another node, as a resharding does."""
        with self.moving(slot):
            pass

    @contextmanager
    def moving(self, slot: int, *, target: RealServer | None = None) -> Iterator[None]:
        """Be about to move a slot, half of whose keys have arrived, and then finish."""
        owner = self.owner_of(slot)
        target = target or self.nodes[(self.nodes.index(owner) + 1) % len(self.nodes)]
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
    """Start four nodes, and wait until each knows where all slots are."""
    bus_ports = [free_port() for _ in range(4)]
    options = (
        *("--cluster-enabled", "yes", "--cluster-node-timeout", "2000"),
        *("--cluster-require-full-coverage", "no"),
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
        for node in (*nodes, spare):
            wait_until(partial(_is_complete, node))
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
