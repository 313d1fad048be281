"""The rooms of the package: which imports which, function-level imports included."""

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import flask_tokenguard

PACKAGE = Path(flask_tokenguard.__file__).parent
# A row is a floor: its rooms import from the rows below it alone, and not from each other.
FLOORS = (
    {"__init__"},
    {"extension"},
    {"cli", "testing"},
    {"wiring"},
    {"web"},
    {"sessions"},
    {"config", "issue"},
    {"verify", "keys"},
    {"fetching", "stores", "jose"},
    {"deadline"},
    {"errors", "signals", "clock", "per_process", "quoting", "on_demand", "arguments"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(reversed(FLOORS)) for room in rooms}
KNOW_FLASK = {"__init__", "extension", "cli", "testing", "wiring", "web"}
IMPORTERS = {
    "jwt": "jose/pair_signatures.py",
    "joserfc": "jose/jwe.py",
    "redis": "stores/redis/",
    "libcst": "cli/migrating/",
}
IMPORTERS |= dict.fromkeys(("sqlalchemy", "psycopg", "pymysql"), "stores/sql/")
# Their own reason is for those that an app makes.
NEED_A_REASON = {"Refusal", "Rejected", "InvalidToken", "InvalidGrant", "Unavailable"}
MOST_MODULES = 14
MOST_AT_THE_TOP = 9
MOST_LINES_OF_TESTS, LONGEST_NAME_OF_A_TEST = 500, 60

MODULES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = sorted({path.parent for path in MODULES})
each_module = pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)
each_folder = pytest.mark.parametrize(
    "folder", FOLDERS, ids=lambda path: str(path.relative_to(PACKAGE))
)


@cache
def imports_of(path: Path) -> frozenset[str]:
    """List the dotted names that a file imports, relative ones made absolute."""
    package = [PACKAGE.name, *path.relative_to(PACKAGE).parent.parts]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def own_imports(path: Path) -> set[Path]:
    """List the package's own files that a file imports."""
    found: set[Path] = set()
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == PACKAGE.name:
            inner = [PACKAGE.joinpath(*parts[1:length]) for length in range(len(parts), 0, -1)]
            files = [
                file
                for place in inner
                for file in (place.with_suffix(".py"), place / "__init__.py")
            ]
            found.add(next(file for file in files if file.exists()))
    return found


def room_of(path: Path) -> str:
    """Name the room of a file: its folder at the package's top, or the file itself."""
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


@each_module
def test_a_room_imports_only_from_floors_below(path: Path) -> None:
    here = room_of(path)
    rooms = {room_of(file) for file in own_imports(path)} - {here}
    assert {room for room in rooms if FLOOR_OF[room] >= FLOOR_OF[here]} == set()


@each_module
def test_flask_is_known_in_the_upper_rooms_alone(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports_of(path)}
    assert room_of(path) in KNOW_FLASK or not roots & {"flask", "click"}


@pytest.mark.parametrize("library", IMPORTERS)
def test_a_library_is_imported_in_one_place(library: str) -> None:
    importers = [
        str(path.relative_to(PACKAGE))
        for path in MODULES
        if any(name.split(".")[0] == library for name in imports_of(path))
    ]
    assert importers
    assert [name for name in importers if not name.startswith(IMPORTERS[library])] == []


@each_module
def test_the_time_is_looked_at_in_one_place(path: Path) -> None:
    looks = {"time.time", "time.monotonic", "time.perf_counter", "datetime.now", "datetime.utcnow"}
    names = {
        ast.unparse(node)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.Name)
    }
    found = {name for name in (names | imports_of(path)) if name.removeprefix("datetime.") in looks}
    assert not found or path.name == "clock.py"


@each_module
def test_no_message_points_to_a_page_that_pip_does_not_install(path: Path) -> None:
    tree = ast.parse(path.read_text())
    # Docstrings, and what stands below a setting.
    remarks = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = {node for node in ast.walk(tree) if isinstance(node, ast.Constant)} - remarks
    messages = [text.value for text in texts if isinstance(text.value, str)]
    assert [text for text in messages if re.search(r"\bdocs/|\.md\b|README", text)] == []


def test_there_is_no_import_cycle() -> None:
    graph = {path: own_imports(path) for path in MODULES}
    TopologicalSorter(graph).prepare()
    assert sum(map(len, graph.values())) > len(MODULES)


@each_folder
def test_a_folder_can_be_taken_in_at_a_glance(folder: Path) -> None:
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    most = MOST_AT_THE_TOP - 1 if folder == PACKAGE else MOST_MODULES
    assert 0 < len(modules) <= most


@each_folder
def test_a_folder_s_init_is_its_sign_and_at_most_a_door(folder: Path) -> None:
    docstring, *door = ast.parse((folder / "__init__.py").read_text()).body
    assert isinstance(docstring, ast.Expr)
    doors = [part for node in door for part in opened_on_demand(node) or [node]]
    assert all(isinstance(node, ast.ImportFrom | ast.Assign) for node in doors)


def opened_on_demand(node: ast.stmt) -> list[ast.stmt]:
    """List what a door has under `if TYPE_CHECKING`, and what it has in place of that."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return [*node.body, *node.orelse]
    return []


def test_a_file_of_tests_and_their_names_are_short() -> None:
    for path in Path(__file__).parent.rglob("test_*.py"):
        text = path.read_text()
        names = re.findall(r"^ *(?:async )?def (test_\w+)", text, re.MULTILINE)
        assert [name for name in names if len(name) > LONGEST_NAME_OF_A_TEST] == []
        assert len(text.splitlines()) <= MOST_LINES_OF_TESTS, path.name


def refusals_without_reason(path: Path) -> list[int]:
    """List the lines that make a refusal and leave its reason to the class."""
    tree = ast.parse(path.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = [(call.lineno, call.func, [keyword.arg for keyword in call.keywords]) for call in calls]
    bare = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    made += [(node.lineno, node.exc, []) for node in bare if isinstance(node.exc, ast.Name)]
    return [
        line
        for line, name, keywords in made
        if isinstance(name, ast.Name) and name.id in NEED_A_REASON and "reason" not in keywords
    ]


@each_module
def test_a_refusal_of_ours_names_its_reason(path: Path) -> None:
    assert refusals_without_reason(path) == []


@pytest.mark.parametrize("statement", ["raise Unavailable", "raise InvalidToken('x', claim='y')"])
def test_a_refusal_without_a_reason_is_found(tmp_path: Path, statement: str) -> None:
    (tmp_path / "module.py").write_text(statement)
    assert refusals_without_reason(tmp_path / "module.py") == [1]
