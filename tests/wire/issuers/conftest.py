"""npm's issuers, installed once in a run."""

from pathlib import Path
from typing import NamedTuple

import pytest

from ...interop.node import install_packages
from ..support import give_up

HERE = Path(__file__).parent


class Packages(NamedTuple):
    """Node beside what the lock file of this folder names.

    Attributes:
        node: The program.
        folder: Where the scripts and their packages are.
    """

    node: str
    folder: Path


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """Install them; oauth2-mock-server wants a Node that Debian does not have yet."""
    folder = tmp_path_factory.mktemp("npm") / "issuers"
    node = install_packages(HERE / "npm", folder, give_up)
    return Packages(node.node, folder)
