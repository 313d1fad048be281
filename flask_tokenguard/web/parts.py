"""What lower floors need of the parts of one app, and where they find them."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, cast

from flask import Flask, current_app
from werkzeug.local import LocalProxy

from ..clock import Clock
from ..errors import ConfigurationError
from ..issue.issuer import TokenIssuer
from ..sessions.revocation import Revocation
from ..sessions.rotation import Sessions
from ..verify.claims import Claims
from ..verify.verifier import TokenVerifier
from .locations import Locations

EXTENSION = "tokenguard"
Context = TypeVar("Context")


def resolver(proxy: Context) -> Callable[[], Context]:
    """Give what resolves a proxy of Flask's, which does it anew at every attribute."""
    return cast("LocalProxy[Context]", proxy)._get_current_object  # noqa: SLF001 - documented


_current_app = resolver(current_app)


class Guard(Protocol):
    """What the lower floors need of `TokenGuard`, which lies on a higher floor."""

    def load_user(self, claims: Claims) -> Any:
        """Ask the app's user loader."""
        ...

    def default_claims_for(self, subject: str) -> Mapping[str, Any]:
        """Ask the app for claims that every token gets."""
        ...

    def knows_user(self, claims: Claims) -> bool:
        """Tell whether the app's user loader, if there is one, finds a user."""
        ...


class AppParts(Protocol):
    """What the lower floors need of `parts.Parts`, which lies on a higher floor."""

    @property
    def app(self) -> Flask:
        """The app that the parts belong to."""
        ...

    @property
    def guard(self) -> Guard:
        """The extension, which holds the app's callbacks."""
        ...

    @property
    def verifier(self) -> TokenVerifier:
        """Verifies access tokens."""
        ...

    @property
    def issuer(self) -> TokenIssuer:
        """Issues access tokens."""
        ...

    @property
    def locations(self) -> Locations:
        """Where tokens are looked for."""
        ...

    @property
    def bodiless_locations(self) -> Locations:
        """Those of them for which no body is read."""
        ...

    @property
    def body_locations(self) -> Locations:
        """The others."""
        ...

    @property
    def max_body_size(self) -> int:
        """In octets; no larger body is looked into."""
        ...

    @property
    def realm(self) -> str:
        """The realm of challenges."""
        ...

    @property
    def clock(self) -> Clock:
        """Seconds since the epoch, UTC."""
        ...

    @property
    def sessions(self) -> Sessions | None:
        """The subjects' sessions; None without a store."""
        ...

    @property
    def revocation(self) -> Revocation | None:
        """What was revoked; None without a store."""
        ...


def parts_of(app: Flask) -> AppParts:
    """Get an app's parts.

    Raises:
        ConfigurationError: The app was never given to `TokenGuard.init_app`.
    """
    try:
        parts: AppParts = app.extensions[EXTENSION]
    except KeyError:
        raise ConfigurationError(
            f"The app {app.name!r} has no TokenGuard; call TokenGuard(app) or init_app(app)"
        ) from None
    return parts


def current_parts() -> AppParts:
    """Get the parts of the current app, whose proxy is resolved once.

    Raises:
        ConfigurationError: The app was never given to `TokenGuard.init_app`.
        RuntimeError: There is no app context.
    """
    return parts_of(_current_app())
