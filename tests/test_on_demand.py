"""Names on demand: what is imported when, and that nobody else notices."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import flask_tokenguard
from benchmarks.peers import ours
from benchmarks.peers.note import SUBJECT
from benchmarks.peers.signing_keys import SigningKey
from flask_tokenguard import keys, stores, web
from flask_tokenguard.jose import material

from .support import ROOT

DOORS = [flask_tokenguard, keys, stores, web, material]
each_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
# As of now; a change that imports more at the start of every app has to earn it.
MOST_MODULES = 65
_LOADED = """
import sys
from benchmarks.peers.one_request import ask, make_app
ask(make_app("ours", sys.argv[1]), sys.argv[2])
print(*sorted(sys.modules))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """What a process has imported that serves one request, with a secret and nothing else."""
    key = SigningKey.generate("HS256")
    (token,) = ours.tokens(key, [SUBJECT])
    command = [sys.executable, "-c", _LOADED, key.text, token]
    ran = subprocess.run(  # noqa: S603 - our own code, by the interpreter that runs this
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return set(ran.stdout.split())


def test_an_app_with_a_secret_imports_few_modules(loaded: set[str]) -> None:
    own = [name for name in loaded if name.partition(".")[0] == "flask_tokenguard"]
    assert len(own) <= MOST_MODULES, sorted(own)


@pytest.mark.parametrize(
    "part",
    [
        *("cryptography.hazmat.primitives.asymmetric", "jwt", "joserfc", "sqlite3"),
        *("cryptography.hazmat.primitives.serialization", "flask_tokenguard.stores"),
        *("flask_tokenguard.sessions", "flask_tokenguard.fetching", "flask_tokenguard.jose.jwe"),
        *("flask_tokenguard.jose.key_pairs", "flask_tokenguard.jose.pair_signatures"),
        *("flask_tokenguard.web.credentials.cookies", "flask_tokenguard.web.refreshing"),
        *("flask_tokenguard.web.credentials.cross_site", "flask_tokenguard.wiring.cookies"),
        *("flask_tokenguard.config.issuers", "flask_tokenguard.verify.issuers"),
        *("flask_tokenguard.config.keys", "flask_tokenguard.keys.encryption"),
        *("flask_tokenguard.verify.former", "flask_tokenguard.deadline"),
        "flask_tokenguard.arguments.files",
    ],
)
def test_an_app_imports_no_part_that_it_does_not_use(part: str, loaded: set[str]) -> None:
    assert part not in loaded


@each_door
def test_every_public_name_is_there(door: object) -> None:
    names: list[str] = vars(door)["__all__"]
    assert [name for name in names if getattr(door, name, None) is None] == []


@each_door
def test_a_door_lists_all_its_names_before_they_are_asked_for(door: object) -> None:
    assert {*vars(door)["__all__"]} <= {*dir(door)}


@each_door
def test_another_name_is_an_attribute_error(door: object) -> None:
    with pytest.raises(AttributeError, match=r"module '[\w.]+' has no attribute 'tocken'"):
        getattr(door, "tocken")  # noqa: B009 - type checkers know that it is not there


def test_a_star_import_brings_every_name() -> None:
    names: dict[str, object] = {}
    exec("from flask_tokenguard import *", names)  # noqa: S102 - a star is for modules alone
    assert {*flask_tokenguard.__all__} <= names.keys()


@each_door
def test_type_checkers_see_the_names_that_are_on_demand(door: object) -> None:
    tree = ast.parse(Path(vars(door)["__file__"]).read_text())
    (choice,) = (node for node in tree.body if isinstance(node, ast.If))
    (table,) = (node for node in ast.walk(choice.orelse[0]) if isinstance(node, ast.Dict))
    modules: dict[str, str] = ast.literal_eval(table)
    assert {(home, name) for home, names in modules.items() for name in names.split(", ")} == {
        (f"{'.' * statement.level}{statement.module}", ast.unparse(alias))
        for statement in choice.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
