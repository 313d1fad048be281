"""What we publish with each algorithm, and Node beside the readers and clients of npm."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest

from ...interop.conftest import HERE as INTEROP
from ...interop.conftest import Scripts, waiting_for_jobs
from ...interop.node import install_packages
from ..support import give_up
from .published import ALGORITHMS, Published, publishing

HERE = Path(__file__).parent
Publish: TypeAlias = Callable[..., Published]


class Packages(NamedTuple):
    """The packages of npm.

    Attributes:
        scripts: Those beside them.
        folder: Where they are.
    """

    scripts: Scripts
    folder: Path


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packages]:
    """Install them all at once; some want a Node that Debian does not have yet."""
    folder = tmp_path_factory.mktemp("npm") / "readers"
    node = install_packages(HERE / "npm", folder, give_up)
    shutil.copy(INTEROP / "jobs.mjs", folder)
    with waiting_for_jobs(node, folder) as scripts:
        yield Packages(scripts, folder)


@pytest.fixture(scope="module")
def publish(private_pems: dict[str, str]) -> Iterator[Publish]:
    """Publish keys for these algorithms, of which the first signs, for as long as a module runs."""
    known: dict[str, Published] = {}
    with ExitStack() as stack:

        def publish(*algs: str, **options: Any) -> Published:
            asked = f"{algs} {options}"
            if asked not in known:
                pems = {**private_pems, "Ed25519": private_pems["EdDSA"]}
                keys = [{"alg": alg, "value": pems[alg]} for alg in algs]
                known[asked] = stack.enter_context(publishing(*keys, **options))
            return known[asked]

        yield publish


@pytest.fixture(scope="module")
def published(publish: Publish) -> dict[str, Published]:
    """What a reader gets by default, for each algorithm."""
    return {alg: publish(alg) for alg in ALGORITHMS}
