"""NumericDate: the instants that a token holds, and the one bound of them all (RFC 7519 section 2).

JSON knows numbers of any size, and text, `null` and truth values besides. A number that no datetime
can hold fails in each place that computes with it, so each reads it here.
"""

from collections.abc import Mapping
from typing import Any

from ..errors import InvalidToken

# 9999-12-31T23:59:59Z, the last second that a datetime can hold.
LAST_NUMERIC_DATE = 253_402_300_799


def numeric_date(claims: Mapping[str, Any], claim: str) -> float:
    """Read a NumericDate claim that must be there.

    Args:
        claims: Of a token, whether its rules were checked or not.
        claim: Such as `"exp"`.

    Returns:
        Seconds since the epoch, from 0 to the end of the year 9999.

    Raises:
        InvalidToken: The claim is absent, or no such number.
    """
    instant: Any = claims.get(claim)
    # Not isinstance: bool is an int to Python. NaN is not within any bounds.
    if (type(instant) is int or type(instant) is float) and 0 <= instant <= LAST_NUMERIC_DATE:
        return instant
    raise InvalidToken(f"The token has no valid {claim}", claim=claim)


def optional_date(claims: Mapping[str, Any], claim: str) -> float | None:
    """Read a NumericDate claim; None where it is absent. Otherwise as `numeric_date`."""
    return numeric_date(claims, claim) if claim in claims else None
