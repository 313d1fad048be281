"""How a run goes: which files come first, and when workers would be no help."""

from argparse import Namespace
from typing import Any

import pytest

from . import schedule

WHOLE = {"markexpr": "not soak", "trace": False, "capture": "fd"}


@pytest.mark.parametrize("file", [*schedule.TOGETHER, *schedule.LONG])
def test_a_file_that_comes_first_is_there(file: str) -> None:
    assert (schedule.TESTS / file).is_file()


@pytest.mark.parametrize("args", [["tests"], ["tests/jose", "tests/keys"], [__file__, __file__]])
def test_folders_and_several_files_run_on_all_cores(args: list[str]) -> None:
    folders = [str(schedule.TESTS.parent / arg) for arg in args]
    assert not schedule.runs_alone(folders, Namespace(**WHOLE))


@pytest.mark.parametrize("arg", [__file__, f"{__file__}::test_one[a::b]"])
def test_one_file_runs_without_workers(arg: str) -> None:
    assert schedule.runs_alone([arg], Namespace(**WHOLE))


@pytest.mark.parametrize("option", [{"markexpr": "soak"}, {"trace": True}, {"capture": "no"}])
def test_a_soak_and_what_is_watched_run_without_workers(option: dict[str, Any]) -> None:
    assert schedule.runs_alone([str(schedule.TESTS)], Namespace(**{**WHOLE, **option}))
