"""Calls: what is written in place of one call of flask-jwt-extended, by its name.

A function here takes the arguments of the call and returns the new expression. It raises
`Undecided` where the words of the table are all that helps.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import libcst as cst

from .syntax import Arguments, call, is_word, text_of

# The life of an access token by default, which was how long a login counted as fresh.
_MAX_AGE = "900"
# A query goes by its name there, unless a setting named another.
_LOCATIONS = {
    "headers": "header",
    "cookies": "cookie",
    "query_string": "query:jwt",
    "json": "json",
}


class Undecided(Exception):
    """Raised where a call stays as it is; holds the row that states why."""


class Place(NamedTuple):
    """Where a call is.

    Attributes:
        is_required: Whether a token was demanded before it.
        has_time: Whether the module's `time` is the one of the standard library, or nothing.
    """

    is_required: bool
    has_time: bool


class Written(NamedTuple):
    """What is written in place of a call.

    Attributes:
        node: The expression.
        notes: Rows of the table that need a look all the same.
    """

    node: cst.BaseExpression
    notes: tuple[str, ...] = ()


def _demand(name: str, ours: str, arguments: Arguments) -> Written:
    """Write the demand of a view, or of a call in one."""
    named: Arguments = {}
    notes = []
    for argument, value in arguments.items():
        row = f"{name}({argument}=)"
        if argument == "locations":
            named[argument] = _locations(row, value)
        elif not (is_word(value, "True") or is_word(value, "False")):
            raise Undecided(row)
        elif is_word(value, "True") == (argument == "verify_type"):
            continue
        elif argument in ("verify_type", "skip_revocation_check"):
            notes.append(row)
        elif argument == "fresh":
            named["max_age"] = cst.Integer(_MAX_AGE)
            notes.append(row)
        else:
            named[argument] = value
    if "refresh" not in named:
        return Written(call(ours, **named), tuple(notes))
    del named["refresh"]
    if name != "jwt_required" or named.keys() - {"locations"}:
        raise Undecided(f"{name}(refresh=)")
    ours = "refresh_required"
    return Written(call(ours, **named) if named else cst.Name(ours), tuple(notes))


def _locations(row: str, value: cst.BaseExpression) -> cst.BaseExpression:
    elements = value.elements if isinstance(value, cst.List | cst.Tuple | cst.Set) else None
    texts = [text_of(value)] if elements is None else [text_of(each.value) for each in elements]
    if not all(text in _LOCATIONS for text in texts):
        raise Undecided(row)
    names = ", ".join(f'"{_LOCATIONS[str(text)]}"' for text in texts)
    return cst.parse_expression(f"[{names}]")


def jwt_required(arguments: Arguments, _: Place) -> Written:
    """Write a decorator, bare where it can be."""
    written = _demand("jwt_required", "token_required", arguments)
    if isinstance(written.node, cst.Call) and not written.node.args:
        return written._replace(node=written.node.func)
    return written


def verify_jwt_in_request(arguments: Arguments, _: Place) -> Written:
    """Write the demand that is made where it is called."""
    return _demand("verify_jwt_in_request", "require_token", arguments)


def create_access_token(arguments: Arguments, place: Place) -> Written:
    """Write an access token without a session."""
    if "identity" not in arguments:
        raise Undecided("create_access_token")
    ours = {
        "expires_delta": "lifetime",
        "additional_claims": "claims",
        "additional_headers": "header",
    }
    named: Arguments = {}
    for argument, value in arguments.items():
        row = f"create_access_token({argument}=)"
        if argument in ours and not (argument == "expires_delta" and is_word(value, "False")):
            named[ours[argument]] = value
        elif argument == "fresh" and is_word(value, "True") and place.has_time:
            named["auth_time"] = cst.parse_expression("int(time.time())")
        elif argument != "identity" and not (argument == "fresh" and is_word(value, "False")):
            raise Undecided(row)
    return Written(call("issue_token", arguments["identity"], **named))


def set_access_cookies(arguments: Arguments, _: Place) -> Written:
    """Write the cookie of an access token without a session."""
    surplus = arguments.keys() - {"response", "encoded_access_token"}
    if surplus or len(arguments) < 2:
        raise Undecided(f"set_access_cookies({min(surplus)}=)" if surplus else "set_access_cookies")
    token = cst.DictElement(cst.SimpleString('"access_token"'), arguments["encoded_access_token"])
    return Written(call("set_token_cookies", arguments["response"], cst.Dict([token])))


def unset_jwt_cookies(arguments: Arguments, _: Place) -> Written:
    """Write what deletes the cookies."""
    if arguments.keys() != {"response"}:
        raise Undecided("unset_jwt_cookies(domain=)")
    return Written(call("unset_token_cookies", arguments["response"]))


def jwt_manager(arguments: Arguments, _: Place) -> Written:
    """Write the guard; templates have its user."""
    return Written(
        call("TokenGuard", *(value for name, value in arguments.items() if name == "app"))
    )


def _expression(demanded: str, otherwise: str) -> Callable[[Arguments, Place], Written]:
    """Make the writer of an expression, and of another where there may be no token."""
    return lambda _, place: Written(
        cst.parse_expression(demanded if place.is_required else otherwise)
    )


WRITERS: Mapping[str, Callable[[Arguments, Place], Written]] = MappingProxyType(
    {
        "JWTManager": jwt_manager,
        "jwt_required": jwt_required,
        "verify_jwt_in_request": verify_jwt_in_request,
        "create_access_token": create_access_token,
        "set_access_cookies": set_access_cookies,
        "unset_jwt_cookies": unset_jwt_cookies,
        "get_jwt": _expression("g.claims", "(g.claims or {})"),
        "get_jwt_header": _expression(
            "current_token.header", "(current_token.header if current_token else {})"
        ),
        "get_jwt_identity": _expression(
            "g.claims.subject", "(g.claims.subject if g.claims else None)"
        ),
        "get_current_user": _expression("current_user", "current_user"),
    }
)
