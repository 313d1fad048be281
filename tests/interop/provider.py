"""A certified provider on loopback, npm's `oidc-provider`, and what its clients get from it."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .conftest import Scripts

AUDIENCE = "notes-api"
RESOURCE = "https://notes.example.org/"
ANOTHER_RESOURCE = "https://files.example.org/"
CLIENT = {
    "id": "frontend",
    "secret": "kept between the client and its provider",
    "redirect": "https://client.example.org/callback",
}
PATIENCE = 10.0


class Provider:
    """One running provider.

    Attributes:
        issuer: Its name, which is its address.
    """

    def __init__(self, scripts: Scripts, process: "subprocess.Popen[str]") -> None:
        self._scripts = scripts
        self._process = process
        self.issuer: str = self._read()["issuer"]

    def tell(self, command: str) -> dict[str, Any]:
        """Publish a key, sign with the newest, do both (`rotate`), or retire the oldest."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return self._read()

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
        tokens: dict[str, str] = json.loads(self._scripts.run("client.mjs", job))
        return tokens

    def access_token(self, resource: str = RESOURCE) -> str:
        """Get an access token by client credentials."""
        return self.tokens("client_credentials", resource)["access_token"]

    def stop(self) -> None:
        """End it; the end of its input is its own."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def running_provider(scripts: Scripts, alg: str = "RS256") -> Iterator[Provider]:
    """Start a provider that signs with this algorithm, and end it."""
    job = {"alg": alg, "audience": AUDIENCE, "resource": RESOURCE, "client": CLIENT}
    command = [scripts.node, str(scripts.folder / "provider.mjs"), json.dumps(job)]
    with subprocess.Popen(  # noqa: S603 - our own script
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield Provider(scripts, process)
        finally:
            process.kill()
