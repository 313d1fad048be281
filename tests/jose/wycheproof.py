"""Project Wycheproof's vectors, where there are any.

They are read from the folder that the environment variable WYCHEPROOF_VECTORS names: the
`testvectors_v1` of https://github.com/C2SP/wycheproof.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest

Members: TypeAlias = dict[str, Any]
FOLDER = os.environ.get("WYCHEPROOF_VECTORS")
needs_vectors = pytest.mark.skipif(
    FOLDER is None, reason="WYCHEPROOF_VECTORS does not name the folder of the vectors"
)


class Vector(NamedTuple):
    """A test of a file, and the group that has its key.

    Attributes:
        place: The file and the test's `tcId`.
        group: What the tests of a group share.
        test: What is the test's own.
    """

    place: tuple[str, int]
    group: Members
    test: Members

    def __str__(self) -> str:
        file, tc_id = self.place
        return f"{file[9:-5]}-{tc_id}-{self.group['comment']}-{self.test['comment']}"

    @property
    def is_valid(self) -> bool:
        """Whether a reader must accept the token."""
        return bool(self.test["result"] == "valid")

    def token(self, name: str) -> str | None:
        """Return the token with this name, if it has one; no text is the JSON serialization."""
        token = self.test.get(name)
        return token if token is None or isinstance(token, str) else json.dumps(token)


def read_vectors(file: str) -> Iterator[Vector]:
    """Read the vectors of a file where it lies; none without the folder."""
    if FOLDER is None:
        return
    for group in json.loads(Path(FOLDER, f"{file}.json").read_text())["testGroups"]:
        for test in group["tests"]:
            yield Vector((file, test["tcId"]), group, test)
