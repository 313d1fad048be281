"""Other issuers that are slow, hang or fail: who waits, who is refused, and who goes on."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import TokenGuard
from flask_tokenguard.fetching import Fetched, FetchError
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.keys.remote import attempt as attempts
from flask_tokenguard.keys.remote import keys as remote_keys

from ..fetching.servers import KeyServer, head
from .conftest import ID, Issue
from .issuers.support import guarded

ENTRY = {"audience": "notes-api", "jwks_url": "https://id.example/keys"}


class Provider:
    """A `Fetch` of one issuer's keys, which waits and fails as a test likes."""

    def __init__(self, *keys: Key) -> None:
        self.keys = list(keys)
        self.error: Exception | None = None
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, _url: str, _etag: str | None) -> Fetched:
        self.go_on.wait(30)
        if self.error is not None:
            raise self.error
        return Fetched(json.dumps({"keys": [key.public_jwk() for key in self.keys]}).encode())


@pytest.fixture
def old(private_keys: dict[str, PrivateKey]) -> Key:
    return Key(private_keys["ES256"], kid="old")


@pytest.fixture
def new(private_keys: dict[str, PrivateKey]) -> Key:
    return Key(private_keys["EdDSA"], kid="new")


@pytest.fixture
def provider(old: Key) -> Provider:
    return Provider(old)


@pytest.fixture
def client(provider: Provider, issue: Issue, old: Key) -> FlaskClient:
    """A client of an app that knows the old key."""
    client = guarded(TokenGuard(fetch=provider), ISSUERS={ID: ENTRY}).test_client()
    assert client.get("/claims", headers=issue(key=old)).status_code == 200
    return client


@contextmanager
def impatience() -> Iterator[None]:
    """Let no request wait for long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "PATIENCE", 0.05)
        patch.setattr(remote_keys, "MOST_PATIENT", 0)
        yield


def is_refused_for_now(answer: TestResponse) -> bool:
    """Return whether an answer asks to come again, and nothing else."""
    is_later = int(answer.headers.get("Retry-After", 0)) >= 1
    return answer.status_code == 503 and is_later and "WWW-Authenticate" not in answer.headers


def test_sixteen_tokens_of_a_new_key_at_once_are_all_served(
    client: FlaskClient, provider: Provider, issue: Issue, old: Key, new: Key
) -> None:
    provider.keys = [old, new]
    provider.go_on.clear()
    start = threading.Barrier(17)

    def call(number: int) -> int:
        headers = issue(key=new, jti=f"{number}")
        start.wait(30)
        answer: TestResponse = client.application.test_client().get("/claims", headers=headers)
        return answer.status_code

    with ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(call, number) for number in range(16)]
        start.wait(30)
        threading.Timer(0.1, provider.go_on.set).start()
        assert [call.result(30) for call in calls] == [200] * 16


def test_a_provider_that_hangs_makes_no_token_a_bad_one(
    client: FlaskClient, provider: Provider, issue: Issue, new: Key, old: Key
) -> None:
    provider.go_on.clear()
    with impatience():
        for _ in range(8):
            assert is_refused_for_now(client.get("/claims", headers=issue(key=new)))
            assert client.get("/claims", headers=issue(key=old)).status_code == 200
    provider.go_on.set()


def test_a_provider_that_fails_makes_no_token_a_bad_one(
    client: FlaskClient, provider: Provider, issue: Issue, new: Key
) -> None:
    provider.error = FetchError("down")
    for _ in range(8):
        assert is_refused_for_now(client.get("/claims", headers=issue(key=new)))


@pytest.mark.usefixtures("hanging_names")
@pytest.mark.parametrize("by", ["setting", "resolver"])
def test_eight_issuers_whose_names_hang_block_no_ninth(issue: Issue, old: Key, by: str) -> None:
    document = json.dumps({"keys": [old.public_jwk()]}).encode()
    with KeyServer(lambda send: send(head(size=len(document)) + document)) as server:
        hosts = [*(f"{number}.example" for number in range(8)), "works.example"]
        entries = {f"https://{host}": ENTRY | {"jwks_url": server.url(host=host)} for host in hosts}
        guard = TokenGuard(issuer_resolver=entries.get if by == "resolver" else None)
        issuers = {} if by == "resolver" else {"ISSUERS": entries}
        client = guarded(guard, ALLOW_INSECURE_HTTP=True, **issuers).test_client()
        with impatience():
            for issuer in list(entries)[:8]:
                headers = issue(key=old, iss=issuer)
                assert is_refused_for_now(client.get("/claims", headers=headers))
        headers = issue(key=old, iss="https://works.example")
        assert client.get("/claims", headers=headers).status_code == 200
