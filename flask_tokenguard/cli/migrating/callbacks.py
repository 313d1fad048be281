"""Callbacks: functions that the manager registered, and that the guard registers now."""

from collections.abc import Mapping
from types import MappingProxyType

import libcst as cst

from .names import LOADERS
from .syntax import all_nodes

CALLBACKS: Mapping[str, str] = MappingProxyType(
    {
        "additional_claims_loader": "default_claims",
        "token_in_blocklist_loader": "former_token_revoked",
        "user_lookup_loader": "user_loader",
    }
)
# These had the token's header before its claims.
_HAD_A_HEADER = ("token_in_blocklist_loader", "user_lookup_loader")


def loader_of(decorator: cst.Decorator) -> str:
    """Return the loader by which a decorator registers; empty where it is another."""
    node = decorator.decorator
    name = node.attr.value if isinstance(node, cst.Attribute) else ""
    return name if name in LOADERS else ""


def takes_claims_alone(function: cst.CSTNode, loader: str) -> bool:
    """Return whether a loader can do without the header."""
    if loader not in _HAD_A_HEADER or not isinstance(function, cst.FunctionDef):
        return True
    parameters = function.params.params
    if len(parameters) < 2:
        return False
    header = parameters[0].name.value
    return not any(
        isinstance(node, cst.Name) and node.value == header for node in all_nodes(function.body)
    )


def as_callback(function: cst.FunctionDef, index: int, loader: str) -> cst.FunctionDef:
    """Register a function at the guard, by the decorator of an index."""
    decorator = function.decorators[index]
    node = decorator.decorator.with_changes(attr=cst.Name(CALLBACKS[loader]))
    decorators = [*function.decorators]
    decorators[index] = decorator.with_changes(decorator=node)
    parameters = function.params.params[1 if loader in _HAD_A_HEADER else 0 :]
    return function.with_changes(
        decorators=decorators, params=function.params.with_changes(params=parameters)
    )
