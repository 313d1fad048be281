"""Parts: the objects that serve one app, and how a request finds them."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from re import Pattern
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import Flask, current_app
from werkzeug.local import LocalProxy

from ..arguments.environment import explain_unread
from ..clock import Clock
from ..config.settings import STATIC_ENDPOINTS, Settings
from ..errors import ConfigurationError, InvalidToken, Reason, Refusal
from ..issue.issuer import TokenIssuer
from ..keys.own import OwnKeys
from ..verify.claims import Claims, VerifiedToken
from ..verify.validators import Validator
from ..verify.verifier import TokenVerifier
from .credentials.locations import Location
from .credentials.places import Places

if TYPE_CHECKING:
    from ..keys.encryption import ConfiguredEncryption
    from ..sessions.revocation import Revocation
    from ..sessions.rotation import Sessions
    from ..stores.base import Store
    from ..verify.issuers import Issuers
    from .credentials.cookies import TokenCookies

EXTENSION = "tokenguard"
_NO_COOKIES = (
    'Tokens are in no cookie here; name it in TOKENGUARD_TOKEN_LOCATIONS: ["header", "cookie"]'
)
ONLY_IN_DEVELOPMENT = (
    "TOKENGUARD_COOKIE_INSECURE is for development: it needs debug mode (`flask run --debug`) or"
    " app.testing, set before TokenGuard(app) or init_app(app)"
)
_STORE = "TOKENGUARD_STORAGE_URI"
Context = TypeVar("Context")


@dataclass(slots=True, eq=False, repr=False)
class Callbacks:
    """What the app registered on its `TokenGuard`, which may serve several apps."""

    user_loader: Callable[[Claims], Any] | None = None
    default_claims: Callable[[str], Mapping[str, Any]] | None = None
    error_response: Callable[[Refusal], Any] | None = None
    former_token_revoked: Callable[[Claims], object] | None = None

    def load_user(self, claims: Claims) -> Any:
        """Call the user loader.

        Raises:
            ConfigurationError: There is none.
            TypeError: It returned an awaitable, which would pass for a user.
        """
        if self.user_loader is None:
            raise ConfigurationError("No user loader; register one with @guard.user_loader")
        user = self.user_loader(claims)
        if inspect.isawaitable(user):
            raise TypeError("the user loader must not return an awaitable")
        return user

    def refuse_revoked_former(self, token: VerifiedToken) -> None:
        """Refuse a token of another program that the app knows to be revoked there.

        Raises:
            InvalidToken: It is.
            TypeError: The app's function returned what is awaited, which is always true.
        """
        if self.former_token_revoked is None:
            return
        is_revoked = self.former_token_revoked(token.claims)
        if inspect.isawaitable(is_revoked):
            raise TypeError("former_token_revoked must not return an awaitable")
        if is_revoked:
            raise InvalidToken("The token was revoked", claim="jti", reason=Reason.REVOKED)

    def default_claims_for(self, subject: str) -> Mapping[str, Any]:
        """Return the claims that the app adds to every token of a subject."""
        return {} if self.default_claims is None else self.default_claims(subject)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Parts:
    """The wired parts of one app.

    Attributes:
        issuers: Other trusted issuers; None where there are none.
        own_rules: The app's own validators, run after ours.
        revocation: Refuses revoked tokens; None without a store.
        sessions: The subjects' sessions; None without a store.
        store: Keeps sessions and revocations.
        former_warnings: Risks of the key of TOKENGUARD_FORMER_TOKENS; each goes on from "the key".
        clock: Seconds since the epoch, UTC.
        realm: The realm of challenges.
        locations: Where access tokens are looked for.
        refresh_locations: Where `refresh_required` looks for a refresh token.
        places: Makes the locations that a view names.
        cookies: Those of the tokens; None where TOKENGUARD_TOKEN_LOCATIONS names none.
        max_body_size: In octets; no larger body is looked into.
        demands_all: Whether every endpoint that is not public demands a token.
        public_endpoints: Matches the endpoints that stay open all the same.
    """

    app: Flask
    callbacks: Callbacks
    settings: Settings
    verifier: TokenVerifier
    issuers: "Issuers | None"
    issuer: TokenIssuer
    keys: OwnKeys
    encryption: "ConfiguredEncryption | None"
    own_rules: tuple[Validator, ...]
    revocation: "Revocation | None"
    sessions: "Sessions | None"
    store: "Store | None"
    former_warnings: tuple[str, ...]
    clock: Clock
    realm: str
    locations: tuple[Location, ...]
    refresh_locations: tuple[Location, ...]
    places: Places
    cookies: "TokenCookies | None"
    max_body_size: int
    demands_all: bool
    public_endpoints: Pattern[str]

    @property
    def longest_lifetime(self) -> timedelta:
        """For how long after its last signature a key's tokens may be accepted."""
        settings = self.settings
        lifetimes = [settings.access_token_lifetime]
        if self.sessions is not None:
            lifetimes.append(settings.refresh_token_lifetime)
        return max(lifetimes) + settings.leeway

    def idle_public_endpoints(self) -> list[str]:
        """List what TOKENGUARD_PUBLIC_ENDPOINTS names and no endpoint of the app matches."""
        return [
            name
            for name in self.settings.public_endpoints
            if name not in STATIC_ENDPOINTS
            and not any(fnmatchcase(endpoint, name) for endpoint in self.app.view_functions)
        ]

    def check_settings(self) -> None:
        """Check that the app's settings still are those of `init_app`; for tests.

        Raises:
            ConfigurationError: They are not, so that a test would try another app than it means.
        """
        folder = Path(self.app.instance_path)
        changes = self.settings.changes_since(self.app.config, folder=folder)
        if changes:
            raise ConfigurationError(*changes, "Set them before TokenGuard(app) or init_app(app)")

    def get_sessions(self) -> "Sessions":
        """Get the sessions.

        Raises:
            ConfigurationError: There is no store.
        """
        if self.sessions is None:
            raise ConfigurationError(_explain_no_store())
        return self.sessions

    def get_cookies(self) -> "TokenCookies":
        """Get the cookies.

        Raises:
            ConfigurationError: The app has none, or they are for development alone.
        """
        if self.cookies is None:
            raise ConfigurationError(_NO_COOKIES)
        # An app may have left debug mode since it started.
        if self.settings.cookie_insecure and not (self.app.debug or self.app.testing):
            raise ConfigurationError(ONLY_IN_DEVELOPMENT)
        return self.cookies

    def get_revocation(self) -> "Revocation":
        """Get what revokes.

        Raises:
            ConfigurationError: There is no store.
        """
        if self.revocation is None:
            raise ConfigurationError(_explain_no_store())
        return self.revocation


def _explain_no_store() -> str:
    """Return what to set where sessions or revocation lack a store."""
    unread = explain_unread([_STORE])
    if unread is not None:
        return f"Sessions and revocation need a store, and {unread}"
    return f"Sessions and revocation need a store; set {_STORE}, such as sqlite:///tokenguard.db"


def resolver(proxy: Context) -> Callable[[], Context]:
    """Return the function that resolves a proxy of Flask's, for what does so more than once."""
    return cast("LocalProxy[Context]", proxy)._get_current_object  # noqa: SLF001 - documented


resolved_app = resolver(current_app)


def parts_of(app: Flask | None = None) -> Parts:
    """Get the parts of an app, by default of the current one.

    Raises:
        ConfigurationError: The app was never given to `TokenGuard.init_app`.
        RuntimeError: There is no app context.
    """
    app = resolved_app() if app is None else app
    try:
        parts: Parts = app.extensions[EXTENSION]
    except KeyError:
        raise ConfigurationError(
            f"The app {app.name!r} has no TokenGuard; call TokenGuard(app) or init_app(app)"
        ) from None
    return parts
