"""Demands of views: `token_required`, `public`; `require_token` for a call.

The first two wrap a view and mark it, as `refreshes.refresh_required` does. The mark lets the hook
check a demand before anything else runs. The wrapper checks it where no mark is seen, as when a
view calls another.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Literal, ParamSpec, TypeVar, Unpack, cast, overload

from flask import Response, has_request_context

from ...errors import Refusal
from ...verify.claims import Claims
from ..authentication import (
    ATTRIBUTE,
    Authentication,
    current_authentication,
    current_authentication_in,
    current_request,
    finish_refusal,
)
from ..parts import resolved_app
from ..users import load_user
from .demands import ANY_TOKEN, Demand, Demanded
from .marks import check_unmarked, mark, mark_below

P = ParamSpec("P")
R = TypeVar("R")


@overload
def token_required(view: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def token_required(
    *, optional: bool = False, **demanded: Unpack[Demanded]
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def token_required(*positional: Any, **demanded: Any) -> Any:
    """Demand a valid token, and more, before a view runs. Use it bare or called.

    Args:
        positional: The view, when used bare.
        demanded: `scope`: all of these; `any_scope`: one of these; `role`: one of these;
            `claims`: a scalar must equal the claim, of the same JSON type, or be in it when that is
            a list, and a list means one of these; `check`: a function of the `Claims`, where falsy
            is refused; `issuers`: the token's `iss` is one of these, where `"own"` is us, with or
            without an `iss`; `max_age`: its subject showed who it is at most so many seconds ago,
            or a timedelta (RFC 9470); `optional`: no token is fine, a bad one is not; `user`: the
            user loader finds a user; `locations`: where alone the token may be, as entries of
            TOKENGUARD_TOKEN_LOCATIONS.

    Raises:
        TypeError: An argument demands nothing, or what no token can have; or the view, or what it
            wraps, is public.

    Raises (from the decorated view):
        TokenMissing: 401, there is no token.
        InvalidToken: 401, it is bad.
        InsufficientAuthentication: 401, its subject must log in again.
        InsufficientScope: 403, it does not allow this.
        Unavailable: 503, it is not known whether it is good.
    """
    if positional:
        view, *others = positional
        if others or demanded or not callable(view):
            raise _misplaced("token_required", view)
        return guard(view, ANY_TOKEN)
    demand = Demand.of(**demanded)

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        return guard(view, demand)

    # The look finds it in the `method_decorators` of flask-restful and flask-restx.
    mark(decorate, demand)
    return decorate


@overload
def require_token(*, optional: Literal[False] = False, **demanded: Unpack[Demanded]) -> Claims: ...


@overload
def require_token(*, optional: bool, **demanded: Unpack[Demanded]) -> Claims | None: ...


def require_token(
    *misplaced: object, optional: bool = False, **demanded: Unpack[Demanded]
) -> Claims | None:
    """Demand a valid token of the current request, and more, where a call is made.

    For views, helpers and `before_request`, when a decorator cannot know in time what is needed. A
    CORS preflight is no exception: in a `before_request`, skip OPTIONS yourself.

    Args:
        misplaced: Nothing; what is demanded goes by name.
        optional: Whether no token is fine; a bad one is not.
        demanded: As `token_required` takes it.

    Returns:
        The token's claims, which are those of `g.claims`; None without an optional token.

    Raises:
        TypeError: An argument demands nothing, or what no token can have.
        TokenMissing: 401, there is no token.
        InvalidToken: 401, it is bad.
        InsufficientAuthentication: 401, its subject must log in again.
        InsufficientScope: 403, it does not allow this.
        Unavailable: 503, it is not known whether it is good.
    """
    if misplaced:
        raise _misplaced("require_token", misplaced[0])
    is_plain = optional is False and not demanded
    demand = ANY_TOKEN if is_plain else Demand.of(optional=optional, **demanded)
    return _require_once(demand).claims


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Leave an endpoint open under `TOKENGUARD_PROTECT = "all"`; put it below the route.

    Raises:
        TypeError: The view is a class, or it, or what it wraps, is guarded or public already.
    """
    _check_view(view)
    check_unmarked(view, by=None)
    wrapper = _wrap(view, None)
    mark(wrapper, None)
    return wrapper


def require(demands: tuple[Demand, ...], authentication: Authentication) -> None:
    """Require that a request satisfies some demands, and note that it does.

    Raises:
        Refusal: With its finished answer.
    """
    authentication.is_demanded = True
    for demand in demands:
        if authentication.token is None or demand.asks_more:
            _enforce(demand, authentication)
    authentication.satisfied += demands


def _enforce(demand: Demand, authentication: Authentication) -> None:
    try:
        demand.enforce(authentication, authentication.parts.clock)
        if demand.user:
            load_user(authentication)
    except Refusal as error:
        finish_refusal(authentication, error)
        raise


def _require_once(demand: Demand) -> Authentication:
    """Require a demand of the current request, unless the hook or a wrapper did."""
    if demand.locations and not demand.is_refresh:
        authentication = current_authentication_in(demand.locations)
    else:
        authentication = current_authentication(reads_body=not demand.is_refresh)
    if demand not in authentication.satisfied:
        require((demand,), authentication)
    return authentication


def _require_or_answer(demand: Demand) -> Response | None:
    """Require a demand as the hook does; a preflight is answered in the view's place."""
    request = current_request()
    if request.method == "OPTIONS":
        from . import preflights  # noqa: PLC0415 - imported when used

        if preflights.is_preflight(request):
            return preflights.answer_preflight()
    _require_once(demand)
    return None


def guard(view: Callable[P, R], demand: Demand) -> Callable[P, R]:
    """Wrap a view in a demand, and mark both it and the view.

    Raises:
        TypeError: The view is a class, or the demand contradicts what it has.
    """
    _check_view(view)
    check_unmarked(view, by=demand)
    wrapper = _wrap(view, demand)
    mark(wrapper, demand)
    # What is decorated during a request would be marked at each anew, without end.
    if not has_request_context():
        mark_below(view, demand)
    return wrapper


def _wrap(view: Callable[P, R], demand: Demand | None) -> Callable[P, R]:
    """Wrap a view in a function that requires a demand first, async if the view is."""
    if inspect.iscoroutinefunction(view):

        @functools.wraps(view)
        async def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
            answer = None if demand is None else _require_or_answer(demand)
            return answer or await view(*args, **kwargs)

        return cast(Callable[P, R], wrapper)

    if demand is None:

        @functools.wraps(view)
        def public_wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            return view(*args, **kwargs)

        return public_wrapper

    @functools.wraps(view)
    def sync_wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        authentication: Authentication | None = getattr(current_request(), ATTRIBUTE, None)
        # Mostly the hook has required it; what another app has required is nothing to us.
        if (
            authentication is None
            or demand not in authentication.satisfied
            or authentication.parts.app is not resolved_app()
        ):
            return _require_or_answer(demand) or view(*args, **kwargs)
        return view(*args, **kwargs)

    return sync_wrapper


def _misplaced(function: str, thing: object) -> TypeError:
    """Make the error for an argument without a name that is not a view alone."""
    if callable(thing):
        return TypeError(f"{function} takes a view alone, or demands by name: call it first")
    scope = thing if isinstance(thing, str) else "notes:read"
    return TypeError(
        f"{thing!r} is not a view, and what is demanded goes by name: {function}(scope={scope!r})"
    )


def _check_view(view: object) -> None:
    if isinstance(view, type):
        raise TypeError(
            f"{view!r} is a class; put the decorator on its methods or in its `decorators`"
        )
    if not callable(view):
        raise TypeError(f"{view!r} is not a view")


# Frameworks keep these very functions in their lists of decorators, where the look finds them.
mark(token_required, ANY_TOKEN)
mark(public, None)
