"""What clients send, checked before anything uses it, and what they want back."""

from collections.abc import Mapping
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest


def texts(**longest: int) -> tuple[str, ...]:
    """Read text members of the request's JSON object, in the order asked for.

    Args:
        longest: The members' names, each with the most characters that it may have.

    Raises:
        BadRequest: The body is not a JSON object, or a member is not such a text.
        UnsupportedMediaType: The body is not called JSON.
    """
    return _texts(_json_object(), longest)


def form_texts(**longest: int) -> tuple[str, ...]:
    """Read text fields of the request's form, as `texts` reads members.

    Raises:
        BadRequest: A field is not such a text.
    """
    return _texts(request.form, longest)


def wants_page() -> bool:
    """Return whether a person is to read the answer: a browser asks for HTML first."""
    kinds = ["application/json", "text/html"]
    return request.accept_mimetypes.best_match(kinds) == "text/html"


def _texts(members: Mapping[str, Any], longest: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(_text(members, name, most) for name, most in longest.items())


def _json_object() -> dict[str, Any]:
    try:
        members = request.get_json()
    except RecursionError:
        raise BadRequest("The body is nested too deeply") from None
    if not isinstance(members, dict):
        raise BadRequest("The body must be a JSON object")
    return members


def _text(members: Mapping[str, Any], name: str, most: int) -> str:
    text = members.get(name)
    if not isinstance(text, str) or not 1 <= len(text) <= most or not _is_unicode(text):
        raise BadRequest(f"{name} must be a text of 1 to {most} characters")
    return text


def _is_unicode(text: str) -> bool:
    # JSON can spell half of a surrogate pair, which neither SQLite nor a password hash can take.
    return not any("\ud800" <= character <= "\udfff" for character in text)
