"""What `token_required` is called with: check."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from flask_tokenguard import Claims, token_required
from flask_tokenguard.testing import assert_challenge

from .support import Ask, _yields, _yields_later


@pytest.mark.parametrize("result", [True, 1, "yes", [0]])
def test_a_truthy_check_lets_a_token_pass(ask: Ask, result: object) -> None:
    assert ask({"check": lambda _: result}).text == "served"


@pytest.mark.parametrize("result", [False, 0, "", None, [], {}])
def test_a_falsy_check_is_403(ask: Ask, result: object) -> None:
    assert_challenge(ask({"check": lambda _: result}), error="insufficient_scope")


def test_a_check_gets_the_claims(ask: Ask) -> None:
    def check(claims: Claims) -> bool:
        return (claims.subject, claims["role"]) == ("alice", "admin")

    assert ask({"check": check}, role="admin").text == "served"
    assert_challenge(ask({"check": check}, role="user"), error="insufficient_scope")


def test_a_check_is_asked_only_when_all_else_is_met(ask: Ask) -> None:
    asked: list[Claims] = []
    ask({"check": asked.append, "scope": "a"})
    ask({"check": asked.append, "claims": {"role": "admin"}})
    ask({"check": asked.append}, exp=1)
    assert asked == []


async def _check_later(_: Claims) -> bool:
    return False


class _Later:
    """An awaitable that, unlike a coroutine, does not complain when nobody awaits it."""

    def __await__(self) -> Iterator[None]:
        yield


@pytest.mark.parametrize("check", [_check_later, partial(_check_later)])
def test_an_async_check_is_refused_at_import(check: Any) -> None:
    with pytest.raises(TypeError, match="check"):
        token_required(check=check)


@pytest.mark.parametrize(
    "late", [_Later, partial(_yields, Claims()), partial(_yields_later, Claims())]
)
def test_a_check_that_only_turns_out_to_be_late_serves_nobody(
    ask: Ask, late: Callable[[], object]
) -> None:
    assert ask({"check": lambda _: late()}).status_code == 500
