"""The wheel: what `pip install` puts beside other packages."""

import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

from .docs.shell import run_blocks
from .docs.test_testing import FILES as PROJECT
from .support import ROOT, needs_source

pytestmark = needs_source
SOURCES = "pytest_flask_tokenguard.py setup.cfg pyproject.toml README.md LICENSE"
ROOMS = "arguments cli config fetching issue jose keys sessions stores testing verify web wiring"
FOLDERS = {
    "flask_tokenguard",
    *(f"flask_tokenguard/{room}" for room in ROOMS.split()),
    "flask_tokenguard/cli/doctor",
    "flask_tokenguard/cli/migrating",
    "flask_tokenguard/keys/remote",
    "flask_tokenguard/stores/redis",
    "flask_tokenguard/stores/redis/lua",
    "flask_tokenguard/stores/sql",
    "flask_tokenguard/stores/sqlite",
    "flask_tokenguard/testing/stores",
    "flask_tokenguard/web/credentials",
    "flask_tokenguard/web/guards",
    "flask_tokenguard/web/pages",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from a copy: setuptools leaves its work beside the source."""
    source, output = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "flask_tokenguard", source / "flask_tokenguard")
    for name in SOURCES.split():
        shutil.copy(ROOT / name, source)
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(output)!r})"
    subprocess.run(  # noqa: S603 - our own wheel, by the interpreter that runs this
        [sys.executable, "-c", build], cwd=source, check=True, timeout=120, capture_output=True
    )
    (wheel,) = output.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def files(wheel: Path) -> list[PurePosixPath]:
    """The files in it."""
    with ZipFile(wheel) as archive:
        return [PurePosixPath(name) for name in archive.namelist() if not name.endswith("/")]


def test_a_wheel_has_the_package_and_its_plugin(files: list[PurePosixPath]) -> None:
    names = {path.parts[0] for path in files}
    names = {name for name in names if not name.endswith(".dist-info")}
    assert names == {"flask_tokenguard", "pytest_flask_tokenguard.py"}


def test_a_wheel_has_every_folder_of_the_package(files: list[PurePosixPath]) -> None:
    folders = {str(path.parent) for path in files if ".dist-info" not in path.parts[0]}
    assert folders == {*FOLDERS, "."}


def test_a_wheel_marks_the_package_as_typed(files: list[PurePosixPath]) -> None:
    assert PurePosixPath("flask_tokenguard/py.typed") in files


def run(*command: str | Path, folder: Path) -> str:
    """Run a command in a folder, where nothing of this repository is in reach."""
    done = subprocess.run(  # noqa: S603 - programs of a fresh environment
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.ci
def test_a_fresh_environment_tests_a_project_of_three_files(wheel: Path, tmp_path: Path) -> None:
    python = tmp_path / "environment" / "bin" / "python"
    run(sys.executable, "-m", "venv", tmp_path / "environment", folder=tmp_path)
    run(python, "-m", "pip", "install", "--quiet", wheel, "pytest", "pytest-cov", folder=tmp_path)
    project = tmp_path / "project"
    project.mkdir()
    for name in ("notes", "conftest", "test_notes"):
        (project / f"{name}.py").write_text(PROJECT[name])
    strict = ("-m", "pytest", "-W", "error", "--strict-markers", "--strict-config")
    assert "3 passed" in run(python, *strict, folder=project)
    # The plugin leaves what a project's own coverage counts.
    assert "100%" in run(python, *strict, "--cov=conftest", folder=project)


@pytest.mark.ci
def test_the_quick_start_works_word_for_word_with_a_wheel(wheel: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "quickstart.md").read_text()
    session = run_blocks(page, tmp_path, wheel=wheel)
    assert session.status == 0, session.stderr
    printed = iter(session.stdout.splitlines())
    assert [line for line in session.shown if line not in printed] == []
    assert f"{tmp_path}/.venv" in installed_at(tmp_path)


def installed_at(folder: Path) -> str:
    """Return where the environment of a folder has the package."""
    show = "import flask_tokenguard; print(flask_tokenguard.__file__)"
    return run(folder / ".venv" / "bin" / "python", "-c", show, folder=folder)
