"""The table names all that flask-jwt-extended has, and only what we have."""

import inspect
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

import flask_jwt_extended
import pytest
from flask import Flask
from flask_jwt_extended import JWTManager, exceptions, view_decorators

import flask_tokenguard
from flask_tokenguard import TokenGuard
from flask_tokenguard.cli.migrating.behaviours import BEHAVIOURS
from flask_tokenguard.cli.migrating.calls import WRITERS
from flask_tokenguard.cli.migrating.imports import OURS
from flask_tokenguard.cli.migrating.names import DECORATORS, EXCEPTIONS, FUNCTIONS, LOADERS
from flask_tokenguard.cli.migrating.settings import PREFIX, SETTINGS
from flask_tokenguard.cli.migrating.syntax import PARAMETERS
from flask_tokenguard.config.settings import PREFIX as OUR_PREFIX
from flask_tokenguard.config.settings import Settings
from flask_tokenguard.errors import Reason
from flask_tokenguard.issue.options import IssueOptions
from flask_tokenguard.web.guards.demands import Demanded

from .page import PAGE, written

ROWS: Mapping[str, Any] = {
    **SETTINGS,
    **DECORATORS,
    **LOADERS,
    **FUNCTIONS,
    **EXCEPTIONS,
    **BEHAVIOURS,
}
# They are named by the row of the function, or of no use but inside of the package.
NO_ARGUMENTS = {"app", "identity", "response", "encoded_token"}
# Words of Python and HTTP, which look like classes.
WORDS = ("Bearer", "False", "Lax", "None", "Origin", "Secure")
DECORATING = {"jwt_required", "verify_jwt_in_request"}


@pytest.fixture(scope="module")
def defaults() -> dict[str, Any]:
    """What the real package puts into the config of an app."""
    app = Flask(__name__)
    before = {*app.config}
    JWTManager(app)
    return {
        name.removeprefix(PREFIX): value for name, value in app.config.items() if name not in before
    }


def with_arguments(names: set[str]) -> set[str]:
    """List functions, and each argument of theirs that changes what they do."""
    found = set(names)
    for name in names:
        function: Callable[..., Any] = getattr(flask_jwt_extended, name)
        if inspect.isroutine(function) or inspect.isclass(function):
            arguments = inspect.signature(function).parameters.keys() - NO_ARGUMENTS
            found |= {f"{name}({argument}=)" for argument in arguments if "encoded" not in argument}
    return found


def public_names() -> set[str]:
    return {
        name
        for name, thing in vars(flask_jwt_extended).items()
        if not name.startswith("_") and not inspect.ismodule(thing)
    }


def test_each_setting_has_a_row_with_its_default(defaults: dict[str, Any]) -> None:
    given = {name: row.default for name, row in SETTINGS.items()}
    given["CSRF_METHODS"] = [*SETTINGS["CSRF_METHODS"].default]  # type: ignore[misc]  # a tuple
    assert given == defaults


def test_each_decorator_has_a_row_with_its_arguments() -> None:
    assert set(DECORATORS) == with_arguments(DECORATING)
    assert {
        name
        for name in vars(view_decorators)
        if not name.startswith("_") and name in public_names()
    } - set(FUNCTIONS) == DECORATING


def test_each_loader_has_a_row() -> None:
    assert set(LOADERS) == {name for name in vars(JWTManager) if name.endswith("_loader")}


def test_each_function_has_a_row_with_its_arguments() -> None:
    assert {*FUNCTIONS} - {"JWTManager.init_app"} == with_arguments(public_names() - DECORATING)


def test_each_exception_has_a_row() -> None:
    kinds = {name for name, kind in vars(exceptions).items() if inspect.isclass(kind)}
    assert set(EXCEPTIONS) == kinds


def test_the_page_has_each_row() -> None:
    if os.environ.get("MIGRATING_PAGE") == "write":
        PAGE.write_text(written())
    assert PAGE.read_text() == written()
    assert len(ROWS) > 110


@pytest.mark.parametrize("name", ROWS)
def test_a_row_names_what_exists_here(name: str) -> None:
    row = ROWS[name]
    for code in re.findall(r"`([^`]*)`", f"{row.write} {row.differs}"):
        for setting in re.findall(rf"{OUR_PREFIX}(\w+)", code):
            assert setting.lower() in Settings.__dataclass_fields__
        for function, arguments in re.findall(r"@?(?<![\w.])([a-z_]\w*)\((.*)\)$", code):
            assert function in flask_tokenguard.__all__ or function == "str"
            given = set(re.findall(r"(?<!\w)(\w+)=", arguments))
            assert given <= arguments_here(function)
        for attribute in re.findall(r"(?:@?guard|TokenGuard)\.(\w+)", code):
            assert hasattr(TokenGuard, attribute)
        for kind in re.findall(r"^[A-Z]\w*[a-z]$", code):
            assert kind in (*flask_tokenguard.__all__, *WORDS)
    for reason in re.findall(r"`reason` is `(\w+)`", row.write):
        assert reason in {each.value for each in Reason}


def arguments_here(function: str) -> set[str]:
    """List what a function of ours takes by name."""
    named = {*inspect.signature(getattr(flask_tokenguard, function)).parameters}
    if function.startswith("issue"):
        return named | {*IssueOptions.__annotations__}
    return named | {*Demanded.__annotations__, "optional"}


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_codemod_knows_arguments_by_their_place(name: str) -> None:
    function = getattr(flask_jwt_extended, name)
    assert PARAMETERS[name] == tuple(inspect.signature(function).parameters)


def test_the_codemod_writes_what_there_is() -> None:
    assert OURS - {"time"} <= {*flask_tokenguard.__all__}
    assert WRITERS.keys() <= PARAMETERS.keys() <= {*DECORATORS, *FUNCTIONS}
