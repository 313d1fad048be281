"""Findings: the risks that an app's configuration has, warnings first."""

from typing import NamedTuple

from ...web.parts import Parts
from . import app, endpoints, former, issuers, keys, requests, store, tokens
from .risk import Level, Risk

RISKS: tuple[Risk, ...] = (
    *keys.RISKS,
    *store.RISKS,
    *issuers.RISKS,
    *former.RISKS,
    *tokens.RISKS,
    *requests.RISKS,
    *endpoints.RISKS,
    *app.RISKS,
)


class Finding(NamedTuple):
    """A risk that was found; its members are those of `Risk`, with each place in the texts."""

    level: Level
    code: str
    about: str
    why: str
    do: str


def examine(parts: Parts) -> list[Finding]:
    """List every risk that is found; warnings come first."""
    found = [
        Finding(
            risk.level,
            risk.code,
            *(text.format_map(place) for text in (risk.about, risk.why, risk.do)),
        )
        for risk in RISKS
        for place in risk.look(parts)
    ]
    return sorted(found, key=lambda finding: finding.level != "warning")
