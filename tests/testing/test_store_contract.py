"""The contract of stores in a suite of somebody else: it finds what a faulty store does."""

import inspect

import pytest

pytest_plugins = ["pytester"]

SUITE = """
    import pytest
    from flask_tokenguard.stores.memory import MemoryStore
    from flask_tokenguard.testing.stores import SettableClockContract, StoreContract

    class OwnStore(MemoryStore):
        {own}

    class TestOwnStore(StoreContract):
        @pytest.fixture
        def store(self):
            return OwnStore()

    class TestOwnStoreByATestsClock(SettableClockContract):
        @pytest.fixture
        def store(self, clock):
            return OwnStore(clock=clock, monotonic=clock)
"""


def run(pytester: pytest.Pytester, own: str, *options: str) -> dict[str, int]:
    """Run the contract on a store that differs from ours in one method."""
    pytester.makepyfile(inspect.cleandoc(SUITE).format(own=own))
    outcomes = pytester.runpytest_inprocess("--assert=plain", "-q", *options).parseoutcomes()
    return {name: outcomes.get(name, 0) for name in ("passed", "failed", "errors", "skipped")}


def test_a_store_that_keeps_the_contract_passes(pytester: pytest.Pytester) -> None:
    outcomes = run(pytester, "pass")
    assert (outcomes["failed"], outcomes["errors"]) == (0, 0)
    # What needs a clock that can be set is skipped where the store goes by its own.
    assert (outcomes["passed"] > 100, outcomes["skipped"]) == (True, 5)


FAULTS = {
    "revokes nothing": "def revoke(self, jti, **_): pass",
    "forgets sessions": "def sessions_of(self, subject): return []",
    "ends nothing": "def end_session(self, session, *, subject): return True",
    "explains no risk": "def risks(self): return ['no sentence']",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_breaks_the_contract_fails(pytester: pytest.Pytester, fault: str) -> None:
    assert run(pytester, FAULTS[fault], "-x")["failed"] == 1


def test_a_test_class_without_a_store_is_helped(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "from flask_tokenguard.testing.stores import StoreContract\n"
        "class TestIt(StoreContract): pass"
    )
    result = pytester.runpytest_inprocess("--assert=plain", "-x")
    result.stdout.fnmatch_lines(["*give the test class a fixture store that returns your store*"])
