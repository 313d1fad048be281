"""The hook: authenticate each request of an app, and require what its endpoint demands.

It runs before any hook of the app. `install` also registers the answers to refusals, and the route
of the public keys.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask, Request, got_request_exception, has_request_context
from flask.typing import ResponseReturnValue

from ..errors import Refusal, Rejected, TokenGuardError, Unavailable
from ..verify.claims import Claims
from .authentication import (
    Authentication,
    authenticate,
    authenticate_in,
    authenticate_nobody,
    current_request,
    find_authentication,
    is_of_current_app,
)
from .challenge import answer_for_framework, complete
from .credentials.locations import Location
from .credentials.places import without_body
from .guards.chains import attribute
from .guards.decorators import public, require
from .guards.demands import ANY_TOKEN
from .guards.marks import Demands, Edition, demands_on
from .parts import Parts
from .users import current_user

_OUR_CLASSES: tuple[type[TokenGuardError], ...] = (
    Rejected,
    Unavailable,
    Refusal,
    TokenGuardError,
)
_ANY_TOKEN = (ANY_TOKEN,)
_logger = logging.getLogger("flask_tokenguard")
_MOST_REMEMBERED = 4096


def install(app: Flask, parts: Parts) -> None:
    """Add the hook, the answers to refusals and the route of the public keys to an app."""
    app.before_request(_hook_of(app, parts))
    before = app.before_request_funcs[None]
    before.insert(0, before.pop())
    if parts.settings.sliding_sessions:
        from .pages.sliding import slide_answer  # noqa: PLC0415 - imported when used

        # The first is called last: it sees what the app's own functions did.
        app.after_request_funcs.setdefault(None, []).insert(0, slide_answer)
    _add_claims_to_g(app)
    _add_to_templates(app, has_cookies=parts.cookies is not None)
    _register_answers(app, parts)
    _publish_keys(app, parts)


class RememberedDemands:
    """Remembers what each endpoint demands: a walk costs 5 us and more, this 0.2."""

    __slots__ = ("_known", "_on_first")

    def __init__(self, on_first: Callable[[], None] = lambda: None) -> None:
        """Remember nothing yet.

        Args:
            on_first: Called at the first request that finds an endpoint.
        """
        self._on_first = on_first
        self._known: dict[tuple[str, str], _Remembered] = {}

    def of(self, endpoint: str, view: object, method: str) -> Demands:
        """Find what an endpoint demands, as `demands_on` does.

        Args:
            endpoint: Its name.
            view: What `app.view_functions` holds for it now.
            method: The request's, in upper case.
        """
        known = self._known.get((endpoint, method))
        if (
            known is not None
            and known.view is view
            and known.edition == Edition.number
            # Flask lets a view's class be replaced.
            and (known.view_class is None or known.view_class is attribute(view, "view_class"))
        ):
            return known.demands
        if not self._known:
            self._on_first()
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        known = self._known[endpoint, method] = _Remembered(view, method)
        return known.demands


class _Remembered:
    __slots__ = ("demands", "edition", "view", "view_class")

    def __init__(self, view: object, method: str) -> None:
        self.edition = Edition.number
        self.view = view
        self.view_class = attribute(view, "view_class")
        self.demands = demands_on(view, method)


def _hook_of(app: Flask, parts: Parts) -> Callable[[], ResponseReturnValue | None]:
    """Make the hook of an app."""
    remembered = RememberedDemands(on_first=lambda: _check_before_first(parts))
    all_locations, bodiless = parts.locations, without_body(parts.locations)
    look = _look_of(parts)

    def guard_request() -> ResponseReturnValue | None:
        """Authenticate a request and require what its endpoint demands."""
        request = current_request()
        rule = request.url_rule
        if rule is None:  # A 404, a 405 or a redirect stays what it is.
            authenticate(parts, request, bodiless)
            return None
        endpoint = rule.endpoint
        view = app.view_functions.get(endpoint)
        found = remembered.of(endpoint, view, request.method)
        demands = found.demands
        if not demands:
            is_open = found.is_public or not parts.demands_all
            if is_open or parts.public_endpoints.fullmatch(endpoint):
                look(parts, request, bodiless)
                return None
            demands = _ANY_TOKEN
        if found.is_plain:
            authentication = look(parts, request, all_locations)
        elif found.is_refresh:
            authentication = authenticate_nobody(parts, request)
        else:
            authentication = authenticate_in(found.locations, parts, request, look)
        if request.method == "OPTIONS":
            from .guards import preflights  # noqa: PLC0415 - imported when used

            if preflights.is_preflight(request):
                if not found.answers_preflights:
                    return preflights.answer_preflight()
                preflights.pass_preflight_on()
                return None
        require(demands, authentication)
        return None

    return guard_request


def _look_of(parts: Parts) -> Callable[[Parts, Request, Sequence[Location]], Authentication]:
    """Choose how a request is authenticated."""
    if not parts.settings.sliding_sessions:
        return authenticate
    from .pages.sliding import authenticate_sliding  # noqa: PLC0415 - imported when used

    return authenticate_sliding


def _check_before_first(parts: Parts) -> None:
    # An app may register its endpoints until the first request.
    for name in parts.idle_public_endpoints():
        _logger.warning(
            "TOKENGUARD_PUBLIC_ENDPOINTS names %r, which no endpoint matches; write it as `flask"
            " routes` lists it, not as a path",
            name,
        )
    if parts.app.testing:
        _watch_settings(parts)


def _watch_settings(parts: Parts) -> None:
    """Check before each request that no setting was changed; only tests pay for it."""
    parts.check_settings()
    functions = parts.app.before_request_funcs
    # A list of its own, since Flask is walking through this one; two threads may both be first.
    others = [function for function in functions[None] if function != parts.check_settings]
    functions[None] = [parts.check_settings, *others]


class _RequestClaims:
    """Stands for `g.claims` where no hook has set it, such as in a copy of a request's context."""

    def __get__(self, _globals: object, _owner: type) -> Claims | None:
        authentication = find_authentication(current_request()) if has_request_context() else None
        if authentication is None or not is_of_current_app(authentication):
            return None
        return authentication.claims


def _add_claims_to_g(app: Flask) -> None:
    """Let `g.claims` be there in every context of the app."""
    base = app.app_ctx_globals_class
    with_claims: Any = type(base.__name__, (base,), {"claims": _RequestClaims()})
    app.app_ctx_globals_class = with_claims


def _add_to_templates(app: Flask, *, has_cookies: bool) -> None:
    """Let templates and macros read `current_user` and `csrf_token`, unless the app has others."""

    def add_to(environment: Any) -> Any:
        environment.globals.setdefault("current_user", current_user)
        if has_cookies:
            from .browser import csrf_token  # noqa: PLC0415 - imported when used

            environment.globals.setdefault("csrf_token", csrf_token)
        return environment

    def add() -> dict[str, Any]:
        # Not at start-up: an environment that was made heeds no more of the app's `jinja_options`.
        add_to(app.jinja_env)
        return {}

    # Of threads that come first, each makes one, and may render a template of one that is dropped.
    make = app.create_jinja_environment
    app.create_jinja_environment = lambda: add_to(make())  # type: ignore[method-assign] # this app's alone
    app.template_context_processors[None].insert(0, add)


def _publish_keys(app: Flask, parts: Parts) -> None:
    """Serve the public keys; secrets alone have nothing to publish."""
    if parts.settings.keyring is None and all(key.public_jwk() is None for key in parts.keys):
        return
    from .metadata import answer_jwks  # noqa: PLC0415 - imported when used

    view = public(lambda: answer_jwks(parts.keys))
    app.add_url_rule(parts.settings.jwks_path, "tokenguard.jwks", view)


def _register_answers(app: Flask, parts: Parts) -> None:
    """Let our answers pass the app's handlers for other errors, such as HTTPException.

    Flask looks for a handler of an error's status first, in the blueprints and then in the app, so
    ours is found before theirs, and theirs for a subclass of `Rejected` before ours.
    """

    def send(error: Refusal) -> ResponseReturnValue:
        answer = complete(error, parts)
        for scope in (*current_request().blueprints, None):
            for kind in _OUR_CLASSES:
                handler = app.error_handler_spec[scope][None].get(kind)
                if handler is not None and handler is not send and isinstance(error, kind):
                    changed: ResponseReturnValue = app.ensure_sync(handler)(error)
                    return changed
        return answer

    for kind in (Rejected, Unavailable):
        # None is the place of an app's own subclass with another status.
        for status in (None, 400, 401, 403, 503):
            app.error_handler_spec[None][status].setdefault(kind, send)
    got_request_exception.connect(answer_for_framework, app)
