"""App: risks of its name, its modes, and of settings that nothing reads."""

from ...config.settings import advise_setting
from ...web.parts import Parts
from ..migrating.settings import PREFIX as OTHERS
from ..migrating.settings import SETTINGS
from .risk import Places, Risk, where


def settings_of_others(parts: Parts) -> Places:
    """List the settings that are left over from flask-jwt-extended, if the app does not use it."""
    if "flask-jwt-extended" in parts.app.extensions:
        return []
    names = sorted(name for name in parts.app.config if name.startswith(OTHERS))
    return [{"setting": name, "ours": _ours(name.removeprefix(OTHERS))} for name in names]


def _ours(name: str) -> str:
    row = SETTINGS.get(name)
    return advise_setting(name, otherwise="nothing") if row is None else row.write


def generated_realm(parts: Parts) -> Places:
    """Return the name of an app that gave no realm, if a server made it up."""
    if parts.settings.realm is not None or parts.realm == parts.app.name:
        return []
    return [{"name": parts.app.name, "realm": parts.realm}]


RISKS: tuple[Risk, ...] = (
    Risk(
        "advice",
        "left_over_setting",
        "{setting}",
        "It is left over from flask-jwt-extended, and nothing reads it.",
        "Take it out. In its place: {ours}.",
        settings_of_others,
    ),
    Risk(
        "advice",
        "generated_realm",
        "TOKENGUARD_REALM",
        "The app's name, {name}, is one that a server made up, so that challenges have the realm"
        " {realm}.",
        "Set a name that your clients know.",
        generated_realm,
    ),
    Risk(
        "warning",
        "testing",
        "TESTING",
        "Errors are raised instead of answered.",
        "Switch it off.",
        where(lambda parts: parts.app.testing),
    ),
    Risk(
        "warning",
        "debug",
        "DEBUG",
        "The debugger runs code for everybody who reaches it.",
        "Switch it off.",
        where(lambda parts: parts.app.debug),
    ),
)
