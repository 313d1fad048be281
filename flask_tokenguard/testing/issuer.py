"""Another issuer on loopback: its metadata, its keys, and tokens of every profile."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import rsa

from ..clock import Clock, wall_clock
from ..config.profiles import DEFAULT_PROFILE, PROFILES
from ..config.readers import choice
from ..jose.jwk import Key
from ..keys.generate import generate
from .broken import sign
from .profiles import SHAPES
from .tokens import SUBJECT

_METADATA = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
_JWKS = "/jwks"
# The shortest that providers use; a test makes many.
_RSA_BITS = 2048


class LoopbackIssuer:
    """A provider of this process, at `http://127.0.0.1` and a free port: `with LoopbackIssuer()`.

    An app trusts it by `settings`, which put the app in testing mode. Any other app would have to
    allow plain http, so that none trusts it by accident.

    Attributes:
        profile: The kind of provider.
        audience: The `aud` of its tokens.
        url: Its `iss`, and where its metadata is.
        key: What it signs with now.
        max_age: For how many seconds its answers are fresh.
        requests: The paths that were asked for.
    """

    def __init__(
        self,
        profile: str = DEFAULT_PROFILE,
        *,
        audience: str = "api",
        algorithm: str | None = None,
        clock: Clock = wall_clock,
    ) -> None:
        """Choose a profile; `with` serves.

        Args:
            profile: One of those of TOKENGUARD_ISSUERS.
            audience: The `aud` of its tokens.
            algorithm: What it signs with; by default ES256 where the profile takes it, else RS256.
            clock: Seconds since the epoch, UTC.

        Raises:
            ValueError: There is no such profile, or it does not take the algorithm.
        """
        self.profile = choice(*PROFILES)(profile)
        self._rules = PROFILES[profile]
        accepted = self._rules.algorithms
        self._algorithm = algorithm or ("ES256" if "ES256" in accepted else "RS256")
        if self._algorithm not in accepted:
            raise ValueError(f"{profile} takes {', '.join(accepted)}, not {algorithm}")
        self.audience = audience
        self._clock = clock
        self._is_away = False
        self.max_age = 300
        self.requests: list[str] = []
        self.key = self._new_key()
        self._published = [self.key]

    def __enter__(self) -> Self:
        """Serve, at a free port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def jwks_url(self) -> str:
        """Where its key set is."""
        return self.url.removesuffix("/") + _JWKS

    @property
    def entry(self) -> dict[str, Any]:
        """Its entry in TOKENGUARD_ISSUERS."""
        return {"audience": self.audience, "profile": self.profile}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of an app in testing mode that trusts it, for `app.config.update`."""
        return {
            "TESTING": True,
            "TOKENGUARD_ISSUERS": {self.url: self.entry},
            "TOKENGUARD_ALLOW_INSECURE_HTTP": True,
        }

    def rotate(self, *, withdraws: bool = False) -> None:
        """Sign with a new key from now on.

        Args:
            withdraws: Whether the keys so far are no longer published.
        """
        self.key = self._new_key()
        self._published = [self.key] if withdraws else [*self._published, self.key]

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Answer each request with 503."""
        self._is_away = True
        try:
            yield
        finally:
            self._is_away = False

    def token(
        self,
        subject: str = SUBJECT,
        *,
        scope: str | Iterable[str] | None = None,
        roles: Iterable[str] | None = None,
        lifetime: timedelta | int = 300,
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        key: Key | None = None,
    ) -> str:
        """Issue an access token, as the provider of the profile writes them.

        Args:
            subject: The `sub`.
            scope: A text, or the scopes one by one; stands where the profile has it.
            roles: The roles; stand where the profile has them.
            lifetime: Seconds or a timedelta; may be negative.
            claims: Others beside or in place of its own; None leaves one out.
            header: The same for its header.
            key: Signs in place of its own key, such as one that it never published.

        Raises:
            ValueError: The profile has no place for scopes, or for roles.
        """
        shape, key = SHAPES[self.profile], key or self.key
        now = int(self._clock())
        seconds = lifetime.total_seconds() if isinstance(lifetime, timedelta) else lifetime
        own: dict[str, Any] = {
            "iss": self.url,
            "sub": subject,
            "jti": token_hex(8),
            "iat": now,
            "exp": now + int(seconds),
            self._rules.audience_claim: self.audience,
            **shape.claims,
        }
        if scope is not None:
            scopes = scope.split() if isinstance(scope, str) else list(scope)
            own[self._place("scope_claims", "scope=")] = shape.write_scopes(scopes)
        if roles is not None:
            *outer, name = self._place("roles_claim", "roles=")
            _inside(own, outer)[name] = list(roles)
        members = {"alg": key.alg, "kid": key.kid, "typ": shape.typ}
        return sign(key, _filled(members, header), _filled(own, claims))

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """Return the status and the document of a path."""
        self.requests.append(path)
        if self._is_away:
            return 503, {"error": "temporarily_unavailable"}
        if path == _JWKS:
            return 200, {"keys": [key.public_jwk() for key in self._published]}
        if path in _METADATA:
            return 200, {"issuer": self.url, "jwks_uri": self.jwks_url}
        return 404, {"error": "not_found"}

    def _place(self, places: str, argument: str) -> Any:
        claims = getattr(self._rules, places)
        if not claims:
            raise ValueError(
                f"the profile {self.profile} has no usual claim for {argument}; write it with"
                f" claims=, and name it in the entry by {places}"
            )
        return claims[0]

    def _new_key(self) -> Key:
        is_rsa = self._algorithm.startswith(("RS", "PS"))
        private = (
            rsa.generate_private_key(65537, _RSA_BITS) if is_rsa else generate(self._algorithm)
        )
        return Key(private, alg=self._algorithm)


def _filled(members: Mapping[str, Any], others: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        name: value for name, value in {**members, **(others or {})}.items() if value is not None
    }


def _inside(claims: dict[str, Any], path: Iterable[str]) -> dict[str, Any]:
    for name in path:
        claims = claims.setdefault(name, {})
    return claims


def _handler_of(issuer: LoopbackIssuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = issuer.answer(self.path)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status == 200:
                self.send_header("Cache-Control", f"max-age={issuer.max_age}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's
            """Print nothing beside a test's output."""

    return Handler
