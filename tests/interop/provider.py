"""A certified provider on loopback, npm's `oidc-provider`, and what its clients get from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .api import AUDIENCE
from .conftest import Scripts

RESOURCE = "https://notes.example.org/"
ANOTHER_RESOURCE = "https://files.example.org/"
CLIENT = {
    "id": "frontend",
    "secret": "kept between the client and its provider",
    "redirect": "https://client.example.org/callback",
}


class Provider:
    """One running provider.

    Attributes:
        issuer: Its name, which is its address.
    """

    def __init__(self, scripts: Scripts, alg: str) -> None:
        job = {"alg": alg, "audience": AUDIENCE, "resource": RESOURCE, "client": CLIENT}
        self._scripts = scripts
        self._is_running = True
        self.issuer: str = scripts.run("provider.mjs", {"command": "start", **job})["issuer"]

    def tell(self, command: str) -> dict[str, Any]:
        """Publish a key, sign with the newest, do both (`rotate`), or retire the oldest."""
        state: dict[str, Any] = self._scripts.run(
            "provider.mjs", {"command": command, "issuer": self.issuer}
        )
        return state

    def fetches(self) -> int:
        """Count how often the keys were fetched."""
        fetches: int = self.tell("state")["fetches"]
        return fetches

    def tokens(
        self, grant: str = "authorization_code", resource: str = RESOURCE, scope: str = "notes:read"
    ) -> dict[str, str]:
        """Get what a client gets: an access token, and by a code an ID token too."""
        job = {
            "issuer": self.issuer,
            "client": CLIENT,
            "grant": grant,
            "resource": resource,
            "scope": scope,
        }
        tokens: dict[str, str] = self._scripts.run("client.mjs", job)
        return tokens

    def access_token(self, resource: str = RESOURCE) -> str:
        """Get an access token by client credentials."""
        return self.tokens("client_credentials", resource)["access_token"]

    def stop(self) -> None:
        """Close its port and all connections to it, unless it is closed."""
        if self._is_running:
            self.tell("stop")
            self._is_running = False


@contextmanager
def running_provider(scripts: Scripts, alg: str = "RS256") -> Iterator[Provider]:
    """Start a provider that signs with this algorithm, and end it."""
    provider = Provider(scripts, alg)
    yield provider
    provider.stop()
