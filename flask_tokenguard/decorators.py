"""What does this view demand?

`token_required` wraps a view and marks it. The mark lets the hook check a demand before anything
else runs; the wrapper checks it where no mark is seen, such as under a foreign decorator.
"""

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, Literal, ParamSpec, TypeVar, Unpack, cast, overload

from flask import Response, current_app, has_request_context

from . import current
from .claims import Claims
from .current import RECORD, current_request
from .demands import ANY_TOKEN, Demand, Demanded
from .errors import Refusal

P = ParamSpec("P")
R = TypeVar("R")

_MARK = "__tokenguard__"


class Demands:
    """What an endpoint demands, and whether it is marked public."""

    __slots__ = ("demands", "is_public")

    def __init__(self, demands: tuple[Demand, ...], *, is_public: bool) -> None:
        self.demands = demands
        self.is_public = is_public


class _Mark(Demands):
    """What was said of one function; void on any other, to which `functools.wraps` copies it."""

    __slots__ = ("is_wrapper", "owner")

    def __init__(
        self,
        owner: Callable[..., Any],
        demands: tuple[Demand, ...] = (),
        *,
        is_wrapper: bool = False,
        is_public: bool = False,
    ) -> None:
        super().__init__(demands, is_public=is_public)
        self.owner = owner
        self.is_wrapper = is_wrapper


_NOTHING = Demands((), is_public=False)


@overload
def token_required(view: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def token_required(
    *, optional: bool = False, **demanded: Unpack[Demanded]
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def token_required(view: Callable[..., Any] | None = None, /, **demanded: Any) -> Any:
    """Demand a valid token, and more, before a view runs. Use it bare or called.

    Args:
        view: The view, when used bare.
        demanded: `scope`: all of these; `any_scope`: one of these; `role`: one of these;
            `claims`: a scalar must equal the claim, of the same JSON type, or be in it when that is
            a list, and a list means one of these; `check`: a function of the `Claims`, where falsy
            is refused; `issuers`: the token's `iss` is one of these; `max_age`: its subject showed
            who it is at most so many seconds ago, or a timedelta (RFC 9470); `optional`: no token
            is fine, a bad one is not; `user`: the user loader finds a user.

    Raises:
        TypeError: An argument demands nothing, or what no token can say.

    Raises (from the decorated view):
        TokenMissing: 401, there is no token.
        InvalidToken: 401, it is bad.
        InsufficientAuthentication: 401, its subject must log in again.
        InsufficientScope: 403, it does not allow this.
        Unavailable: 503, we cannot tell.
    """
    if view is not None:
        if demanded:
            raise TypeError("token_required takes a view or demands, not both; call it first")
        return _guard(view, ANY_TOKEN)
    demand = Demand(**demanded)
    return lambda view: _guard(view, demand)


@overload
def require_token(*, optional: Literal[False] = False, **demanded: Unpack[Demanded]) -> Claims: ...


@overload
def require_token(*, optional: bool, **demanded: Unpack[Demanded]) -> Claims | None: ...


def require_token(*, optional: bool = False, **demanded: Unpack[Demanded]) -> Claims | None:
    """Demand a valid token of the current request, and more, where a call is made.

    For views, helpers and `before_request`, when a decorator cannot know in time what is needed. A
    CORS preflight is no exception: in a `before_request`, skip OPTIONS yourself.

    Args:
        optional: Whether no token is fine; a bad one is not.
        demanded: As `token_required` takes it.

    Returns:
        The token's claims, which are those of `g.claims`; None without an optional token.

    Raises:
        TypeError: An argument demands nothing, or what no token can say.
        TokenMissing: 401, there is no token.
        InvalidToken: 401, it is bad.
        InsufficientAuthentication: 401, its subject must log in again.
        InsufficientScope: 403, it does not allow this.
        Unavailable: 503, we cannot tell.
    """
    is_plain = not (demanded or optional)
    record = current.authentication(reads_body=True)
    meet(ANY_TOKEN if is_plain else Demand(optional=optional, **demanded), record)
    return record.claims


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Leave an endpoint open under `TOKENGUARD_PROTECT = "all"`; put it directly on the view.

    Raises:
        TypeError: The view is a class, or is guarded or public already.
    """
    _check_view(view)
    if getattr(view, _MARK, None) is not None:
        raise TypeError(f"{view!r} is guarded or public already")
    wrapper = _wrap(view, None)
    setattr(wrapper, _MARK, _Mark(wrapper, is_wrapper=True, is_public=True))
    return wrapper


def demands_on(view: object, method: str) -> Demands:
    """Tell what a registered view demands; of a class view, what the method that will run does.

    Args:
        view: What `app.view_functions` holds for it.
        method: The request's, in upper case.
    """
    said = getattr(view, "__dict__", {})
    view_class = said.get("view_class")
    if view_class is None:
        mark = said.get(_MARK)
        return mark if mark is not None and mark.owner is view else _NOTHING
    handler = getattr(view_class, method.lower(), None)
    if handler is None and method == "HEAD":
        handler = getattr(view_class, "get", None)
    marks = [_mark_of(place) for place in (view, view_class.dispatch_request, handler)]
    return Demands(
        tuple(demand for mark in marks if mark is not None for demand in mark.demands),
        is_public=any(mark is not None and mark.is_public for mark in marks),
    )


def meet(demand: Demand, record: current.Record) -> None:
    """Meet a demand or raise; what the hook has met is met for the wrapper.

    Raises:
        Refusal: With its finished answer.
    """
    if demand in record.met:
        return
    if record.token is None or demand.asks_more:
        try:
            demand.check(record, record.parts.clock)
            if demand.user:
                current.load_user(record)
        except Refusal as error:
            current.answer_with(error, record)
            raise
    record.met += (demand,)


def _meet_or_answer(demand: Demand) -> Response | None:
    """Meet a demand as the hook does; a preflight is answered in the view's place."""
    if current.is_preflight(current_request()):
        return current_app.make_default_options_response()
    meet(demand, current.authentication(reads_body=True))
    return None


def _guard(view: Callable[P, R], demand: Demand) -> Callable[P, R]:
    _check_view(view)
    said: _Mark | None = getattr(view, _MARK, None)
    if said is not None and said.is_public:
        raise TypeError(f"{view!r} is public; it cannot demand a token too")
    wrapper = _wrap(view, demand)
    # A bound method is made anew for each request, and so is what is decorated during one; a mark
    # on it would be seen by nobody, or grow for ever.
    if isinstance(view, FunctionType) and not has_request_context():
        beneath = _mark_of(view) or _Mark(view)
        inherited = beneath.demands if beneath.is_wrapper else ()
        setattr(wrapper, _MARK, _Mark(wrapper, (demand, *inherited), is_wrapper=True))
        beneath.demands += (demand,)
        setattr(view, _MARK, beneath)
    return wrapper


def _wrap(view: Callable[P, R], demand: Demand | None) -> Callable[P, R]:
    """Wrap a view in a function that meets a demand first, async if the view is."""
    if inspect.iscoroutinefunction(view):

        @functools.wraps(view)
        async def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
            answer = None if demand is None else _meet_or_answer(demand)
            return answer or await view(*args, **kwargs)

        return cast(Callable[P, R], wrapper)

    @functools.wraps(view)
    def sync_wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        if demand is not None:
            record: current.Record | None = getattr(current_request(), RECORD, None)
            # Mostly the hook has met it.
            if record is None or demand not in record.met:
                return _meet_or_answer(demand) or view(*args, **kwargs)
        return view(*args, **kwargs)

    return sync_wrapper


def _mark_of(view: object) -> _Mark | None:
    mark: _Mark | None = getattr(view, _MARK, None)
    return mark if mark is not None and mark.owner is view else None


def _check_view(view: object) -> None:
    if isinstance(view, type):
        raise TypeError(
            f"{view!r} is a class; put the decorator on its methods or in its `decorators`"
        )
    if not callable(view):
        raise TypeError(f"{view!r} is not a view")
