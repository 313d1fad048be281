"""Recipes of docs/compatibility.md, with the page's names replaced by those of a run."""

import re
from collections.abc import Sequence
from pathlib import Path

from ..page import PAGE
from ..readers.published import BEFORE_ML_DSA

_KEYS, _KID = "/etc/readers/keys/", "2026-11"


def recipe(title: str, *, keys: Path, kids: Sequence[str] = BEFORE_ML_DSA, at: int = 0) -> str:
    """Read a reader's recipe: one of its blocks, with a line for each of our keys.

    Args:
        title: The heading above it.
        keys: The folder of the keys.
        kids: Those that get a line.
        at: Which of its blocks.
    """
    _, _, section = PAGE.read_text().partition(f"\n### {title}\n")
    block = re.findall(r"```text\n(.*?)```", section.partition("\n### ")[0], re.DOTALL)[at]
    lines = block.replace(_KEYS, f"{keys}/").splitlines()
    expanded = [
        line.replace(_KID, kid) for line in lines for kid in (kids if _KID in line else "-")
    ]
    return "\n".join([*expanded, ""])
