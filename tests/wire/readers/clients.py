"""Clients that PyPI brings: how each refreshes and revokes, as its documentation has it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from unittest import mock

import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from requests_oauth2client import BearerToken, OAuth2Client
from requests_oauthlib import OAuth2Session

CLIENT_ID = "phone"


# Without a repr, which would show tokens where a test fails.
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LoggedIn:
    """What a client has after a login.

    Attributes:
        issuer: Who we are.
        token_url, revocation_url: Our endpoints.
        pair: The answer to the login.
    """

    issuer: str
    token_url: str
    revocation_url: str
    pair: Mapping[str, Any]

    @property
    def job(self) -> dict[str, Any]:
        """All of it for a program in another language."""
        urls = {name: getattr(self, name) for name in ("issuer", "token_url", "revocation_url")}
        return {"client_id": CLIENT_ID, "pair": dict(self.pair), **urls}


class Client(NamedTuple):
    """A library.

    Attributes:
        name: In the page's words.
        distribution: At PyPI.
        refresh: Returns a new access token.
        revoke: Revokes the refresh token.
    """

    name: str
    distribution: str
    refresh: Callable[[LoggedIn], str]
    revoke: Callable[[LoggedIn], object]
    mind: str = "-"


def _oauthlib_refresh(ours: LoggedIn) -> str:
    # It refuses plain http, also to this machine.
    with mock.patch.dict(os.environ, OAUTHLIB_INSECURE_TRANSPORT="1"):
        session = OAuth2Session(CLIENT_ID, token=dict(ours.pair))
        access_token: str = session.refresh_token(ours.token_url)["access_token"]
    return access_token


def _oauthlib_revoke(ours: LoggedIn) -> None:
    with mock.patch.dict(os.environ, OAUTHLIB_INSECURE_TRANSPORT="1"):
        session = OAuth2Session(CLIENT_ID, token=dict(ours.pair))
        url, headers, body = session._client.prepare_token_revocation_request(
            ours.revocation_url, ours.pair["refresh_token"], "refresh_token"
        )
    requests.post(url, data=body, headers=headers, timeout=10).raise_for_status()


def _oauth2client(ours: LoggedIn) -> OAuth2Client:
    return OAuth2Client(
        token_endpoint=ours.token_url,
        revocation_endpoint=ours.revocation_url,
        client_id=CLIENT_ID,
        testing=True,
    )


def _oauth2client_refresh(ours: LoggedIn) -> str:
    token = _oauth2client(ours).refresh_token(BearerToken(**ours.pair))
    return str(token.access_token)


def _oauth2client_revoke(ours: LoggedIn) -> None:
    assert _oauth2client(ours).revoke_refresh_token(ours.pair["refresh_token"])


def _authlib(ours: LoggedIn) -> Any:
    return AuthlibSession(CLIENT_ID, token=dict(ours.pair), token_endpoint_auth_method="none")


def _authlib_refresh(ours: LoggedIn) -> str:
    with _authlib(ours) as session:
        access_token: str = session.refresh_token(ours.token_url)["access_token"]
    return access_token


def _authlib_revoke(ours: LoggedIn) -> None:
    with _authlib(ours) as session:
        token = ours.pair["refresh_token"]
        session.revoke_token(ours.revocation_url, token=token).raise_for_status()


CLIENTS = (
    Client("requests-oauthlib", "requests-oauthlib", _oauthlib_refresh, _oauthlib_revoke),
    Client(
        "requests-oauth2client",
        "requests-oauth2client",
        _oauth2client_refresh,
        _oauth2client_revoke,
    ),
    Client("Authlib's client", "authlib", _authlib_refresh, _authlib_revoke),
)
