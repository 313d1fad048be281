"""Risk: a row of a table, with the look that finds it.

A look is a function of an app's parts. It returns what the texts of its risk name, once for each
place where it is found.
"""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, TypeAlias

from ...web.parts import Parts

Level: TypeAlias = Literal["warning", "advice"]
Places: TypeAlias = Iterable[dict[str, str]]


class Risk(NamedTuple):
    """A risk; its texts hold names in braces for what the look returns.

    Attributes:
        level: How bad it is.
        code: What it is, for programs: it stays when a text is reworded.
        about: The setting.
        why: What may come of it.
        do: The cure.
        look: Finds it.
    """

    level: Level
    code: str
    about: str
    why: str
    do: str
    look: Callable[[Parts], Places]


def where(condition: Callable[[Parts], bool]) -> Callable[[Parts], Places]:
    """Make the look of a risk that is in one place alone."""
    return lambda parts: [{}] if condition(parts) else []
