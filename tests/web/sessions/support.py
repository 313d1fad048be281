"""Sessions in an app: what the tests share."""

from collections.abc import Callable, Mapping
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.jose.compact import parse, parse_payload
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.stores.memory import MemoryStore

from ...jose.tokens import signed
from ...support import bearer
from ..support import BAD, refusal_of

Pair = dict[str, Any]
LogIn = Callable[..., Pair]
Refresh = Callable[..., TestResponse]


class BreakableStore(MemoryStore):
    """A store that goes away when a test wants it."""

    is_away = False

    def __getattribute__(self, name: str) -> Any:
        operations = "standing next_instant revoke end_subject start_session advance".split()
        operations += ["end_session", "sessions_of"]
        if name in operations and self.is_away:
            raise Unavailable("The token store is out of reach")
        return super().__getattribute__(name)


def claims_of(client: FlaskClient, pair: Pair) -> dict[str, Any]:
    answer = client.get("/claims", headers=bearer(pair["access_token"]))
    assert answer.status_code == 200, answer.text
    claims: dict[str, Any] = answer.get_json()
    return claims


def is_refused(client: FlaskClient, pair: Pair) -> bool:
    answer = client.get("/claims", headers=bearer(pair["access_token"]))
    return answer.status_code != 200 and refusal_of(answer) == BAD


def claims_in(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Read the claims of a pair's refresh token."""
    return parse_payload(parse(pair["refresh_token"]))


def refresh_token(secret: str, claims: Mapping[str, Any]) -> str:
    """Sign a refresh token by hand, with our own key."""
    key = Key(secret.encode())
    return signed(key, claims, {"alg": key.alg, "typ": "rt+jwt"})


def error_of(answer: TestResponse) -> tuple[int, str]:
    """Read a refusal of the token endpoint, which has no challenge."""
    assert "WWW-Authenticate" not in answer.headers
    return answer.status_code, answer.get_json()["error"]
