"""The order of a run: which worker gets which file, long ones first; a single file has no workers.

A worker takes whole files, so that what is slow to start is started once in a run: servers by the
fixtures of a session, npm's packages, an app with its users. Thousands of short tests make what
pytest-xdist does for each of them count: here it is less.
"""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from xdist.scheduler import LoadFileScheduling

TESTS = Path(__file__).parent

# Files that share what is slow to start go to one worker.
TOGETHER = {
    "stores/redis/test_store.py": "sentinels and cluster",
    "stores/redis/test_topologies.py": "sentinels and cluster",
    "stores/test_interleavings.py": "sentinels and cluster",
    "browser/test_console.py": "browsers",
    "browser/test_other_sites.py": "browsers",
    "browser/test_sessions.py": "browsers",
    "browser/test_cookies_kept.py": "browsers",
    "browser/test_back_button.py": "browsers",
    "interop/test_jose_npm.py": "npm",
    "interop/test_oidc_provider.py": "npm",
    "wire/issuers/test_better_auth.py": "npm's issuers",
    "wire/issuers/test_cognito_local.py": "npm's issuers",
    "wire/issuers/test_oauth2_mock_server.py": "npm's issuers",
}
# The others that take longest, longest first: begun last, one would keep the other workers waiting.
LONG = (
    "load/test_valkey.py",
    "load/test_sqlite.py",
    "stores/machine/test_planted_faults.py",
    "stores/machine/test_machine.py",
    "benchmarks/test_benchmarks.py",
    "example_app/test_commands.py",
    "stores/redis/server/test_outages.py",
    "stores/redis/test_load.py",
    "fetching/fetcher/test_bounds.py",
    "stores/sqlite/test_processes.py",
    "web/test_hostile_requests.py",
    "cli/commands/test_keygen.py",
)
_FIRST = (*TOGETHER, *LONG)


class FilesTogether(LoadFileScheduling):  # type: ignore[misc] # pytest-xdist has no types
    """Gives each worker whole files, and files that belong together to one."""

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        super().add_node_collection(node, collection)
        self.registered_collections[node] = _Numbered(collection)

    def _split_scope(self, nodeid: str) -> str:
        file = _file_of(nodeid)
        return TOGETHER.get(file, file)

    def _pending_of(self, workload: dict[str, dict[str, bool]]) -> int:
        # A file is given out when at most two tests are left, so that all before it are over.
        last = list(workload.values())[-3:]
        return sum(list(file.values()).count(False) for file in last)


class _Numbered(list[str]):
    """The tests that a worker has, each found at once."""

    def __init__(self, tests: Sequence[str]) -> None:
        super().__init__(tests)
        self._places = {test: place for place, test in enumerate(tests)}

    def index(self, test: str, *_: Any) -> int:
        return self._places[test]


def long_ones_first(items: list[pytest.Item]) -> None:
    """Put the files that take longest at the start; the others keep their order."""
    rank = {file: place for place, file in enumerate(_FIRST)}
    items.sort(key=lambda item: rank.get(_file_of(item.nodeid), len(rank)))


def reports_less(options: Namespace) -> bool:
    """Return whether nobody asks how long the parts of a test took."""
    return options.durations is None and options.xmlpath is None


def run_and_report_less(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Run a test as pytest does, and report what is counted: not that a fixture was no problem."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def runs_alone(args: Sequence[str], options: Namespace) -> bool:
    """Return whether workers would be no help: for one file, what takes long, who watches."""
    one_file = len(args) == 1 and not Path(args[0].partition("::")[0]).is_dir()
    soaks = "not soak" not in options.markexpr
    watches = options.trace or options.capture == "no"
    return one_file or soaks or watches


def _file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0].removeprefix("tests/")
