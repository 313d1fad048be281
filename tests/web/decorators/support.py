"""What `token_required` is called with: what the tests share."""

from collections.abc import Callable, Iterator
from typing import Any

from werkzeug.test import TestResponse

from flask_tokenguard import Claims

Ask = Callable[..., TestResponse]


async def _yields_later(_: Claims) -> Any:
    yield True


def _yields(_: Claims) -> Iterator[bool]:
    yield False
