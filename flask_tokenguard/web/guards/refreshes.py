"""Demands of refresh tokens: `refresh_required`, whose view then refreshes (RFC 6749 section 6)."""

from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar, overload

from ...arguments.hints import unknown_argument
from ...clock import Clock
from ..authentication import Authentication, current_request
from ..challenge import forbid_storing
from ..credentials.places import REFRESH_TOKEN
from ..refreshing import PRESENTED, find_presented
from .decorators import guard
from .demands import Demand, read_places
from .marks import mark

P = ParamSpec("P")
R = TypeVar("R")


class RefreshDemand(Demand):
    """A refresh token, in place of an access token: what `refresh_required` demands."""

    __slots__ = ()
    is_refresh = True

    def as_data(self) -> dict[str, Any]:
        """Return what is demanded, for JSON."""
        places = {"locations": [*map(str, self.locations)]} if self.locations else {}
        return {REFRESH_TOKEN: True, **places}

    def enforce(self, authentication: Authentication, clock: Clock) -> None:  # noqa: ARG002 - see Demand
        """Verify the refresh token of the current request, and keep it for `refresh_token_pair`.

        Raises:
            ConfigurationError: There is no store.
            InvalidGrant: The refresh token is missing or bad, or its user is gone.
            Unavailable: It cannot be checked.
        """
        forbid_storing()
        parts = authentication.parts
        locations = parts.refresh_locations
        if self.locations:
            locations = parts.places.refresh(self.locations)
        setattr(current_request(), PRESENTED, find_presented(parts, locations))

    def __str__(self) -> str:
        return f"a refresh token, in {self._places()}" if self.locations else "a refresh token"


A_REFRESH_TOKEN = RefreshDemand()


@overload
def refresh_required(view: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def refresh_required(
    *, locations: str | Iterable[str] | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def refresh_required(
    *positional: Any, locations: str | Iterable[str] | None = None, **unknown: object
) -> Any:
    """Demand a good refresh token before a view runs, which `refresh_token_pair()` then rotates.

    Use it bare or called. The token comes in a form or in JSON, with the parameters that the token
    endpoint takes, or where TOKENGUARD_TOKEN_LOCATIONS names a place. What the endpoint
    would refuse is refused in its words, before the view and all that stands above it. Nothing is
    spent before the view rotates the token. Then the store decides whether it was spent already, or
    its session ended; if the view makes a server error of that refusal, the refusal is the answer
    all the same. An access token is not looked for, and `g.claims` stays None.

    Args:
        positional: The view, when used bare.
        locations: Where alone the token may be, as entries of TOKENGUARD_TOKEN_LOCATIONS; `cookie`
            is that of refresh tokens, and a parameter without a name is `refresh_token`.
        unknown: Nothing.

    Raises:
        TypeError: The view is a class; or it, or what it wraps, is public or demands an access
            token. Or a location is none.

    Raises (from the decorated view):
        ConfigurationError: There is no store.
        InvalidGrant: The refresh token is missing or bad (400), or the body too large (413).
        Unavailable: 503, it cannot be checked.
    """
    if unknown:
        raise unknown_argument(
            next(iter(unknown)), ["locations"], {}, otherwise="it takes locations= alone"
        )
    if positional:
        view, *others = positional
        if others or locations is not None:
            raise TypeError("refresh_required takes a view alone, or locations= by name")
        return guard(view, A_REFRESH_TOKEN)
    demand = RefreshDemand(locations=read_places(locations))

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        return guard(view, demand)

    mark(decorate, demand)
    return decorate


# Frameworks keep this very function in their lists of decorators, where the look finds it.
mark(refresh_required, A_REFRESH_TOKEN)
