"""Users: those that the app's loader finds for the tokens of requests."""

from typing import Any

from flask import has_request_context
from werkzeug.local import LocalProxy

from ..errors import InvalidToken, Reason, Refusal
from ..verify.claims import VerifiedToken
from .authentication import (
    UNSET,
    Authentication,
    current_authentication,
    finish_refusal,
    report_later,
)


def load_user(authentication: Authentication) -> Any:
    """Get the user that the app's loader finds for the token, calling it once a request.

    Raises:
        ConfigurationError: The app has no user loader.
        InvalidToken: The user is gone.
        Refusal: The loader's own.
    """
    if authentication.token is None:
        return None
    if authentication.user is UNSET:
        authentication.user = _ask_for_user(authentication, authentication.token)
    if isinstance(authentication.user, Refusal):
        raise authentication.user
    return authentication.user


def _ask_for_user(authentication: Authentication, token: VerifiedToken) -> Any:
    """Call the app's loader; a refusal is returned, to be kept as that of a bad token is."""
    try:
        user = authentication.parts.callbacks.load_user(token.claims)
        if user is not None:
            return user
        error: Refusal = InvalidToken(
            "The token's user is gone", claim="sub", reason=Reason.USER_GONE
        )
    except Refusal as refusal:
        error = refusal
    token.attach_to(error)
    report_later(authentication, error)
    return error


def _find_user() -> Any:
    if not has_request_context():  # As in the template of a mail.
        return None
    authentication = current_authentication()
    try:
        return load_user(authentication)
    except Refusal as error:
        if not authentication.is_demanded:
            return None
        finish_refusal(authentication, error)
        raise


current_user: Any = LocalProxy(_find_user)
