"""Tokens of an app under test, by its own keys and rules: none of them passes by a check."""

from collections.abc import Callable
from typing import Any, Unpack

from flask import Flask
from flask.testing import FlaskClient

from ..config.locations import AUTHORIZATION, BEARER, HEADER
from ..errors import ConfigurationError
from ..issue.options import IssueOptions
from ..verify.claims import Claims
from ..web import sessions
from ..web.credentials.readers import variable_of
from ..web.issuing import issue
from ..web.parts import Parts
from .apps import parts_under_test

SUBJECT = "alice"


def token_for(app: Flask, subject: str, **options: Unpack[IssueOptions]) -> str:
    """Issue a token as `issue_token` does, in an app context of its own.

    Args:
        app: In testing mode.
        subject: The `sub`.
        options: Those of `issue_token`: `scope`, `claims`, `lifetime` and so on.

    Raises:
        ConfigurationError: The app is not in testing mode, its settings were changed after
            `init_app`, or it has no key to sign with.
        IssueError, TypeError, Unavailable: As `issue_token` does.
    """
    parts = parts_under_test(app)
    with app.app_context():
        return issue(parts, subject, options).token


def client_with(app: Flask, token: str) -> FlaskClient:
    """Make a test client that sends a token with each request, as the app's own clients do.

    It goes in a cookie where TOKENGUARD_TOKEN_LOCATIONS names them, from a page of the app's own
    (`Sec-Fetch-Site`), else in the header. What a request states in a header of its own counts.

    Raises:
        ConfigurationError: The app is not in testing mode, or takes tokens from neither.
    """
    parts = parts_under_test(app)
    client = app.test_client()
    if parts.cookies is not None:
        host = (app.config["SERVER_NAME"] or "localhost").partition(":")[0]
        path = parts.cookies.attributes.path
        client.set_cookie(parts.cookies.access, token, domain=host, path=path)
        client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        return client
    for entry in parts.settings.token_locations:
        if entry.kind == HEADER:
            name, scheme = (entry.name, entry.scheme) if entry.name else (AUTHORIZATION, BEARER)
            client.environ_base[variable_of(name)] = f"{scheme} {token}" if scheme else token
            return client
    raise ConfigurationError(
        f"TOKENGUARD_TOKEN_LOCATIONS of the app {app.name!r} names neither header nor cookie, which"
        " a client sends with each request; send the token with app.test_client()"
    )


def revoked(app: Flask, subject: str = SUBJECT, **options: Unpack[IssueOptions]) -> str:
    """Issue a token and revoke it; takes and raises what `token_for` does, and needs a store."""
    parts = parts_under_test(app)
    token = token_for(app, subject, **options)
    with app.app_context():
        sessions.revoke(parts, token)
    return token


def session_ended(app: Flask, subject: str = SUBJECT, **options: Unpack[IssueOptions]) -> str:
    """Begin a session, end it, and return its access token; as `revoked` else."""
    parts = parts_under_test(app)
    with app.app_context():
        pair = sessions.start_session(parts, subject, "", options)
        token = str(pair.get("access_token"))
        sessions.end(parts, parts.verifier.verify(token).claims["sid"], subject=None)
    return token


def subject_ended(app: Flask, subject: str = SUBJECT, **options: Unpack[IssueOptions]) -> str:
    """Issue a token, and end all that its subject had up to now; as `revoked` else."""
    parts = parts_under_test(app)
    token = token_for(app, subject, **options)
    with app.app_context():
        sessions.end_all(parts, subject, issuer=None)
    return token


def user_gone(app: Flask, subject: str = SUBJECT, **options: Unpack[IssueOptions]) -> str:
    """Issue a token for which the app's user loader finds nobody; for any other it stays as it is.

    Raises:
        ConfigurationError: As `token_for` does, or the app has no user loader.
    """
    parts = parts_under_test(app)
    token = token_for(app, subject, **options)
    with app.app_context():
        _forgetful_loader(parts).gone.add(parts.verifier.verify(token).claims["jti"])
    return token


class _ForgetfulLoader:
    """A user loader that finds nobody for some tokens, and else asks the app's.

    Attributes:
        gone: The `jti` of those tokens.
    """

    def __init__(self, load: Callable[[Claims], Any]) -> None:
        self._load = load
        self.gone: set[str] = set()

    def __call__(self, claims: Claims) -> Any:
        return None if claims.get("jti") in self.gone else self._load(claims)


def _forgetful_loader(parts: Parts) -> _ForgetfulLoader:
    load = parts.callbacks.user_loader
    if load is None:
        raise ConfigurationError("No user loader; register one with @guard.user_loader")
    if not isinstance(load, _ForgetfulLoader):
        load = parts.callbacks.user_loader = _ForgetfulLoader(load)
    return load
