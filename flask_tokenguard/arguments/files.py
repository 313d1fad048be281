"""Files and folders that settings and commands name."""

from pathlib import Path
from shlex import quote


def missing(folder: Path) -> str:
    """Return the sentence about a folder that is not there."""
    return f"the folder {folder} is not there; make it: mkdir -p -m 700 {quote(str(folder))}"
