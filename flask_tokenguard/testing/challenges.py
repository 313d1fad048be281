"""Challenges: what a refusal answers, and what a test expects of it (RFC 6750 section 3)."""

from collections.abc import Iterable

from werkzeug.datastructures import WWWAuthenticate
from werkzeug.test import TestResponse

_STATUS = {
    None: 401,
    "invalid_request": 400,
    "invalid_token": 401,
    "insufficient_user_authentication": 401,
    "insufficient_scope": 403,
}


def challenge_parameters(response: TestResponse) -> dict[str, str | None]:
    """Read the parameters of the one challenge, which is for a bearer token.

    Raises:
        AssertionError: There is none, several, or one for another scheme.
    """
    challenges = response.headers.getlist("WWW-Authenticate")
    parsed = WWWAuthenticate.from_header(challenges[0]) if len(challenges) == 1 else None
    if parsed is None or parsed.type != "bearer":
        raise AssertionError(
            f"the answer {response.status} has {challenges or 'no challenge'}, where one Bearer"
            " challenge was expected"
        )
    return dict(parsed.parameters)


def assert_challenge(
    response: TestResponse, *, error: str | None = None, scope: str | Iterable[str] | None = None
) -> None:
    """Check that an answer refuses a request, with the challenge that clients read.

    Args:
        response: The answer, whose status must be that of the error.
        error: The error code; None where there was no token, whose challenge has no code.
        scope: The scopes that the challenge asks for, in any order: a text, or one by one; None
            leaves them open.

    Raises:
        AssertionError: Another answer came; the message has both.
        ValueError: No challenge has such an error code.
    """
    if error not in _STATUS:
        codes = ", ".join(filter(None, _STATUS))
        raise ValueError(f"no challenge has the error {error!r}, but one of {codes}")
    parameters = challenge_parameters(response)
    came = (response.status_code, parameters.get("error"))
    if came != (_STATUS[error], error):
        raise AssertionError(
            f"the answer is {came[0]} with {came[1] or 'no error code'}:"
            f" {parameters.get('error_description')}; expected was {_STATUS[error]} with"
            f" {error or 'no error code'}"
        )
    if scope is not None:
        expected = set(scope.split() if isinstance(scope, str) else scope)
        asked = set((parameters.get("scope") or "").split())
        if asked != expected:
            raise AssertionError(
                f"the challenge asks for the scope {sorted(asked)}; expected was {sorted(expected)}"
            )
