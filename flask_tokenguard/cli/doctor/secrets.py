"""Secrets that can be guessed."""

from ...keys.text import is_pem

_FEWEST_DIFFERENT_CHARACTERS = 10
_WORDS_OF_EXAMPLES = ("secret", "password", "change", "example")


def is_weak(text: object) -> bool:
    """Return whether key text is a secret that can be guessed."""
    if not isinstance(text, str) or is_pem(text) or text.startswith("{"):
        return False
    is_placeholder = any(word in text.lower() for word in _WORDS_OF_EXAMPLES)
    return is_placeholder or len(set(text)) < _FEWEST_DIFFERENT_CHARACTERS
