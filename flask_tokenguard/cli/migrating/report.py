"""Reports of the move: what needs a hand, and where."""

from typing import NamedTuple

from .names import Name
from .settings import Setting


class ByHand(NamedTuple):
    """What is left to do.

    Attributes:
        line: Where it is in the file; None for what is not in one.
        theirs: The name or behaviour of flask-jwt-extended.
        ours: What to write or to know here.
        why: What differs, and why.
    """

    line: int | None
    theirs: str
    ours: str
    why: str

    @classmethod
    def of(cls, theirs: str, row: Name | Setting, line: int | None = None) -> "ByHand":
        """Report a row of the table."""
        return cls(line, theirs, row.write, row.differs)
