"""The wheel: what `pip install` puts beside other packages."""

import shutil
import subprocess
import sys
from pathlib import PurePosixPath
from zipfile import ZipFile

import pytest

from .support import ROOT, needs_source

pytestmark = needs_source
FILES = "pytest_flask_tokenguard.py setup.cfg pyproject.toml README.md LICENSE"
ROOMS = "arguments cli config fetching issue jose keys sessions stores testing verify web wiring"
FOLDERS = {
    "flask_tokenguard",
    *(f"flask_tokenguard/{room}" for room in ROOMS.split()),
    "flask_tokenguard/keys/remote",
    "flask_tokenguard/stores/redis",
    "flask_tokenguard/stores/redis/lua",
    "flask_tokenguard/stores/sqlite",
    "flask_tokenguard/testing/stores",
    "flask_tokenguard/web/credentials",
    "flask_tokenguard/web/guards",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[PurePosixPath]:
    """The files of a wheel, built from a copy: setuptools leaves its work beside the source."""
    source, output = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "flask_tokenguard", source / "flask_tokenguard")
    for name in FILES.split():
        shutil.copy(ROOT / name, source)
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(output)!r})"
    subprocess.run(  # noqa: S603 - our own wheel, by the interpreter that runs this
        [sys.executable, "-c", build], cwd=source, check=True, timeout=120, capture_output=True
    )
    (wheel,) = output.glob("*.whl")
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
