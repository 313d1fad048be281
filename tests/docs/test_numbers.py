"""The numbers on pages are those of the code: durations, sizes and counts, in figures or words."""

import inspect
import re
from datetime import timedelta
from typing import Any

import pytest

from flask_tokenguard import ConfigurationError
from flask_tokenguard.cli.doctor import key_sets
from flask_tokenguard.config.issuers import IssuerEntry
from flask_tokenguard.config.settings import Settings
from flask_tokenguard.fetching import document
from flask_tokenguard.fetching.fetcher import Fetcher
from flask_tokenguard.jose.compact import LONGEST_TOKEN
from flask_tokenguard.keys import ring
from flask_tokenguard.keys.remote import attempt, key_set, keys
from flask_tokenguard.sessions.revocation import REVOCATION_HORIZON
from flask_tokenguard.stores import waiting
from flask_tokenguard.stores.base import KEPT_AFTER_EXPIRY
from flask_tokenguard.stores.sqlite import file
from flask_tokenguard.verify import issuers, validators
from flask_tokenguard.web.metadata import MAX_AGE

from ..conftest import MakeApp
from ..support import ROOT
from .written import setting_texts

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
WORDS = {1: "an?|one", 2: "two", 5: "five", 10: "ten", 15: "fifteen", 30: "thirty"}


def default_of(function: Any, name: str) -> Any:
    """Return the default of a parameter."""
    return inspect.signature(function).parameters[name].default


FETCHED_FOR = default_of(Fetcher, "deadline")
FETCHED_MOST = f"{default_of(Fetcher, 'max_size') / 1024:g} KiB"
WAITED = f"{default_of(keys.RemoteKeys, 'deadline'):g}"
STALE = default_of(IssuerEntry, "stale")
FRESH = document.Lifetimes()


def spelled(seconds: float | timedelta) -> str:
    """Write a pattern of the ways to spell a duration: 300 s, 5 minutes, five minutes, a minute."""
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    ways = [rf"{seconds:g} s\b"]
    for unit, size in UNITS.items():
        if seconds % size == 0:
            count = int(seconds // size)
            ways.append(rf"(?:{count}|{WORDS.get(count, count)}) {unit}{'s' * (count != 1)}\b")
    return f"(?:{'|'.join(ways)})"


# By page: patterns in which the code's numbers stand.
STATEMENTS = {
    "docs/issuers.md": [
        rf"The answer is kept for {spelled(issuers._RESOLVED_FOR)}",
        rf"the last {issuers._MOST_RESOLVED} of them",
        rf"at most {FETCHED_MOST}, and ends after {spelled(FETCHED_FOR)}",
        rf"may hold {key_set.MOST_KEYS} keys",
        rf"due less than {spelled(keys._LONGEST_BACK_OFF)} ago",
        rf"backs off \({spelled(keys._FIRST_BACK_OFF)} at first",
        rf"at first, doubled up to {keys._LONGEST_BACK_OFF:g}, less",
        rf"for {spelled(keys._COMPLETE_FOR)} from then on",
        rf"within {spelled(FRESH.least)} and {spelled(FRESH.most)}; ",
        rf"; {spelled(document._DEFAULT_LIFETIME)} where neither is there",
        rf"one such fetch in {spelled(keys._COMPLETE_FOR)}",
        rf"\[{spelled(attempt.PATIENCE)}, and {attempt.MOST_PATIENT} of them up to {WAITED}\]",
        rf"after {spelled(attempt.PATIENCE)} no further request waits",
        rf"cannot be fetched anew \| {spelled(STALE)} \|",
        rf"keys are used for {spelled(STALE)} past their expiry",
        rf"tries back off, up to {spelled(keys._LONGEST_BACK_OFF)} \|",
        rf"to the {spelled(validators.CLOCK_SKEW)} that `iat` and `nbf` always have",
    ],
    "docs/review.md": [
        rf"{spelled(FETCHED_FOR)}, {FETCHED_MOST}, {key_set.MOST_KEYS} keys",
        rf"at most one fetch in {spelled(keys._COMPLETE_FOR)}",
        rf"Known keys go on for {spelled(STALE)}",
        rf"nobody looked at for {spelled(ring._LOOK_EVERY)}",
        rf"Not by less than {spelled(KEPT_AFTER_EXPIRY)}",
    ],
    "docs/changing.md": [
        rf"LIFETIME`, {spelled(getattr(Settings(), name))} unless you set it"
        for name in ("access_token_lifetime", "refresh_token_lifetime")
    ],
    "docs/sessions.md": [
        rf"REFRESH_GRACE` \({spelled(Settings().refresh_grace)}\)",
        rf"The end is remembered for {spelled(REVOCATION_HORIZON)}",
        rf"kept for another {spelled(KEPT_AFTER_EXPIRY)}",
        rf"sees within {spelled(file._LOOK_EVERY)}, and before it writes",
    ],
    "docs/redis.md": [rf"For {spelled(waiting._PAUSE)} after that, other requests fail at once"],
    "docs/keys.md": [
        rf"published for {spelled(MAX_AGE)}",
        rf"pick a change up within {spelled(ring._LOOK_EVERY)}",
    ],
    "docs/commands.md": [rf"for {spelled(key_sets.LONGEST)} at most"],
    "docs/settings.md": [
        rf"to the {spelled(validators.CLOCK_SKEW)} that `iat` and `nbf` always have",
        rf"A longer token than {LONGEST_TOKEN:,} characters",
    ],
}


@pytest.mark.parametrize("page", STATEMENTS)
def test_the_numbers_on_a_page_are_those_of_the_code(page: str) -> None:
    text = " ".join((ROOT / page).read_text().split())
    assert [wanted for wanted in STATEMENTS[page] if not re.search(wanted, text)] == []


def test_a_duration_is_recognized_in_figures_and_words() -> None:
    texts = ["300 s", "5 minutes", "five minutes", "300 seconds", "15 minutes", "5 seconds"]
    assert [text for text in texts if re.fullmatch(spelled(300), text)] == texts[:4]
    assert re.fullmatch(spelled(60), "a minute")


BOUNDED = [
    (name.upper(), bound[1])
    for name, text in setting_texts().items()
    for bound in [re.search(r"at most (\d+)\b", text.meaning)]
    if bound is not None
]


@pytest.mark.parametrize(("name", "most"), BOUNDED)
def test_a_bound_of_a_setting_is_the_codes(make_app: MakeApp, name: str, most: str) -> None:
    assert make_app(**{name: int(most)})
    with pytest.raises(ConfigurationError, match=rf"must be from \d+ to {most} seconds"):
        make_app(**{name: int(most) + 1})


def test_the_bounds_of_these_settings_are_stated() -> None:
    named = ["LEEWAY", "REFRESH_GRACE", "STORAGE_TIMEOUT", "REVOCATION_DELAY"]
    assert [name for name, _ in BOUNDED] == named
