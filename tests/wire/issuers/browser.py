"""What a browser and a client do between them in the authorization code flow (RFC 7636)."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

CALLBACK = "https://client.example.org/callback"


class CodeFlow:
    """One run of the flow, with PKCE and a nonce.

    Attributes:
        query: What the authorization endpoint is asked.
    """

    def __init__(self, client: str, scope: str) -> None:
        self._verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self._verifier.encode()).digest()
        self.query = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": CALLBACK,
            "scope": scope,
            "state": secrets.token_urlsafe(),
            "nonce": secrets.token_urlsafe(),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }

    def redeem(self, url: str, location: str, **members: str) -> dict[str, Any]:
        """Return the tokens for the code that a redirection brings.

        Args:
            url: The token endpoint.
            location: Where the browser was sent.
            members: Further parameters.
        """
        code = parse_qs(urlsplit(location).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.query["client_id"],
            "redirect_uri": CALLBACK,
            "code_verifier": self._verifier,
        }
        answer = requests.post(url, data=form | members, timeout=20)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens
