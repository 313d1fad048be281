"""The table of other issuers, and what an app's resolver adds to it."""

from typing import Any

import pytest

from flask_tokenguard.jose.jwk import KeySet
from flask_tokenguard.verify import issuers
from flask_tokenguard.verify.issuers import Issuers
from flask_tokenguard.verify.trusted import TrustedIssuer

from ..support import SettableClock

TRUSTED = TrustedIssuer(KeySet(()), {})


class Resolver:
    """An app's, which returns the same for every issuer, and notes which were asked for."""

    def __init__(self, entry: Any) -> None:
        self.entry = entry
        self.asked: list[str] = []

    def __call__(self, issuer: str) -> Any:
        self.asked.append(issuer)
        return self.entry


def found_by(resolve: Resolver | None, clock: SettableClock) -> Issuers:
    """Make issuers of which a new one is built for each entry."""
    return Issuers(
        {"https://table": TRUSTED},
        resolve=resolve,
        build=lambda _issuer, _said: TrustedIssuer(KeySet(()), {}),
        monotonic=clock,
    )


def test_the_table_is_asked_first(clock: SettableClock) -> None:
    resolve = Resolver({"audience": "a"})
    assert found_by(resolve, clock).find("https://table") is TRUSTED
    assert resolve.asked == []


def test_without_a_resolver_the_table_is_all(clock: SettableClock) -> None:
    assert found_by(None, clock).find("https://other") is None


@pytest.mark.parametrize("entry", [None, {"audience": "a"}], ids=["refused", "trusted"])
def test_an_issuer_is_asked_for_once_in_five_minutes(clock: SettableClock, entry: Any) -> None:
    resolve = Resolver(entry)
    table = found_by(resolve, clock)
    for wait in (0, 299, 1):
        clock.now += wait
        table.find("https://tenant")
    assert len(resolve.asked) == 2


def test_the_same_entry_keeps_its_keys(clock: SettableClock) -> None:
    table = found_by(Resolver({"audience": "a"}), clock)
    before = table.find("https://tenant")
    clock.now += 300
    assert table.find("https://tenant") is before is not None


def test_another_entry_is_another_trusted_issuer(clock: SettableClock) -> None:
    resolve = Resolver({"audience": "a"})
    table = found_by(resolve, clock)
    before = table.find("https://tenant")
    clock.now += 300
    resolve.entry = {"audience": "b"}
    assert table.find("https://tenant") not in (before, None)


def test_a_tenant_that_is_given_up_is_refused(clock: SettableClock) -> None:
    resolve = Resolver({"audience": "a"})
    table = found_by(resolve, clock)
    table.find("https://tenant")
    clock.now += 300
    resolve.entry = None
    assert table.find("https://tenant") is None


def test_a_flood_of_names_drives_out_no_tenant(
    clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuers, "_MOST_RESOLVED", 4)
    resolve = Resolver({"audience": "a"})
    table = found_by(resolve, clock)
    table.find("https://tenant")
    resolve.entry = None
    for number in range(20):
        table.find(f"https://nobody-{number}")
    table.find("https://tenant")
    assert resolve.asked.count("https://tenant") == 1
    table.find("https://nobody-0")
    assert resolve.asked.count("https://nobody-0") == 2


def test_tenants_are_listed_until_they_must_be_asked_for_anew(clock: SettableClock) -> None:
    resolve = Resolver({"audience": "a"})
    table = found_by(resolve, clock)
    found = table.find("https://tenant")
    resolve.entry = None
    table.find("https://nobody")
    assert table.resolved() == {"https://tenant": found}
    clock.now += 300
    assert table.resolved() == {}
