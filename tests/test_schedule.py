"""How a run goes: which files come first, and when workers would be no help."""

from argparse import Namespace
from typing import Any
from unittest.mock import Mock

import pytest

from . import schedule

WHOLE = {"markexpr": "not soak", "trace": False, "capture": "fd"}


@pytest.mark.parametrize("file", [*schedule.TOGETHER, *schedule.LONG])
def test_a_file_that_comes_first_is_there(file: str) -> None:
    if file.startswith("benchmarks/") and not (schedule.TESTS / "benchmarks").is_dir():
        pytest.skip("a source distribution has no tests of the benchmarks")
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


@pytest.mark.parametrize(
    ("durations", "xmlpath", "is_less"),
    [(None, None, True), (0, None, False), (30, None, False), (None, "report.xml", False)],
)
def test_every_report_is_sent_where_somebody_asks(
    durations: int | None, xmlpath: str | None, is_less: bool
) -> None:
    assert schedule.reports_less(Namespace(durations=durations, xmlpath=xmlpath)) is is_less


@pytest.mark.parametrize(
    ("passed", "reported"),
    [
        ({"setup": True, "call": True, "teardown": True}, ["call"]),
        ({"setup": True, "call": False, "teardown": True}, ["call"]),
        ({"setup": False, "teardown": True}, ["setup"]),
        ({"setup": True, "call": True, "teardown": False}, ["call", "teardown"]),
    ],
)
def test_what_fails_is_reported_in_every_phase(
    monkeypatch: pytest.MonkeyPatch, passed: dict[str, bool], reported: list[str]
) -> None:
    reports = [Mock(when=when, passed=is_good) for when, is_good in passed.items()]
    monkeypatch.setattr(schedule, "runtestprotocol", lambda *_, **__: reports)
    item = Mock()
    schedule.run_and_report_less(item, None)
    calls = item.ihook.pytest_runtest_logreport.call_args_list
    assert [call.kwargs["report"].when for call in calls] == reported
