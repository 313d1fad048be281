"""Config: read that of an app which flask-jwt-extended guards, and write ours."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from types import MappingProxyType
from typing import Any, NamedTuple

from flask import Flask

from ...clock import wall_clock
from ...config.former import FORMER_PROFILES
from ...config.locations import COOKIE, HEADER, JSON, QUERY
from ...config.settings import PREFIX as OURS
from ...errors import ConfigurationError
from ...web.parts import Callbacks
from ...wiring.app import build_parts
from .names import LOADERS
from .report import ByHand
from .settings import PREFIX, SETTINGS
from .theirs import KINDS, Line, Theirs

EXTENSION = "flask-jwt-extended"
_PROFILE = "flask-jwt-extended"
_LOCATIONS = {"headers": HEADER, "cookies": COOKIE, "query_string": QUERY, "json": JSON}
_MOST_DAYS = 366
_DEFAULTS = "flask_jwt_extended.default_callbacks"
# Theirs of each kind of token, which are one setting here.
_ONE_FOR_BOTH = ("CSRF_FIELD_NAME", "CSRF_HEADER_NAME")


class Moved(NamedTuple):
    """What becomes of a config.

    Attributes:
        lines: What to set.
        by_hand: What needs a hand.
    """

    lines: list[Line]
    by_hand: list[ByHand]

    @property
    def text(self) -> str:
        """The lines as Python."""
        inner = "".join(f"    {line.setting}={line.source},\n" for line in self.lines)
        return f"app.config.update(\n{inner})"


def move_config(app: Flask) -> Moved:
    """Read the config and the loaders of an app, and write what takes their place."""
    theirs = Theirs(app)
    lines: list[Line] = []
    by_hand: list[ByHand] = []
    for name, row in SETTINGS.items():
        if name in _KEYS or _is_default(theirs, name):
            continue
        found = _CONVERTERS[name](theirs[name]) if name in _CONVERTERS else None
        if found is None:
            by_hand.append(ByHand.of(PREFIX + name, row))
        else:
            lines += [line for line in found if line not in lines]
    lines += _locations(theirs)
    if theirs.has_cookies:
        lines += _cookies(theirs)
        names = [] if theirs["COOKIE_SECURE"] else ["COOKIE_SECURE"]
        names += [f"{kind}_COOKIE_PATH" for kind in KINDS if theirs.has_own_path(kind)]
        by_hand += [ByHand.of(PREFIX + name, SETTINGS[name]) for name in names]
    by_hand += _conflicts(lines)
    lines, keys_by_hand = _with_keys(theirs, lines)
    return Moved(lines, [*keys_by_hand, *by_hand, *_loaders(app)])


def _is_default(theirs: Theirs, name: str) -> bool:
    """Return whether a setting has its default; of two that are one here, whether both have."""
    _, _, rest = name.partition("_")
    names = [f"{kind}_{rest}" for kind in KINDS] if rest in _ONE_FOR_BOTH else [name]
    return all(list_of(theirs[each]) == list_of(SETTINGS[each].default) for each in names)


def list_of(value: object) -> object:
    """Return a list of what is a list, tuple or set, in order; else the value."""
    return sorted(value) if isinstance(value, list | tuple | set) else value


def _line(setting: str, value: object) -> Line:
    return Line(OURS + setting, value, repr(value))


def _plain(setting: str) -> Callable[[Any], list[Line] | None]:
    """Make the converter of a text that means the same here."""
    return lambda value: [_line(setting, value)] if isinstance(value, str) and value else None


def _seconds(setting: str) -> Callable[[Any], list[Line] | None]:
    """Make the converter of a duration; False is none."""

    def convert(value: Any) -> list[Line] | None:
        if isinstance(value, timedelta):
            value = int(value.total_seconds())
        is_whole = isinstance(value, int) and not isinstance(value, bool) and value > 0
        return [_line(setting, value)] if is_whole else None

    return convert


def _texts(setting: str) -> Callable[[Any], list[Line] | None]:
    """Make the converter of a text or several."""
    return lambda value: [_line(setting, value if isinstance(value, str) else [*value])]


def _domain(value: Any) -> list[Line]:
    return [_line("COOKIE_DOMAIN", str(value).removeprefix(".").lower())]


def _algorithm(value: Any) -> list[Line]:
    return [_line("ALGORITHM", value)]


def _nothing(_: Any) -> list[Line]:
    return []


# A setting that is not here, and is set to another value than its default, needs a hand.
_CONVERTERS: Mapping[str, Callable[[Any], list[Line] | None]] = MappingProxyType(
    {
        "ACCESS_COOKIE_NAME": _nothing,  # see `_cookies`
        "ACCESS_COOKIE_PATH": _nothing,
        "ACCESS_CSRF_COOKIE_NAME": _nothing,
        "ACCESS_CSRF_FIELD_NAME": _plain("COOKIE_CSRF_FIELD"),
        "ACCESS_CSRF_HEADER_NAME": _plain("COOKIE_CSRF_HEADER"),
        "ACCESS_TOKEN_EXPIRES": _seconds("ACCESS_TOKEN_LIFETIME"),
        "ALGORITHM": _algorithm,
        "COOKIE_DOMAIN": _domain,
        "COOKIE_SAMESITE": _plain("COOKIE_SAMESITE"),
        "COOKIE_SECURE": _nothing,
        "CSRF_CHECK_FORM": _nothing,
        "DECODE_AUDIENCE": _texts("AUDIENCE"),
        "DECODE_ISSUER": _plain("ISSUER"),
        "DECODE_LEEWAY": _seconds("LEEWAY"),
        "ENCODE_AUDIENCE": _texts("AUDIENCE"),
        "ENCODE_ISSUER": _plain("ISSUER"),
        "ENCODE_NBF": _nothing,
        "HEADER_NAME": _nothing,
        "HEADER_TYPE": _nothing,
        "IDENTITY_CLAIM": _nothing,  # see `_former`
        "JSON_KEY": _nothing,
        "QUERY_STRING_NAME": _nothing,
        "REFRESH_COOKIE_NAME": _nothing,
        "REFRESH_CSRF_COOKIE_NAME": _nothing,
        "REFRESH_COOKIE_PATH": _nothing,
        "REFRESH_CSRF_FIELD_NAME": _plain("COOKIE_CSRF_FIELD"),
        "REFRESH_CSRF_HEADER_NAME": _plain("COOKIE_CSRF_HEADER"),
        "REFRESH_TOKEN_EXPIRES": _seconds("REFRESH_TOKEN_LIFETIME"),
        "TOKEN_LOCATION": _nothing,
    }
)
_ANOTHER_KEY = "another `TOKENGUARD_KEY`; old tokens go by `TOKENGUARD_FORMER_TOKENS`"
_KEYS = ("SECRET_KEY", "PRIVATE_KEY", "PUBLIC_KEY")


def _locations(theirs: Theirs) -> list[Line]:
    """Write where tokens are, by the names that they have there."""
    places = [_location(theirs, name) for name in theirs.places if name in _LOCATIONS]
    if theirs.has_cookies and theirs.has_own_path("ACCESS"):
        places.append(f"{COOKIE}:{theirs['ACCESS_COOKIE_NAME']}")
    return [] if places == [HEADER] else [_line("TOKEN_LOCATIONS", places)]


def _cookies(theirs: Theirs) -> list[Line]:
    """Write the names of cookies, so that each is sent once, old or new, and their path."""
    lines = []
    if theirs["ACCESS_COOKIE_PATH"] == theirs["REFRESH_COOKIE_PATH"] != "/":
        lines.append(_line("COOKIE_PATH", theirs["ACCESS_COOKIE_PATH"]))
    prefix = "" if theirs["COOKIE_DOMAIN"] else "__Host-"
    for kind in KINDS:
        name: object = theirs[f"{kind}_COOKIE_NAME"]
        if theirs.has_own_path(kind):
            usual = f"{prefix}{kind.lower()}_token"
            name = [usual, name] if kind == "REFRESH" else usual
        lines.append(_line(f"COOKIE_{kind}_NAME", name))
    names = [theirs[f"{kind}_CSRF_COOKIE_NAME"] for kind in KINDS]
    return [*lines, _line("COOKIE_CSRF_NAME", names)]


def _location(theirs: Theirs, name: str) -> str:
    ours = _LOCATIONS[name]
    header, scheme = theirs["HEADER_NAME"], theirs["HEADER_TYPE"]
    if name == "headers" and (header, scheme) != ("Authorization", "Bearer"):
        return ":".join(filter(None, [ours, header, scheme]))
    if name == "query_string":
        return f"{ours}:{theirs['QUERY_STRING_NAME']}"
    if name == "json" and theirs["JSON_KEY"] != SETTINGS["JSON_KEY"].default:
        return f"{ours}:{theirs['JSON_KEY']}"
    return ours


def _conflicts(lines: list[Line]) -> list[ByHand]:
    """Take out a setting for which there are two values, as of the two kinds of cookies."""
    names = [line.setting for line in lines]
    doubled = {name for name in names if names.count(name) > 1}
    lines[:] = [line for line in lines if line.setting not in doubled]
    return [
        ByHand(None, name, f"`{name}`", "There were two values, and here is one setting.")
        for name in sorted(doubled)
    ]


def _with_keys(theirs: Theirs, lines: list[Line]) -> tuple[list[Line], list[ByHand]]:
    """Put our key and the entry for old tokens before the other lines, as far as they will do."""
    algorithm = str(theirs["ALGORITHM"])
    is_secret = algorithm.startswith("HS")
    own = theirs.secret if is_secret else theirs.key(f"{PREFIX}PRIVATE_KEY")
    old = theirs.secret if is_secret else theirs.key(f"{PREFIX}PUBLIC_KEY")
    row = SETTINGS["SECRET_KEY" if is_secret else "PRIVATE_KEY"]
    by_hand: list[ByHand] = []
    key = Line(f"{OURS}KEY", own.value, own.source)
    # The algorithm of theirs, by which a key of another kind would stand out.
    faults = _faults([key, *_algorithm(algorithm)])
    if faults:
        name = f"{PREFIX}{'SECRET_KEY' if is_secret else 'PRIVATE_KEY'}"
        by_hand += [ByHand(None, name, _ANOTHER_KEY, fault) for fault in faults]
    kept = lines if faults else [key, *lines]
    if algorithm not in FORMER_PROFILES[_PROFILE].algorithms:
        return kept, [*by_hand, ByHand.of(f"{PREFIX}ALGORITHM", SETTINGS["ALGORITHM"])]
    former = _former(theirs, old)
    others = [line for line in lines if line.setting != f"{OURS}ALGORITHM"]
    faults = _faults([_throwaway(), former, *others])
    by_hand += [ByHand(None, f"{OURS}FORMER_TOKENS", row.write, fault) for fault in faults]
    return [*kept[: not by_hand], former, *kept[not by_hand :]], by_hand


def _former(theirs: Theirs, key: Line) -> Line:
    """Write the entry for old tokens, until the last that is out will have expired."""
    lifetimes = [theirs[f"{kind}_TOKEN_EXPIRES"] for kind in ("ACCESS", "REFRESH")]
    days = max((_days(lifetime) for lifetime in lifetimes if lifetime is not False), default=30)
    last = datetime.fromtimestamp(wall_clock(), UTC) + timedelta(days=min(days + 1, _MOST_DAYS))
    members = {"profile": _PROFILE, "until": f"{last:%Y-%m-%d}"}
    for member, name in (
        ("issuer", "ENCODE_ISSUER"),
        ("audience", "ENCODE_AUDIENCE"),
        ("subject_claim", "IDENTITY_CLAIM"),
    ):
        if theirs[name] != SETTINGS[name].default:
            members[member] = theirs[name]
    first, *rest = [f'"{name}": {value!r}' for name, value in members.items()]
    source = ", ".join([first, f'"key": {key.source}', *rest])
    return Line(f"{OURS}FORMER_TOKENS", members | {"key": key.value}, f"{{{source}}}")


def _days(lifetime: timedelta | int) -> int:
    seconds = lifetime.total_seconds() if isinstance(lifetime, timedelta) else lifetime
    return ceil(seconds / timedelta(days=1).total_seconds())


def _throwaway() -> Line:
    return Line(f"{OURS}KEY", secrets.token_urlsafe(32), "")


def _faults(lines: Iterable[Line]) -> list[str]:
    """Return what an app with these settings would name as faults when it starts."""
    app = Flask(__name__)
    app.config.update({line.setting: line.value for line in lines})
    try:
        build_parts(
            app,
            Callbacks(),
            own_rules=(),
            store=None,
            issuer_resolver=None,
            fetch=None,
            clock=wall_clock,
        )
    except ConfigurationError as error:
        return [*error.faults]
    return []


def _loaders(app: Flask) -> list[ByHand]:
    """List the loaders that the app has registered."""
    callbacks = vars(app.extensions[EXTENSION])
    return [
        ByHand.of(f"@{name}", row)
        for name, row in LOADERS.items()
        if getattr(callbacks.get(_ATTRIBUTES[name]), "__module__", _DEFAULTS) != _DEFAULTS
    ]


_ATTRIBUTES = {name: f"_{name.removesuffix('_loader')}_callback" for name in LOADERS} | {
    "additional_claims_loader": "_user_claims_callback",
    "additional_headers_loader": "_jwt_additional_header_callback",
}
