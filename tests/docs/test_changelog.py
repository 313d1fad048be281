"""The changelog: the version that is built stands first."""

import re
from configparser import ConfigParser

from ..support import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
KINDS = ["Security", "Removed", "Deprecated", "Added", "Changed", "Fixed"]


def test_the_version_that_is_built_stands_first() -> None:
    config = ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    first = re.findall(r"^## (\S+) \(\d{4}-\d\d-\d\d\)$", CHANGELOG, re.MULTILINE)[0]
    assert first == config["metadata"]["version"]


def test_each_kind_of_change_has_one_section_a_version_in_order() -> None:
    for version in CHANGELOG.split("\n## ")[1:]:
        kinds = re.findall(r"^### (\w+)$", version, re.MULTILINE)
        assert kinds == [kind for kind in KINDS if kind in kinds]
