"""Pairs: what a function calls here that makes both tokens, or refreshes them.

Both come from one call, whose result is kept in a variable before the first of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import libcst as cst

from .syntax import Arguments, all_nodes, arguments_of, call, is_word, own_calls, own_nodes

VARIABLE = "token_pair"
ACCESS, REFRESH = "create_access_token", "create_refresh_token"
SET_ACCESS, SET_REFRESH = "set_access_cookies", "set_refresh_cookies"
_OURS = {"additional_claims": "claims", "additional_headers": "header"}

NameOf = Callable[[cst.CSTNode], str | None]
Statement = cst.SimpleStatementLine


class Pair(NamedTuple):
    """How a function gets its tokens.

    Attributes:
        value: The call that makes both.
        before: The statement before which it stands.
        calls: The calls in place of which a member of the pair stands, by name.
        cookies: The call that becomes that of `set_token_cookies`; None where there is none.
        dropped: Statements that are no longer needed.
        gone: What is dropped with all within it.
    """

    value: cst.Call
    before: Statement
    calls: dict[cst.Call, str]
    cookies: cst.Call | None
    dropped: set[Statement]
    gone: set[cst.CSTNode]

    @property
    def assignment(self) -> Statement:
        """The statement that keeps the pair."""
        target = cst.AssignTarget(cst.Name(VARIABLE))
        return cst.SimpleStatementLine([cst.Assign([target], self.value)])


def find_pair(function: cst.FunctionDef, name_of: NameOf, *, is_refresh: bool) -> Pair | None:
    """Find how a function gets its tokens from one call; None where it cannot, or need not."""
    named = [(name_of(each.func), each) for each in own_calls(function)]
    by_name = {name: [each for other, each in named if other == name] for name, _ in named}
    access, refresh = by_name.get(ACCESS, []), by_name.get(REFRESH, [])
    if len(access) > 1 or len(refresh) > 1 or not access + refresh:
        return None
    if not is_refresh and not (access and refresh):
        return None
    value = (
        _refreshed(access, refresh, name_of)
        if is_refresh
        else _issued(access[0], refresh[0], name_of)
    )
    statements = _statements_of(function, access + refresh)
    if value is None or statements is None:
        return None
    cookies = _cookies(function, by_name)
    calls = dict.fromkeys(access, "access_token") | dict.fromkeys(refresh, "refresh_token")
    gone = {node for each in [*calls, *cookies] for node in all_nodes(each)} - {*calls}
    dropped = {
        statement
        for statement in own_nodes(function)
        if isinstance(statement, Statement)
        and (_is_call(statement, cookies[1:]) or _is_unused(function, statement, gone, name_of))
    }
    gone |= {node for each in dropped for node in all_nodes(each)} - {*calls}
    return Pair(value, statements[0], calls, cookies[0] if cookies else None, dropped, gone)


def _cookies(
    function: cst.FunctionDef, by_name: dict[str | None, list[cst.Call]]
) -> list[cst.Call]:
    """Return the calls that set the cookies of a pair; none if one call would not do the same."""
    found = {name: by_name[name] for name in (SET_ACCESS, SET_REFRESH) if name in by_name}
    calls = [each for one in found.values() for each in one]
    options = [arguments_of(each, name) or {} for name, one in found.items() for each in one]
    first = options[0].get("response") if options else None
    if first is None or len(calls) > len(found) or _statements_of(function, calls) is None:
        return []
    is_plain = all(
        len(each) == 2
        and each.keys().isdisjoint(("max_age", "domain"))
        and first.deep_equals(each["response"])
        for each in options
    )
    return calls if is_plain else []


def _refreshed(access: list[cst.Call], refresh: list[cst.Call], name_of: NameOf) -> cst.Call | None:
    """Make the call of a view that refreshes; the refresh token names the subject."""
    named = _options(access, ACCESS, {"identity", "fresh", "additional_claims"})
    if named is None or _options(refresh, REFRESH, {"identity"}) is None:
        return None
    named.pop("identity", None)
    if not _is_false(named.pop("fresh", None)) or _has_names(named, name_of):
        return None
    return call("refresh_token_pair", **{_OURS[name]: value for name, value in named.items()})


def _issued(access: cst.Call, refresh: cst.Call, name_of: NameOf) -> cst.Call | None:
    """Make the call of a login."""
    named = _options([access], ACCESS, {"identity", "fresh", *_OURS})
    others = _options([refresh], REFRESH, {"identity", *_OURS})
    if named is None or others is None or "identity" not in named or "identity" not in others:
        return None
    if _has_names(named, name_of):
        return None
    fresh, subject = named.pop("fresh", None), named.pop("identity")
    if not subject.deep_equals(others.pop("identity")) or not (
        _is_false(fresh) or is_word(fresh, "True")
    ):
        return None
    if any(
        name not in named or not value.deep_equals(named[name]) for name, value in others.items()
    ):
        return None
    return call(
        "issue_token_pair", subject, **{_OURS[name]: value for name, value in named.items()}
    )


def _has_names(arguments: Arguments, name_of: NameOf) -> bool:
    """Return whether a name of theirs is among what is copied, and so not rewritten."""
    return any(name_of(node) for value in arguments.values() for node in all_nodes(value))


def _is_false(node: cst.BaseExpression | None) -> bool:
    return node is None or is_word(node, "False")


def _options(calls: list[cst.Call], name: str, known: set[str]) -> Arguments | None:
    """Return the arguments of the one call, if any; None where there are others than those."""
    if not calls:
        return {}
    found = arguments_of(calls[0], name)
    return found if found is not None and found.keys() <= known else None


def _statements_of(function: cst.FunctionDef, calls: list[cst.Call]) -> list[Statement] | None:
    """Return the statements of some calls, in order; None unless all are in one block."""
    for block in own_nodes(function):
        if isinstance(block, cst.IndentedBlock):
            inner = [each for each in block.body if isinstance(each, Statement)]
            found = [each for each in inner if any(node in calls for node in all_nodes(each))]
            if sum(node in calls for each in found for node in all_nodes(each)) == len(calls):
                return found
    return None


def _is_call(statement: Statement, calls: list[cst.Call]) -> bool:
    (first, *others) = statement.body
    return not others and isinstance(first, cst.Expr) and first.value in calls


def _is_unused(
    function: cst.FunctionDef, statement: Statement, gone: set[cst.CSTNode], name_of: NameOf
) -> bool:
    """Return whether a statement keeps a token, or whose it is, for what is dropped alone."""
    (first, *others) = statement.body
    if others or not isinstance(first, cst.Assign) or not isinstance(first.value, cst.Call):
        return False
    target = first.targets[0].target
    makes = name_of(first.value.func) in (ACCESS, REFRESH, "get_jwt_identity")
    if not makes or len(first.targets) > 1 or not isinstance(target, cst.Name):
        return False
    return not any(
        isinstance(node, cst.Name)
        and node.value == target.value
        and node is not target
        and node not in gone
        for node in all_nodes(function)
    )
