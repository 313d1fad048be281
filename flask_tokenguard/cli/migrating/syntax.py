"""Syntax: what calls, decorators and names of flask-jwt-extended a module holds, by libcst.

Nothing is decided here; `codemod` does that, with `calls`, `callbacks` and `pairs`.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

import libcst as cst
from libcst.metadata import QualifiedName, QualifiedNameSource

PACKAGE = "flask_jwt_extended"
MODULES = ("exceptions", "jwt_manager", "utils", "view_decorators")
_DEMAND = ("optional", "fresh", "refresh", "locations", "verify_type", "skip_revocation_check")
_OPTIONS = ("expires_delta", "additional_claims", "additional_headers")
_COOKIE = ("max_age", "domain")
# Positional arguments go by these (flask-jwt-extended 4.7.4).
PARAMETERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "JWTManager": ("app", "add_context_processor"),
        "jwt_required": _DEMAND,
        "verify_jwt_in_request": _DEMAND,
        "create_access_token": ("identity", "fresh", *_OPTIONS),
        "create_refresh_token": ("identity", *_OPTIONS),
        "set_access_cookies": ("response", "encoded_access_token", *_COOKIE),
        "set_refresh_cookies": ("response", "encoded_refresh_token", *_COOKIE),
        "unset_jwt_cookies": ("response", "domain"),
        "get_jwt": (),
        "get_jwt_header": (),
        "get_jwt_identity": (),
        "get_jwt_request_location": (),
        "get_current_user": (),
    }
)
Arguments = dict[str, cst.BaseExpression]


def name_among(names: Iterable[QualifiedName]) -> str | None:
    """Return the name of flask-jwt-extended that a node has, of its qualified ones.

    Of an attribute of one, such as `current_user.id`, it is the whole.

    Args:
        names: As the `QualifiedNameProvider` of libcst has them.
    """
    for qualified in names:
        root, *inner = qualified.name.split(".")
        if qualified.source is QualifiedNameSource.IMPORT and root == PACKAGE:
            while len(inner) > 1 and inner[0] in MODULES:
                inner = inner[1:]
            return ".".join(inner)
    return None


def arguments_of(call: cst.Call, name: str) -> Arguments | None:
    """Return a call's arguments by their names; None where a star hides some."""
    found: Arguments = {}
    for position, argument in enumerate(call.args):
        if argument.star:
            return None
        if argument.keyword is not None:
            found[argument.keyword.value] = argument.value
        elif position < len(PARAMETERS[name]):
            found[PARAMETERS[name][position]] = argument.value
        else:
            return None
    return found if found.keys() <= {*PARAMETERS[name]} else None


def is_word(node: cst.BaseExpression | None, word: str) -> bool:
    """Return whether an expression is a name, such as True."""
    return isinstance(node, cst.Name) and node.value == word


def text_of(node: cst.CSTNode) -> str | None:
    """Return the text of a literal; None where it is none."""
    if not isinstance(node, cst.SimpleString):
        return None
    value = node.evaluated_value
    return value if isinstance(value, str) else None


def call(function: str, *positional: cst.BaseExpression, **named: cst.BaseExpression) -> cst.Call:
    """Make a call."""
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    keywords = [
        cst.Arg(value, keyword=cst.Name(keyword), equal=tight) for keyword, value in named.items()
    ]
    return cst.Call(cst.Name(function), [*map(cst.Arg, positional), *keywords])


def member(of: str, name: str) -> cst.BaseExpression:
    """Make the look-up of a member by its name."""
    return cst.parse_expression(f'{of}["{name}"]')


def own_nodes(function: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Walk a function without the functions and classes within it."""
    for child in function.children:
        yield child
        if not isinstance(child, cst.FunctionDef | cst.ClassDef):
            yield from own_nodes(child)


def all_nodes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Walk a node and all within it."""
    yield node
    for child in node.children:
        yield from all_nodes(child)


def own_calls(function: cst.CSTNode) -> list[cst.Call]:
    """List the calls of a function, in order."""
    return [node for node in own_nodes(function) if isinstance(node, cst.Call)]
