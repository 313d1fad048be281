"""Names on demand: those of a module that are imported once they are asked for (PEP 562).

Most apps need few of them, and each module takes a quarter of a millisecond to import. Beside the
table, the module imports the same names under `TYPE_CHECKING`, for type checkers.
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def names_on_demand(
    door: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the `__getattr__` and the `__dir__` of a module.

    Args:
        door: The module's `__name__`.
        modules: What it would import: modules, each with its names, both as an import statement
            has them, `name as other` too.
    """
    module = sys.modules[door]
    homes = {}
    for home, names in modules.items():
        for item in names.split(", "):
            name, _, other = item.partition(" as ")
            homes[other or name] = home, name

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(
                f"module {door!r} has no attribute {name!r}", name=name, obj=module
            )
        home, name_there = homes[name]
        value = getattr(import_module(home, module.__package__), name_there)
        # Asked for once: the next look finds it there.
        setattr(module, name, value)
        return value

    return get, lambda: sorted({*vars(module), *homes})
