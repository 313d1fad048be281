"""The hook that authenticates each request: what the tests share."""

from flask_tokenguard import (
    Claims,
    Unavailable,
    VerifiedToken,
)


def _is_down(_: VerifiedToken) -> None:
    raise Unavailable("The directory is down")


class _Users:
    """A user loader that counts; alice is there, nobody else."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def __call__(self, claims: Claims) -> str | None:
        self.asked.append(claims.subject)
        return "Alice" if claims.subject == "alice" else None
