"""TokenGuard, the Flask extension: guard apps, and call for one app without its context."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

import click
from flask import Blueprint, Flask, current_app, has_app_context

from . import web
from .clock import Clock, wall_clock
from .errors import ConfigurationError, Refusal
from .verify.claims import Claims, VerifiedToken
from .verify.validators import Validator
from .web.challenge import finishes_refusals
from .web.credentials.places import FindToken, check_own
from .web.hook import install
from .web.parts import EXTENSION, Callbacks, Parts
from .wiring.app import build_parts

if TYPE_CHECKING:
    from .fetching import Fetch
    from .issue.options import IssueOptions
    from .sessions.listed import Session
    from .sessions.pairs import TokenResponse
    from .stores.base import Store
    from .stores.observed import OnStoreCall
    from .verify.issuers import Resolve
    from .web.credentials.cookies import AnyResponse
    from .web.inspection import TokenReport
    from .web.numbers import Numbers

UserLoader = TypeVar("UserLoader", bound=Callable[[Claims], Any])
ErrorResponse = TypeVar("ErrorResponse", bound=Callable[[Refusal], Any])
FormerTokenRevoked = TypeVar("FormerTokenRevoked", bound=Callable[[Claims], object])
DefaultClaims = TypeVar("DefaultClaims", bound=Callable[[str], Mapping[str, Any]])


class _Commands(click.Command):
    """`flask tokenguard`, imported when it is first run: that takes 20 ms."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Begin the group itself."""
        from .cli import tokenguard  # noqa: PLC0415 - no server needs it

        return tokenguard.make_context(*args, **options)


class TokenGuard:
    """Guards Flask apps with bearer tokens; one instance may serve several apps."""

    def __init__(
        self,
        app: Flask | None = None,
        *,
        validators: Iterable[Validator] = (),
        store: "Store | None" = None,
        on_store_call: "OnStoreCall | None" = None,
        issuer_resolver: "Resolve | None" = None,
        fetch: "Fetch | None" = None,
        locations: FindToken | None = None,
        clock: Clock = wall_clock,
    ) -> None:
        """Take what the app adds, and the app if it is there already.

        Args:
            app: Given to `init_app` at once.
            validators: The app's own rules, each called with a `VerifiedToken` after ours; it
                raises a `Rejected`, or an `Unavailable` where it cannot decide, or returns None.
            store: Keeps sessions and revocations, in place of TOKENGUARD_STORAGE_URI.
            on_store_call: Called with a `StoreCall` after each operation of either, for metrics.
            issuer_resolver: Called with an `iss` that TOKENGUARD_ISSUERS does not name, of a token
                of which nothing is verified yet; returns an entry as it stands there, or None.
            fetch: Fetches the keys of other issuers, in place of ours; see `keys.fetched.Fetch`.
            locations: Finds a token where TOKENGUARD_TOKEN_LOCATIONS names no place: called with
                the request; returns None, the token, or the token and its kind, which is one of
                `header`, `cookie`, `form`, `query` and `json`. A token alone counts as a cookie,
                under the check of requests from other sites. Open endpoints call it too, and a
                view that names its own places does not.
            clock: Seconds since the epoch, UTC; for tests.

        Raises:
            ConfigurationError: As `init_app` does.
            TypeError: `locations` is no function, or async.
        """
        self._validators = tuple(validators)
        self._store = store
        self._on_store_call = on_store_call
        self._issuer_resolver = issuer_resolver
        self._fetch = fetch
        self._find_token = None if locations is None else check_own(locations)
        self._clock = clock
        self._served = 0
        self._only: Parts | None = None
        self._callbacks = Callbacks()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read an app's config, once, and guard it.

        Raises:
            ConfigurationError: With every fault of the config, or the app has a guard already.
        """
        if EXTENSION in app.extensions:
            raise ConfigurationError(
                f"The app {app.name!r} has a TokenGuard already: either TokenGuard(app) or"
                " init_app(app) gives it one, and once"
            )
        parts = build_parts(
            app,
            self._callbacks,
            own_rules=self._validators,
            store=self._store,
            on_store_call=self._on_store_call,
            issuer_resolver=self._issuer_resolver,
            fetch=self._fetch,
            find_token=self._find_token,
            clock=self._clock,
        )
        app.extensions[EXTENSION] = parts
        self._served += 1
        self._only = parts if self._served == 1 else None
        install(app, parts)
        # Flask's runner for tests finds no entry points.
        app.cli.commands.setdefault("tokenguard", _Commands("tokenguard"))

    def user_loader(self, load: UserLoader) -> UserLoader:
        """Register how `current_user` is found: a function of the `Claims`; None means gone.

        A refresh asks it too, with the claims of the refresh token. Where other issuers are
        trusted, find a user by `claims.issuer` and `claims.subject`: their alice is not ours.

        Raises:
            TypeError: The function is async; what it returned would never be None.
        """
        if inspect.iscoroutinefunction(load):
            raise TypeError("the user loader must not be async")
        self._callbacks.user_loader = load
        return load

    def default_claims(self, claims_for: DefaultClaims) -> DefaultClaims:
        """Register claims that every token gets: a function of the subject, which is ours.

        What `issue_token` is given itself comes before them.
        """
        self._callbacks.default_claims = claims_for
        return claims_for

    def error_response(self, shape: ErrorResponse) -> ErrorResponse:
        """Register what shapes the answer to every refusal, the endpoints' too, in every framework.

        Called with the `Rejected` or `Unavailable`, once for each, within the request. It returns
        what a view may: a JSON body, or a response. Status and challenge are ours, unless it names
        others: `body, status`, a response with another status than 200, or with the header. Its
        `error.get_response()` is our answer. If it raises or returns nothing, ours is sent, and the
        log names the fault.
        """
        self._callbacks.error_response = shape
        return shape

    def former_token_revoked(self, is_revoked: FormerTokenRevoked) -> FormerTokenRevoked:
        """Register how a token of TOKENGUARD_FORMER_TOKENS is found to be revoked.

        Called with its `Claims` at every request that brings one, and at a refresh; what it returns
        is true where the app's own blocklist has it. It raises an `Unavailable` if it cannot know.

        Raises:
            TypeError: The function is async; what it returned would always be true.
        """
        if inspect.iscoroutinefunction(is_revoked):
            raise TypeError("former_token_revoked must not be async")
        self._callbacks.former_token_revoked = is_revoked
        return is_revoked

    def verify(self, token: str) -> VerifiedToken:
        """Verify a token that came by another way than a request, such as a socket's or a job's.

        Works in an app context, and without one while this guard serves a single app.

        Raises:
            InvalidToken: The token is bad.
            Rejected: The app's own rules refuse it.
            Unavailable: It is not known whether the token is good.
        """
        return _verify(self._parts(), token)

    def inspect_token(self, token: str) -> "TokenReport":
        """Read a token of any content for a person, and try each check on it, also after a failure.

        For pages of developers and operators: a report names the failing check where `verify` gives
        a client one sentence. Works in an app context, and without one while this guard serves a
        single app. The app's own rules and the store are asked once our checks have passed.
        """
        return web.inspect_token(token, self._parts())

    def issue_token(self, subject: str, **options: "Unpack[IssueOptions]") -> str:
        """Issue a token as the function `issue_token` does, without an app context if need be."""
        return web.issue(self._parts(), subject, options).token

    def issue_token_pair(
        self, subject: str, *, origin: str = "", **options: "Unpack[IssueOptions]"
    ) -> "TokenResponse":
        """Begin a session as the function `issue_token_pair` does, without an app context."""
        return web.start_session(self._parts(), subject, origin, options)

    def refresh_token_pair(
        self, *, token: str | None = None, claims: Mapping[str, Any] | None = None, origin: str = ""
    ) -> "TokenResponse":
        """Rotate a refresh token as the function does; a given one without a context if need be.

        Raises:
            RuntimeError: There is neither a token nor a request; else as `refresh_token_pair` does.
        """
        return web.refresh_given_or_current(self._parts(), token, claims=claims, origin=origin)

    def revoke_token(
        self,
        token: str | Claims | None = None,
        *,
        jti: str | None = None,
        subject: str | Claims | None = None,
        issuer: str | None = None,
    ) -> None:
        """Revoke a token as the function `revoke_token` does, without an app context if need be."""
        web.revoke(self._parts(), token, jti=jti, subject=subject, issuer=issuer)

    def end_session(self, sid: str | None = None, *, subject: str | Claims | None = None) -> bool:
        """End a session as the function `end_session` does, without an app context if need be.

        Raises:
            RuntimeError: There is neither a sid nor a request; else as `end_session` does.
        """
        return web.end(self._parts(), sid, subject=subject)

    def end_all_sessions(self, subject: str | Claims, *, issuer: str | None = None) -> None:
        """End all sessions of a subject as the function `end_all_sessions` does."""
        web.end_all(self._parts(), subject, issuer=issuer)

    def sessions_of(self, subject: str | Claims) -> "list[Session]":
        """List a subject's sessions as the function `sessions_of` does."""
        return web.list_sessions(self._parts(), subject)

    def numbers(self) -> "Numbers":
        """Read what a monitor may want of this process: the token cache, the keys' age.

        It fetches nothing and asks no store. Works without an app context as `verify` does.
        """
        return web.numbers_of(self._parts())

    def set_token_cookies(
        self,
        response: "AnyResponse",
        pair: "TokenResponse",
        *,
        persistent: bool | None = None,
    ) -> "AnyResponse":
        """Put a pair into cookies of an answer as the function `set_token_cookies` does."""
        return web.set_cookies(self._parts(), response, pair, persistent=persistent)

    def unset_token_cookies(self, response: "AnyResponse") -> "AnyResponse":
        """Delete the cookies of our tokens as the function `unset_token_cookies` does."""
        return web.unset_cookies(self._parts(), response)

    def token_endpoints(
        self, origin: Callable[[], str] | None = None, *, cookies: bool = False
    ) -> Blueprint:
        """Make a blueprint with ready routes: `POST /token` refreshes, `POST /revoke` revokes.

        Both take a form or JSON (RFC 6749 section 6, RFC 7009). Register it after `init_app`.

        Args:
            origin: Names from where the request comes, for `sessions_of`.
            cookies: Whether the tokens are in cookies, and in no answer: the refresh reads the
                refresh cookie, and the revocation ends the session of the cookies, without a body.

        Raises (when it is registered):
            ConfigurationError: The app has no guard or no store, or cookies=True and no cookies.
        """
        return web.token_endpoints(origin, cookies=cookies)

    def _parts(self) -> Parts:
        parts: Parts | None = None
        if has_app_context():
            parts = current_app.extensions.get(EXTENSION)
        if parts is not None and parts.callbacks is self._callbacks:
            return parts
        if self._only is None:
            raise RuntimeError(
                f"This TokenGuard serves {self._served} apps; push the context of one of them:"
                " with app.app_context()"
            )
        return self._only


@finishes_refusals("verify a token")
def _verify(parts: Parts, token: str) -> VerifiedToken:
    return parts.verifier.verify(token)
