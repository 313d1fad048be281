"""Replies that come twice, or to nothing: none is taken for the reply to another request."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.testing.stores import new_id

from .fakes import Command, FakeServer

KINDS = ["server", "sentinel", "cluster"]
REPEATS: list[Literal["at once", "later"]] = ["at once", "later"]
EPOCH = b"$1\r\n1\r\n"


class Tokens:
    """A server that knows which tokens were revoked, and accepts any script."""

    def __init__(self) -> None:
        self.server = FakeServer(self.answer)
        self.revoked = new_id()

    def answer(self, command: Command) -> bytes:
        name, *keys = command
        if name == b"MGET":
            return b"*%d\r\n%s" % (len(keys), b"".join(map(self._value, keys)))
        if name == b"GET":
            return self._value(keys[0])
        return self.server.topology(command) or b":1\r\n"

    def _value(self, key: bytes) -> bytes:
        return EPOCH if self.revoked in key or key.endswith(b"epoch") else b"$-1\r\n"


@pytest.fixture
def tokens() -> Iterator[Tokens]:
    tokens = Tokens()
    with tokens.server:
        yield tokens


def is_revoked(store: RedisStore, jti: bytes) -> bool:
    return store.standing(jti, None, b"s" * 16).is_revoked


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("repeats", REPEATS)
def test_a_reply_that_comes_twice_is_not_another_tokens(
    tokens: Tokens, kind: str, repeats: Literal["at once", "later"]
) -> None:
    store = RedisStore(tokens.server.uri(kind))
    assert not is_revoked(store, new_id())
    tokens.server.repeats = repeats
    for jti, expected in ((new_id(), False), (tokens.revoked, True)) * 3:
        assert is_revoked(store, jti) is expected


@pytest.mark.parametrize("repeats", REPEATS)
def test_a_reply_that_comes_twice_is_no_instant(
    tokens: Tokens, repeats: Literal["at once", "later"]
) -> None:
    store = RedisStore(tokens.server.uri("server"))
    assert store.next_instant(b"s" * 16) == 1
    tokens.server.repeats = repeats
    instants: list[Any] = [1]
    for _ in range(4):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tokens.server, "answer", _instant(len(instants) + 1))
            try:
                instants.append(store.next_instant(b"s" * 16))
            except Unavailable:
                instants.append(None)
    assert all(each in (None, place) for place, each in enumerate(instants, 1))


def _instant(number: int) -> Any:
    return lambda _: b":%d\r\n" % number


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_does_not_echo_is_unavailable(tokens: Tokens, kind: str) -> None:
    tokens.server.echoes = False
    store = RedisStore(tokens.server.uri(kind))
    with pytest.raises(Unavailable):
        is_revoked(store, tokens.revoked)


def test_an_echo_may_come_by_itself(tokens: Tokens) -> None:
    store = RedisStore(tokens.server.uri("server"))
    assert not is_revoked(store, new_id())
    tokens.server.delay = 0.01
    assert is_revoked(store, tokens.revoked)


def test_the_log_has_why_a_server_does_not_echo(
    tokens: Tokens, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tokens.server.echoes = False
    monkeypatch.setattr(tokens.server, "answer", lambda _: b"-NOPERM no right\r\n")
    with pytest.raises(Unavailable):
        is_revoked(RedisStore(tokens.server.uri("server")), tokens.revoked)
    assert "NOPERM" in caplog.text
