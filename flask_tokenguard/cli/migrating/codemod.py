"""Codemod: rewrite a module's decorators, imports and calls, and report what needs a hand."""

from collections.abc import Callable
from typing import Any, NamedTuple

import libcst as cst
from libcst.metadata import (
    MetadataWrapper,
    ParentNodeProvider,
)

from .callbacks import CALLBACKS, as_callback, loader_of, takes_claims_alone
from .calls import WRITERS, Place, Undecided
from .imports import OURS, is_theirs, move_imports
from .pairs import ACCESS, REFRESH, VARIABLE, Pair, find_pair
from .report import ByHand
from .reporting import STAR, Reporting
from .syntax import (
    MODULES,
    all_nodes,
    arguments_of,
    member,
    own_calls,
)

_RENAMED = {"JWTManager": "TokenGuard", "current_user": "current_user"}
# By it an object may be the identity of a token.
IDENTITIES = "user_identity_loader"
_NOTED = ("token_in_blocklist_loader",)
# Where a refresh token was demanded there is no access token.
# Around an expression that stands alone in these there need be no brackets.
_ALONE = (cst.Arg, cst.Assign, cst.Return)
_OF_ACCESS_TOKENS = ("get_jwt", "get_jwt_header", "get_jwt_identity")
# What to know once an app.
_NOTES = {"JWTManager": ("A bad token is a 422, an expired one a 401",)}
_KEPT_REFRESH = "A refresh token gives access tokens until it expires"


class Rewritten(NamedTuple):
    """A module after the mechanical part.

    Attributes:
        before: Its source as it was.
        after: Its source.
        octets: The same in the module's encoding.
        by_hand: What is left, in the order of its lines, which are those before.
    """

    before: str
    after: str
    octets: bytes
    by_hand: list[ByHand]


def rewrite(source: bytes, *, has_identities: bool = False) -> Rewritten:
    """Rewrite a module.

    Args:
        source: The module.
        has_identities: Whether another module of the app registers a `user_identity_loader`, so
            that an identity is no text yet.

    Raises:
        ValueError: It is not Python.
    """
    try:
        return _rewrite(_parse(source), has_identities=has_identities)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _parse(source: bytes) -> cst.Module:
    try:
        return cst.parse_module(source)
    except cst.ParserSyntaxError as error:
        raise ValueError(f"line {error.raw_line} is not Python") from None
    except (SyntaxError, LookupError) as error:
        raise ValueError(f"it is not Python ({type(error).__name__})") from None


def _rewrite(before: cst.Module, *, has_identities: bool) -> Rewritten:
    codemod = _Codemod(has_identities=has_identities or IDENTITIES in before.code)
    after = move_imports(MetadataWrapper(before).visit(codemod), codemod.imported)
    by_hand = sorted(set(codemod.by_hand), key=lambda each: (each.line or 0, each.theirs))
    return Rewritten(before.code, after.code, after.bytes, by_hand)


class _Function(NamedTuple):
    """What is known of the function around a node."""

    is_required: bool
    is_refresh: bool
    pair: Pair | None


_OUTSIDE = _Function(is_required=False, is_refresh=False, pair=None)


class _Codemod(Reporting):
    """Rewrites nodes on the way up, as was decided on the way down.

    Attributes:
        imported: Names of ours, and modules, that are needed now.
    """

    def __init__(self, *, has_identities: bool) -> None:
        super().__init__()
        self._has_identities = has_identities
        self.imported: set[str] = set()
        self._functions = [_OUTSIDE]
        self._classes = [False]
        self._written: dict[cst.CSTNode, Callable[[cst.Call], cst.BaseExpression]] = {}
        # Names that are rewritten with the call that they are in.
        self._settled: set[cst.CSTNode] = set()

    # Functions and classes

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """Note whether the decorators of the class demand a token for all its methods."""
        assigned = [
            each.value
            for line in node.body.body
            if isinstance(line, cst.SimpleStatementLine)
            for each in line.body
            if isinstance(each, cst.Assign | cst.AnnAssign) and each.value is not None
        ]
        self._classes.append(
            any(self.demands(call) for each in assigned for call in own_calls(each))
        )

    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.ClassDef:
        """Leave it."""
        del original_node
        self._classes.pop()
        return updated_node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Decide what becomes of the function's tokens."""
        decorators = [each.decorator for each in node.decorators]
        is_refresh = any(self.demands(each, "refresh") for each in decorators)
        calls = own_calls(node.body)
        is_required = self._classes[-1] or any(map(self.demands, [*decorators, *calls]))
        pair = find_pair(node, self.name, is_refresh=is_refresh)
        self._functions.append(_Function(is_required, is_refresh, pair))
        if pair is not None:
            if not is_refresh:
                self._note_store(pair)
            self._settled |= pair.gone
            for each, name in pair.calls.items():
                self._written[each] = lambda _, name=name: member(VARIABLE, name)  # type: ignore[misc]  # mypy knows no default of a lambda
                self._settled.add(each.func)
            self.imported.add(pair.value.func.value)  # type: ignore[attr-defined]  # it is a name
            if pair.cookies is not None:
                self._settled.add(pair.cookies.func)
                self._written[pair.cookies] = self._set_cookies
        if is_refresh:
            for each in calls:
                if self.name(each.func) == "create_access_token":
                    self.note(_KEPT_REFRESH, each)

    def _note_store(self, pair: Pair) -> None:
        """Report once a module that what begins a session needs a store."""
        if all(each.theirs != REFRESH for each in self.by_hand):
            self.note(REFRESH, next(each for each in pair.calls if self.name(each.func) == REFRESH))

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        """Leave it; a callback loses the header among its arguments."""
        del original_node
        self._functions.pop()
        for index, decorator in enumerate(updated_node.decorators):
            loader = loader_of(decorator)
            if loader in CALLBACKS and takes_claims_alone(updated_node, loader):
                return as_callback(updated_node, index, loader)
        return updated_node

    def visit_Decorator(self, node: cst.Decorator) -> None:
        """Report a loader that becomes no callback of ours, or needs a look."""
        loader = loader_of(node)
        if not loader:
            return
        function: Any = self.get_metadata(ParentNodeProvider, node)
        is_moved = loader in CALLBACKS and takes_claims_alone(function, loader)
        gets_identity = self._has_identities and loader == "additional_claims_loader"
        if not is_moved or gets_identity or loader in _NOTED:
            self.note(loader, node)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
        """Put the call that makes a pair before the first statement that needs it."""
        pair = self._functions[-1].pair
        if pair is None:
            return updated_node
        is_dropped = original_node in pair.dropped
        if original_node is not pair.before:
            return cst.RemoveFromParent() if is_dropped else updated_node
        first = pair.assignment.with_changes(leading_lines=updated_node.leading_lines)
        rest = [] if is_dropped else [updated_node.with_changes(leading_lines=[])]
        return cst.FlattenSentinel([first, *rest])

    # Calls and names

    def visit_Call(self, node: cst.Call) -> None:
        """Decide what is written in place of a call."""
        super().visit_Call(node)
        name = self.name(node.func)
        if (
            self._has_identities
            and name in (ACCESS, REFRESH)
            and not self._functions[-1].is_refresh
        ):
            self.note(IDENTITIES, node)
        if name is None or name not in WRITERS or node in self._written or node in self._settled:
            return
        try:
            self._decide(node, name)
        except Undecided as undecided:
            self.note(str(undecided), node)
            self._settled.add(node.func)

    def _decide(self, node: cst.Call, name: str) -> None:
        function = self._functions[-1]
        if function.is_refresh and name in _OF_ACCESS_TOKENS:
            raise Undecided("jwt_required(refresh=)")
        arguments = arguments_of(node, name)
        if arguments is None or self._is_misread(node, name):
            raise Undecided(name)
        place = Place(function.is_required, has_time=self.has_time(node))
        notes = WRITERS[name](arguments, place).notes
        self._written[node] = lambda updated: self._write(updated, name, place)
        self._settled.add(node.func)
        for note in (*notes, *_NOTES.get(name, ())):
            self.note(note, node)

    def _is_misread(self, node: cst.Call, name: str) -> bool:
        """Return whether what is made of the result would be wrong for ours."""
        parent = self.get_metadata(ParentNodeProvider, node)
        if name == "get_current_user":
            return isinstance(parent, cst.Comparison)
        return name == "verify_jwt_in_request" and not isinstance(parent, cst.Expr)

    def _write(self, updated: cst.Call, name: str, place: Place) -> cst.BaseExpression:
        node = WRITERS[name](arguments_of(updated, name) or {}, place).node
        self.imported |= _names_in(node)
        return node

    def _set_cookies(self, updated: cst.Call) -> cst.BaseExpression:
        self.imported.add("set_token_cookies")
        return updated.with_changes(
            func=cst.Name("set_token_cookies"),
            args=[updated.args[0], cst.Arg(cst.Name(VARIABLE))],
        )

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """Write what was decided."""
        write = self._written.get(original_node)
        if write is not None:
            parent = self.get_metadata(ParentNodeProvider, original_node)
            node = write(updated_node)
            return node.with_changes(lpar=[], rpar=[]) if isinstance(parent, _ALONE) else node
        kept = [arg for arg in updated_node.args if not _is_context_processor(arg)]
        if len(kept) == len(updated_node.args):
            return updated_node
        # A comma that is left over would be one of a line of its own.
        kept[-1:] = [arg.with_changes(comma=cst.MaybeSentinel.DEFAULT) for arg in kept[-1:]]
        return updated_node.with_changes(args=kept)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        """Leave imports to `imports`; what a star brings cannot be seen."""
        if isinstance(node.names, cst.ImportStar) and is_theirs(node.module):
            self.note(STAR, node)
        return False

    def visit_Import(self, node: cst.Import) -> bool:
        """Leave imports to `imports`."""
        del node
        return False

    def visit_Name(self, node: cst.Name) -> None:
        """Report a name that stays."""
        self._report_name(node)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        """Report a name that stays, once."""
        self._report_name(node)
        return not self._is_whole(node)

    def _report_name(self, node: cst.Name | cst.Attribute) -> None:
        name = self.name(node)
        if name is None or node in self._settled or name in _RENAMED:
            return
        if isinstance(node, cst.Name) or self._is_whole(node):
            self.note(name, node)

    def _is_whole(self, node: cst.Attribute) -> bool:
        """Return whether an attribute is a name of theirs, and no attribute of one."""
        return self.name(node) is not None and self.name(node.value) in ("", *MODULES)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        """Write a name of ours for one of theirs."""
        return self._renamed(original_node, updated_node)

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        """Write a name of ours for one of theirs."""
        return self._renamed(original_node, updated_node)

    def _renamed(
        self, original: cst.Name | cst.Attribute, updated: cst.Name | cst.Attribute
    ) -> cst.BaseExpression:
        ours = _RENAMED.get(self.name(original) or "")
        if ours is None or original in self._settled:
            return updated
        self.imported.add(ours)
        return cst.Name(ours)


def _names_in(node: cst.BaseExpression) -> set[str]:
    """List the names of ours, or modules, that an expression begins with."""
    return {each.value for each in all_nodes(node) if isinstance(each, cst.Name)} & OURS


def _is_context_processor(argument: cst.Arg) -> bool:
    return argument.keyword is not None and argument.keyword.value == "add_context_processor"
