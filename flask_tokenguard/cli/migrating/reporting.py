"""Reports of a module on its way: settings and names that need a hand, and what nodes are."""

from typing import Any

import libcst as cst
from libcst.metadata import (
    Assignment,
    ParentNodeProvider,
    PositionProvider,
    QualifiedNameProvider,
    ScopeProvider,
)

from .behaviours import BEHAVIOURS
from .names import DECORATORS, EXCEPTIONS, FUNCTIONS, LOADERS, Name
from .report import ByHand
from .settings import PREFIX, SETTINGS
from .syntax import arguments_of, is_word, name_among, text_of

STAR = "from flask_jwt_extended import *"
_STARS = {
    STAR: Name(
        "each name that is used", "Which they are cannot be seen: name them, and run it again."
    )
}
_ROWS = {**DECORATORS, **LOADERS, **FUNCTIONS, **EXCEPTIONS, **BEHAVIOURS, **_STARS}
_PRIVATE = Name("nothing", "It is no public name of flask-jwt-extended 4.7.4: move to that first.")
_CLAIMS = {
    "jti": "A logout puts a `jti` into a list of the app's own",
    "type": "An access token differs from a refresh token by the claim `type`",
}
_DEMANDS = ("jwt_required", "verify_jwt_in_request")


class Reporting(cst.CSTTransformer):
    """Reports what can be seen at a node alone.

    Attributes:
        by_hand: What needs a hand.
    """

    METADATA_DEPENDENCIES = (
        PositionProvider,
        ParentNodeProvider,
        QualifiedNameProvider,
        ScopeProvider,
    )

    def __init__(self) -> None:
        super().__init__()
        self.by_hand: list[ByHand] = []

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        """Report a setting."""
        self._report_setting(text_of(node), node)

    def visit_Subscript(self, node: cst.Subscript) -> None:
        """Report a claim of the request's token that needs a look."""
        index = node.slice[0].slice
        if isinstance(index, cst.Index):
            self._report_claim(node.value, index.value, node)

    def visit_Call(self, node: cst.Call) -> None:
        """Report such a claim that `get` reads."""
        function = node.func
        if isinstance(function, cst.Attribute) and is_word(function.attr, "get") and node.args:
            self._report_claim(function.value, node.args[0].value, node)

    def _report_claim(
        self, claims: cst.BaseExpression, name: cst.BaseExpression, node: cst.CSTNode
    ) -> None:
        row = _CLAIMS.get(text_of(name) or "")
        if row is not None and self._is_of_token(claims):
            self.note(row, node)

    def _is_of_token(self, node: cst.BaseExpression) -> bool:
        """Return whether an expression is the claims of the request's token, or a name of them."""
        if isinstance(node, cst.Call):
            return self.name(node.func) == "get_jwt"
        scope = self.get_metadata(ScopeProvider, node, None)
        if scope is None or not isinstance(node, cst.Name):
            return False
        bound = (each.node for each in scope[node.value] if isinstance(each, Assignment))
        values = map(self._assigned, bound)
        return any(isinstance(each, cst.Call) and self._is_of_token(each) for each in values)

    def _assigned(self, target: cst.CSTNode) -> cst.CSTNode | None:
        """Return what is assigned to a name alone; None where it is bound in another way."""
        parent: Any = self.get_metadata(ParentNodeProvider, target)
        statement: Any = self.get_metadata(ParentNodeProvider, parent, None)
        return statement.value if isinstance(statement, cst.Assign) else None

    def visit_Arg(self, node: cst.Arg) -> None:
        """Report a setting that is an argument."""
        if node.keyword is not None:
            self._report_setting(node.keyword.value, node)

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        """Report a setting in a class of the config."""
        if isinstance(node.target, cst.Name):
            self._report_setting(node.target.value, node)

    def _report_setting(self, name: str | None, node: cst.CSTNode) -> None:
        row = SETTINGS.get((name or "").removeprefix(PREFIX))
        if name is not None and name.startswith(PREFIX) and row is not None:
            self.by_hand.append(ByHand.of(name, row, self.line(node)))

    def demands(self, node: cst.CSTNode, kind: str | None = None) -> bool:
        """Return whether a call demands a token, or one of a kind."""
        if not isinstance(node, cst.Call):
            return False
        name = self.name(node.func)
        arguments = arguments_of(node, name) if name in _DEMANDS else None
        if arguments is None:
            return False
        if kind is not None:
            return is_word(arguments.get(kind), "True")
        return arguments.keys().isdisjoint({"optional", "refresh"})

    def has_time(self, node: cst.CSTNode) -> bool:
        """Return whether `time` is the module of the standard library, or nothing yet."""
        scope = self.get_metadata(ScopeProvider, node, None)
        names = (
            set()
            if scope is None
            else {each.name for each in scope.get_qualified_names_for("time")}
        )
        return names <= {"time"}

    def name(self, node: cst.CSTNode) -> str | None:
        """Return the name of flask-jwt-extended that a name or an attribute has."""
        if not isinstance(node, cst.Name | cst.Attribute):
            return None  # libcst gives a call the name of its function
        names: Any = self.get_metadata(QualifiedNameProvider, node, set())
        return name_among(names)

    def line(self, node: cst.CSTNode) -> int:
        """Return the line where a node begins."""
        position: Any = self.get_metadata(PositionProvider, node)
        return int(position.start.line)

    def note(self, row: str, node: cst.CSTNode) -> None:
        """Report a row of the table at a node."""
        self.by_hand.append(ByHand.of(row, _ROWS.get(row, _PRIVATE), self.line(node)))
