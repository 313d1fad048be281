"""Imports: ours in place of theirs; a name that the code still needs stays, and is reported."""

from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, QualifiedNameProvider

from .syntax import PACKAGE, name_among

# Names of ours that the codemod writes, and the module that one of its calls needs.
OURS = frozenset(
    {
        *("TokenGuard", "current_token", "current_user", "g", "issue_token", "issue_token_pair"),
        *("refresh_required", "refresh_token_pair", "require_token", "set_token_cookies", "time"),
        *("token_required", "unset_token_cookies"),
    }
)
_LONGEST_LINE = 88


def move_imports(module: cst.Module, imported: set[str]) -> cst.Module:
    """Import what is needed, and no longer what is not.

    Args:
        module: After its calls were rewritten.
        imported: The names of ours, and `time`, that it needs.
    """
    wrapper = MetadataWrapper(module)
    mover = _Mover(imported & OURS - {"time"})
    moved = wrapper.visit(mover)
    return _with_time(moved) if "time" in imported else moved


def _with_time(module: cst.Module) -> cst.Module:
    """Import `time`, before the first import that is none from the future."""
    body = [*module.body]
    statements = [
        line.body[0] if isinstance(line, cst.SimpleStatementLine) else None for line in body
    ]
    index = next(
        at
        for at, each in enumerate(statements)
        if isinstance(each, cst.Import | cst.ImportFrom) and not _is_future(each)
    )
    if any(isinstance(each, cst.Import) and _imports_time(each) for each in statements):
        return module
    line = body[index]
    new = cst.parse_statement("import time").with_changes(leading_lines=line.leading_lines)
    body[index : index + 1] = [new, line.with_changes(leading_lines=[])]
    return module.with_changes(body=body)


def _imports_time(statement: cst.Import) -> bool:
    return any(alias.evaluated_name == "time" for alias in statement.names)


def _is_future(statement: cst.Import | cst.ImportFrom) -> bool:
    module = statement.module if isinstance(statement, cst.ImportFrom) else None
    return isinstance(module, cst.Name) and module.value == "__future__"


class _Mover(cst.CSTTransformer):
    """Replaces the first import of theirs by one of ours, and drops names that are not used."""

    METADATA_DEPENDENCIES = (QualifiedNameProvider,)

    def __init__(self, imported: set[str]) -> None:
        super().__init__()
        self._imported = imported
        self._needed: set[str] = set()

    def visit_Module(self, node: cst.Module) -> None:
        """Find the names that are still used, and Flask's own `g`."""
        finder = _Finder(self)
        node.visit(finder)
        # A name that is the same here resolves to both imports.
        self._needed = finder.needed - self._imported
        if finder.has_g:
            self._imported.discard("g")

    def names(self, node: cst.CSTNode) -> Any:
        """Return the qualified names of a node."""
        return self.get_metadata(QualifiedNameProvider, node, set())

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
        """Move an import."""
        del original_node
        if len(updated_node.body) != 1:
            return updated_node
        kept = self._kept(updated_node.body[0])
        if kept is None:
            return updated_node
        ours = [_import_line(self._imported)] if self._imported else []
        self._imported = set()
        theirs = [] if isinstance(kept, str) else [updated_node.with_changes(body=[kept])]
        lines = [*theirs, *ours]
        if not lines:
            return cst.RemoveFromParent()
        first = lines[0].with_changes(leading_lines=updated_node.leading_lines)
        rest = [line.with_changes(leading_lines=[]) for line in lines[1:]]
        return cst.FlattenSentinel([first, *rest])

    def _kept(self, statement: cst.BaseSmallStatement) -> cst.ImportFrom | cst.Import | str | None:
        """Return what is left of an import of theirs: nothing is an empty text; None for others."""
        if not isinstance(statement, cst.ImportFrom | cst.Import):
            return None
        if isinstance(statement, cst.ImportFrom) and not is_theirs(statement.module):
            return None
        if isinstance(statement.names, cst.ImportStar):
            return statement
        if isinstance(statement, cst.Import) and not any(
            is_theirs(alias.name) for alias in statement.names
        ):
            return None
        kept = [
            alias
            for alias in statement.names
            if self._is_needed(alias)
            or (isinstance(statement, cst.Import) and not is_theirs(alias.name))
        ]
        if not kept:
            return ""
        return _on_one_line(statement, kept)

    def _is_needed(self, alias: cst.ImportAlias) -> bool:
        name = alias.evaluated_alias or alias.evaluated_name
        return name.split(".")[0] in self._needed


class _Finder(cst.CSTVisitor):
    """Finds which local names of theirs are used, and whether `g` is Flask's."""

    def __init__(self, mover: _Mover) -> None:
        super().__init__()
        self._mover = mover
        self.needed: set[str] = set()
        self.has_g = False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        """Look for Flask's `g`."""
        if isinstance(node.module, cst.Name) and node.module.value == "flask":
            aliases = () if isinstance(node.names, cst.ImportStar) else node.names
            self.has_g = self.has_g or any(
                (each.evaluated_alias or each.evaluated_name) == "g" for each in aliases
            )
        return False

    def visit_Import(self, node: cst.Import) -> bool:
        """Pass over an import, which is no use."""
        del node
        return False

    def visit_Name(self, node: cst.Name) -> None:
        """Note a use."""
        if name_among(self._mover.names(node)) is not None:
            self.needed.add(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> None:
        """Note a use by the module's name."""
        root = node.value
        if name_among(self._mover.names(node)) is not None and isinstance(root, cst.Name):
            self.needed.add(root.value)


def _on_one_line(
    statement: cst.Import | cst.ImportFrom, names: list[cst.ImportAlias]
) -> cst.Import | cst.ImportFrom:
    plain = [alias.with_changes(comma=cst.MaybeSentinel.DEFAULT) for alias in names]
    if isinstance(statement, cst.Import):
        return statement.with_changes(names=plain)
    return statement.with_changes(names=plain, lpar=None, rpar=None)


def is_theirs(module: cst.BaseExpression | None) -> bool:
    """Return whether a module is of flask-jwt-extended."""
    while isinstance(module, cst.Attribute):
        module = module.value
    return isinstance(module, cst.Name) and module.value == PACKAGE


def _import_line(names: set[str]) -> cst.SimpleStatementLine:
    """Import names of ours, sorted, in several lines where one would be long."""
    in_order = sorted(names, key=lambda name: (name[0].islower(), name))
    line = f"from flask_tokenguard import {', '.join(in_order)}"
    if len(line) > _LONGEST_LINE:
        inner = "".join(f"    {name},\n" for name in in_order)
        line = f"from flask_tokenguard import (\n{inner})"
    statement = cst.parse_statement(line)
    assert isinstance(statement, cst.SimpleStatementLine)  # noqa: S101 - it is an import
    return statement
