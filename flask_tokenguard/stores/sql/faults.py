"""Faults: what goes wrong with a database, by its code and for the log.

Nothing is described that a server may quote of what it was sent.
"""

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

# PyMySQL 1.1 may fail to decode what a server that ends writes.
FAULTS = (SQLAlchemyError, OSError, ValueError)
_LONGEST_TEXT = 200
_LONGEST_CODE = 5


class Unsure(OSError):
    """The server did not answer the COMMIT: what was written may be there, or not."""


class NotConnected(OSError):
    """The driver has failed in its own code, such as by a parameter that it does not take."""


def codes_of(error: DBAPIError) -> list[str]:
    """Return what the server calls its error: a SQLSTATE, a number of MySQL's, or both."""
    given = [getattr(error.orig, "sqlstate", None), *getattr(error.orig, "args", ())[:1]]
    known = [str(code) for code in given if isinstance(code, int | str)]
    return [code for code in known if len(code) <= _LONGEST_CODE]


def describe(error: Exception) -> str:
    """Describe what went wrong, without anything that a server may quote of what it was sent."""
    if isinstance(error, UnicodeError):
        # It quotes a character, which may be one of the password.
        return type(error).__name__
    if not isinstance(error, DBAPIError):
        reason = error.strerror if isinstance(error, OSError) and error.strerror else ""
        return " ".join(filter(None, (type(error).__name__, reason or first_line(error))))
    words = [type(error.orig).__name__, *codes_of(error)]
    if error.statement is None:
        # It could not connect, and was sent nothing but a login.
        words.append(first_line(error.orig))
    return " ".join(filter(None, words))


def first_line(error: object) -> str:
    """Return the first line of an error's text, cut if need be."""
    return next(iter(str(error).splitlines()), "")[:_LONGEST_TEXT]
