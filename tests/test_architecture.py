"""The floors of the package: who may import whom, function-level imports included."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import flask_tokenguard

PACKAGE = Path(flask_tokenguard.__file__).parent
FLOORS = {
    "__init__": 9,
    "extension": 8,
    "cli": 7,
    "cli_doctor": 7,
    "cli_inspect": 7,
    "cli_keys": 7,
    "cli_output": 7,
    "cli_routes": 7,
    "well_known": 7,
    "endpoints": 7,
    "parts": 6,
    "token_parts": 6,
    "decorators": 5,
    "current": 5,
    "issuing": 5,
    "sessions": 5,
    "subjects": 5,
    "app_parts": 5,
    "settings": 4,
    "locations": 4,
    "marks": 4,
    "challenge": 4,
    "signals": 4,
    "verifier": 3,
    "verified_cache": 3,
    "validators": 3,
    "issuer": 3,
    "issue_options": 3,
    "issuer_profiles": 3,
    "refresh": 3,
    "pairs": 3,
    "revocation": 3,
    "demands": 3,
    "issuer_entries": 3,
    "issuers": 3,
    "values": 3,
    "claims": 2,
    "ids": 2,
    "keys": 2,
    "stores": 2,
    "jose": 1,
    "numeric_date": 1,
    "errors": 0,
}
SIDEWAYS = {
    ("cli", "cli_doctor"),
    ("cli", "cli_inspect"),
    ("cli", "cli_output"),
    ("cli", "cli_routes"),
    ("cli", "cli_keys"),
    ("cli_doctor", "cli_routes"),
    ("cli_keys", "cli_output"),
    ("cli_routes", "cli_output"),
    ("cli_keys", "well_known"),
    ("decorators", "current"),
    ("issuer_entries", "issuer_profiles"),
    ("issuer_entries", "values"),
    ("issuers", "issuer_entries"),
    ("issuers", "validators"),
    ("issuers", "values"),
    ("issuers", "verifier"),
    ("parts", "token_parts"),
    ("current", "app_parts"),
    ("issuing", "app_parts"),
    ("issuing", "current"),
    ("issuing", "subjects"),
    ("sessions", "app_parts"),
    ("sessions", "current"),
    ("sessions", "issuing"),
    ("sessions", "subjects"),
    ("subjects", "app_parts"),
    ("subjects", "current"),
    ("demands", "validators"),
    ("pairs", "issue_options"),
    ("pairs", "issuer"),
    ("refresh", "issue_options"),
    ("refresh", "issuer"),
    ("refresh", "pairs"),
    ("refresh", "validators"),
    ("refresh", "verifier"),
    ("revocation", "validators"),
    ("verifier", "validators"),
    ("verifier", "verified_cache"),
    ("issuer", "issue_options"),
    ("issuer", "validators"),
    ("issue_options", "validators"),
}
FREE_OF_FLASK = {name for name, floor in FLOORS.items() if floor <= 3} | {"settings"}
ONLY_IMPORTERS = {
    "jwt": {"jose/jws.py"},
    "joserfc": {"jose/jwe.py"},
    "redis": {
        "stores/redis_client.py",
        "stores/redis_cluster.py",
        "stores/redis_link.py",
        "stores/redis_risks.py",
        "stores/redis_server.py",
    },
}

MODULES = sorted(PACKAGE.rglob("*.py"))
each_module = pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)


def imports_of(path: Path) -> set[str]:
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
    return names


def own_imports(path: Path) -> set[str]:
    """List the package's own files that a file imports, as paths below the package."""
    found: set[str] = set()
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == PACKAGE.name:
            longest = (parts[1:length] for length in range(len(parts), 0, -1))
            files = (Path(*inner).with_suffix(".py") for inner in longest if inner)
            found |= {str(next((file for file in files if (PACKAGE / file).exists()), "?"))}
    return found


def place_of(path: Path | str) -> str:
    """Name the place of a file in FLOORS: its folder, or the file itself."""
    relative = Path(path)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


@each_module
def test_every_module_has_its_floor(path: Path) -> None:
    assert place_of(path.relative_to(PACKAGE)) in FLOORS


@each_module
def test_a_module_imports_only_from_floors_below(path: Path) -> None:
    here = place_of(path.relative_to(PACKAGE))
    targets = {place_of(target) for target in own_imports(path)} - {here}
    upward = {
        there
        for there in targets
        if FLOORS[there] >= FLOORS[here] and (here, there) not in SIDEWAYS
    }
    assert upward == set()


@each_module
def test_the_domain_does_not_know_flask(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports_of(path)}
    is_free = place_of(path.relative_to(PACKAGE)) in FREE_OF_FLASK
    assert not (is_free and roots & {"flask", "click"})


@pytest.mark.parametrize(("library", "importers"), ONLY_IMPORTERS.items(), ids=ONLY_IMPORTERS)
def test_a_library_has_one_importer(library: str, importers: set[str]) -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        if any(name.split(".")[0] == library for name in imports_of(path))
    }
    assert found == importers


def test_there_is_no_import_cycle() -> None:
    graph = {str(path.relative_to(PACKAGE)): own_imports(path) for path in MODULES}
    TopologicalSorter(graph).prepare()
    assert sum(map(len, graph.values())) > len(MODULES)
