"""Debian's LemonLDAP::NG with its demonstration users, a client, and files for its sessions."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from .browser import CALLBACK, CodeFlow

AUDIENCE = "notes-api"
CLIENT = "app"
SECRET = "kept between the client and the portal"
# One of its demonstration users, whose password is the name.
USER = "dwho"
_PORTAL = Path(__file__).parent / "programs" / "lemonldap.psgi"


def configure(folder: Path, url: str, private_pem: str, public_pem: str) -> dict[str, str]:
    """Write its configuration, and give the variables that name it."""
    for name in ("conf", "cache", "sessions/lock", "persistent/lock"):
        (folder / name).mkdir(parents=True)
    config = {
        **_portal(folder, url),
        **_provider(url, private_pem, public_pem),
        "oidcRPMetaDataOptions": {CLIENT: _client()},
        "oidcRPMetaDataExportedVars": {CLIENT: {"email": "mail", "name": "cn"}},
        "oidcRPMetaDataScopeRules": {CLIENT: {"notes:read": "1"}},
    }
    (folder / "conf" / "lmConf-1.json").write_text(json.dumps(config))
    cache = f"{{'namespace' => 'config', 'cache_root' => '{folder / 'cache'}', 'cache_depth' => 3}}"
    (folder / "lemonldap-ng.ini").write_text(
        "[all]\nlogLevel = warn\nlogger = Lemonldap::NG::Common::Logger::Std\n"
        "userLogger = Lemonldap::NG::Common::Logger::Std\n"
        f"[configuration]\ntype = File\ndirName = {folder / 'conf'}\n"
        f"localStorage = Cache::FileCache\nlocalStorageOptions = {cache}\n"
        "[portal]\ntemplateDir = /usr/share/lemonldap-ng/portal/templates\n[handler]\n"
    )
    return {"LLNG_DEFAULTCONFFILE": str(folder / "lemonldap-ng.ini")}


def command(port: int) -> list[str]:
    """Give its command line."""
    return ["plackup", "--host", "127.0.0.1", "--port", str(port), str(_PORTAL)]


class Portal:
    """One that runs, and a browser that is logged in."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/oauth2"
        self._browser = requests.Session()
        self._browser.post(
            url,
            data={"user": USER, "password": USER},
            headers={"Accept": "application/json"},
            timeout=20,
        ).raise_for_status()

    def authorize(self, response_type: str) -> tuple[CodeFlow, str]:
        """Give a browser's flow, and where the browser is sent."""
        flow = CodeFlow(CLIENT, "openid notes:read")
        answer = self._browser.get(
            f"{self._url}/authorize",
            params=flow.query | {"response_type": response_type},
            allow_redirects=False,
            timeout=20,
        )
        return flow, answer.headers["Location"]

    def tokens(self) -> dict[str, Any]:
        """Get tokens for a code."""
        flow, location = self.authorize("code")
        return flow.redeem(f"{self._url}/token", location, client_secret=SECRET)

    def id_token(self, response_type: str) -> str:
        """Get an ID token from the authorization endpoint."""
        _, location = self.authorize(response_type)
        return parse_qs(urlsplit(location).fragment)["id_token"][0]

    def client_token(self) -> str:
        """Get a client's own access token."""
        answer = requests.post(
            f"{self._url}/token",
            data={"grant_type": "client_credentials", "scope": "notes:read"},
            auth=(CLIENT, SECRET),
            timeout=20,
        )
        return str(answer.json()["access_token"])

    def userinfo(self, access: str) -> str:
        """Get what is known of the user, signed."""
        headers = {"Authorization": f"Bearer {access}"}
        return requests.get(f"{self._url}/userinfo", headers=headers, timeout=20).text


def _portal(folder: Path, url: str) -> dict[str, Any]:
    file = "Apache::Session::File"

    def storage(name: str) -> dict[str, str]:
        return {"Directory": str(folder / name), "LockDirectory": str(folder / name / "lock")}

    return {
        "cfgNum": 1,
        "cfgDate": 1,
        "cfgVersion": "2.16.1",
        "domain": "127.0.0.1",
        "portal": f"{url}/",
        "authentication": "Demo",
        "userDB": "Same",
        "passwordDB": "Null",
        "registerDB": "Null",
        "captcha": "::Captcha::None",
        "cookieName": "lemonldap",
        "securedCookie": 0,
        "key": "a key of the portal's own",
        "globalStorage": file,
        "globalStorageOptions": storage("sessions"),
        "persistentStorage": file,
        "persistentStorageOptions": storage("persistent"),
        "localSessionStorage": "",
        "requireToken": 0,
        "demoExportedVars": {"cn": "cn", "mail": "mail", "uid": "uid"},
        "whatToTrace": "uid",
        "locationRules": {"127.0.0.1": {"default": "accept"}},
        "exportedHeaders": {},
    }


def _provider(url: str, private_pem: str, public_pem: str) -> dict[str, Any]:
    return {
        "issuerDBOpenIDConnectActivation": 1,
        "issuerDBOpenIDConnectRule": 1,
        "oidcServiceMetaDataIssuer": url,
        "oidcServicePrivateKeySig": private_pem,
        "oidcServicePublicKeySig": public_pem,
        "oidcServiceKeyIdSig": "lemonldap-1",
        "oidcServiceAllowAuthorizationCodeFlow": 1,
        "oidcServiceAllowImplicitFlow": 1,
        "oidcServiceAllowHybridFlow": 1,
    }


def _client() -> dict[str, Any]:
    options = {
        "ClientID": CLIENT,
        "ClientSecret": SECRET,
        "RedirectUris": CALLBACK,
        "BypassConsent": 1,
        "IDTokenSignAlg": "RS256",
        "AccessTokenJWT": 1,
        "AccessTokenSignAlg": "RS256",
        "UserInfoSignAlg": "RS256",
        "AdditionalAudiences": AUDIENCE,
        "AllowClientCredentialsGrant": 1,
        "RefreshToken": 1,
        "UserIDAttr": "uid",
    }
    return {f"oidcRPMetaDataOptions{name}": value for name, value in options.items()}
