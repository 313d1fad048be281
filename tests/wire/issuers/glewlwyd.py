"""Debian's glewlwyd with an OpenID Connect plugin, a client and a user, through its own API."""

import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from .browser import CALLBACK, CodeFlow

RESOURCE = "https://notes.example.org/"
SCOPE = "notes:read"
CLIENT = "app"
SECRET = "kept between the client and glewlwyd"
_SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
_CONFIG = Path("/etc/glewlwyd/glewlwyd.conf")


def configure(folder: Path, port: int) -> list[str]:
    """Write its configuration and an empty database, and give its command line."""
    config, database = _CONFIG.read_text(), folder / "glewlwyd.db"
    for name, value in {
        "port": f'{port}\nbind_address="127.0.0.1"',
        "external_url": f'"http://127.0.0.1:{port}"',
        "log_mode": '"console"',
    }.items():
        config = re.sub(rf"(?m)^{name}=.*", f"{name}={value}", config)
    config = re.sub(
        r'@include ".*glewlwyd-db.conf"',
        f'database = {{ type = "sqlite3" path = "{database}" }};',
        config,
    )
    (folder / "glewlwyd.conf").write_text(config)
    connection = sqlite3.connect(database)
    connection.executescript(_SCHEMA.read_text())
    connection.close()
    return ["glewlwyd", "-c", str(folder / "glewlwyd.conf")]


class Glewlwyd:
    """One that runs.

    Attributes:
        issuer: The name of its plugin.
    """

    def __init__(self, url: str, private_pem: str, public_pem: str) -> None:
        self._url = f"{url}/api"
        self.issuer = f"{self._url}/oidc"
        self._admin = requests.Session()
        # Its database begins with this user.
        self._call("POST", "auth/", username="admin", password="password")
        self._call("POST", "mod/plugin/", **_plugin(self.issuer, private_pem, public_pem))
        self._call("POST", "scope/", name=SCOPE, password_required=False, scheme={})
        scopes = ["g_admin", "g_profile", "openid", SCOPE]
        self._call("PUT", "user/admin", scope=scopes, enabled=True)
        self._call("POST", "client/", **_client())
        self._call("PUT", f"auth/grant/{CLIENT}", scope=f"openid {SCOPE}")

    def tokens(self, scope: str, grant: str = "password", **members: str) -> dict[str, Any]:
        """Get tokens by the user's password, or by another grant."""
        form = {"grant_type": grant, "scope": scope, "username": "admin", "password": "password"}
        client = {"client_id": CLIENT, "client_secret": SECRET}
        answer = requests.post(f"{self.issuer}/token", data=form | client | members, timeout=20)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def id_token(self, response_type: str) -> str:
        """Get an ID token by a browser's flow."""
        flow = CodeFlow(CLIENT, f"openid {SCOPE}")
        query = flow.query | {"response_type": response_type, "g_continue": ""}
        answer = self._admin.get(
            f"{self.issuer}/auth", params=query, allow_redirects=False, timeout=20
        )
        location = answer.headers["Location"]
        if response_type == "code":
            tokens = flow.redeem(f"{self.issuer}/token", location, client_secret=SECRET)
            return str(tokens["id_token"])
        parts = urlsplit(location)
        return parse_qs(parts.query or parts.fragment)["id_token"][0]

    def _call(self, method: str, path: str, **members: Any) -> None:
        answer = self._admin.request(method, f"{self._url}/{path}", json=members, timeout=20)
        assert answer.status_code == 200, answer.text


def _plugin(issuer: str, private_pem: str, public_pem: str) -> dict[str, Any]:
    """Write what the page of its administrator sends for a plugin."""
    flows = ("code", "token", "id-token", "password", "client", "refresh")
    parameters = {
        "iss": issuer,
        "jwt-type": "rsa",
        "jwt-key-size": "256",
        "key": private_pem,
        "cert": public_pem,
        "access-token-duration": 3600,
        "refresh-token-duration": 3600,
        "code-duration": 600,
        "allow-non-oidc": True,
        "jwks-show": True,
        "pkce-allowed": True,
        "subject-type": "public",
        "resource-allowed": True,
        "resource-scope": {SCOPE: [RESOURCE]},
        **{f"auth-type-{flow}-enabled": True for flow in flows},
    }
    return {"module": "oidc", "name": "oidc", "parameters": parameters, "enabled": True}


def _client() -> dict[str, Any]:
    return {
        "client_id": CLIENT,
        "enabled": True,
        "confidential": True,
        "client_secret": SECRET,
        "redirect_uri": [CALLBACK],
        "authorization_type": ["code", "token", "id_token", "password", "client_credentials"],
        "scope": ["openid", SCOPE],
        "token_endpoint_auth_method": ["client_secret_post"],
    }
