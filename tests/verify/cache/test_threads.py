"""The cache of verified tokens: threads and forks."""

import os
import sys
import threading
from typing import Any

import pytest

from flask_tokenguard import (
    TokenGuard,
    issue_token_pair,
    refresh_token_pair,
)

from .support import (
    remembering,
    start,
)


def test_it_is_right_under_threads() -> None:
    made, wrong = remembering(16), []
    tokens = [made.token(number) for number in range(64)]
    start_line = threading.Barrier(8)

    def verify(thread: int) -> None:
        start_line.wait()
        for turn in range(400):
            number = (turn * (thread + 1)) % len(tokens)
            claims = made.verifier.verify(tokens[number]).claims
            if claims != {"jti": str(number)}:
                wrong.append(claims)
            claims["jti"] = "spoiled"

    threads = [threading.Thread(target=verify, args=(number,)) for number in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert len(made.cache) <= 16


def test_what_another_thread_was_quicker_to_forget_does_no_harm() -> None:
    class Raced(dict[bytes, Any]):
        """A generation whose last entry another thread takes."""

        def popitem(self) -> Any:
            super().popitem()
            raise KeyError

    made = remembering(1)
    made.verifier.verify(made.token(1))
    made.cache._generations = ({}, Raced(made.cache._generations[0]))
    assert made.verifier.verify(made.token(2)).claims == {"jti": "2"}
    assert len(made.cache) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_it_is_right_in_a_fork_and_after_it() -> None:
    made = remembering(2)
    made.verifier.verify(made.token(1))
    child = os.fork()
    if child == 0:  # pragma: no cover - runs in the child
        seen = [made.verifier.verify(made.token(number)).claims["jti"] for number in (1, 2, 3, 1)]
        os._exit(0 if seen == ["1", "2", "3", "1"] and len(made.cache) == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    made.verifier.verify(made.token(1))
    assert (made.key.verified, len(made.cache)) == (1, 1)


def test_the_apps_refresh_tokens_are_not_remembered(guard: TokenGuard) -> None:
    app = start(guard, STORAGE_URI="memory://")
    with app.app_context():
        refresh_token = issue_token_pair("me")["refresh_token"]
    with app.test_request_context(method="POST", data={"refresh_token": refresh_token}):
        assert refresh_token_pair()
    assert len(app.extensions["tokenguard"].verifier.cache) == 0
