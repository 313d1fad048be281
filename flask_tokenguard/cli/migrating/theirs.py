"""The config of an app that flask-jwt-extended guards, and settings of ours as they are written."""

from typing import Any, NamedTuple

from flask import Flask

from .settings import PREFIX, SETTINGS

KINDS = ("ACCESS", "REFRESH")


class Line(NamedTuple):
    """A setting of ours.

    Attributes:
        setting: Its name.
        value: Its value, which may be a secret.
        source: How it is written, which holds none.
    """

    setting: str
    value: object
    source: str


class Theirs:
    """The config of an app, by the names without their prefix."""

    def __init__(self, app: Flask) -> None:
        self._config = app.config

    def __getitem__(self, name: str) -> Any:
        return self._config.get(PREFIX + name, SETTINGS[name].default)

    @property
    def places(self) -> list[str]:
        """Where tokens are looked for."""
        named = self["TOKEN_LOCATION"]
        return [named] if isinstance(named, str) else [*named]

    @property
    def has_cookies(self) -> bool:
        """Whether they may be in cookies."""
        return "cookies" in self.places

    def has_own_path(self, kind: str) -> bool:
        """Return whether a cookie's path is not the one that all cookies have here.

        Under its name a browser would send the old cookie and the new one.
        """
        paths = {self[f"{each}_COOKIE_PATH"] for each in KINDS}
        return len(paths) > 1 and self[f"{kind}_COOKIE_PATH"] != "/"

    @property
    def secret(self) -> Line:
        """The secret, with the name of the setting that holds it."""
        name = f"{PREFIX}SECRET_KEY" if self["SECRET_KEY"] else "SECRET_KEY"
        return self.key(name)

    def key(self, name: str) -> Line:
        """Write a key as a look-up, so that it stands nowhere else."""
        value = self._config.get(name)
        if isinstance(value, bytes):
            return Line("KEY", value.decode("latin-1"), f'app.config["{name}"].decode()')
        return Line("KEY", value, f'app.config["{name}"]')
