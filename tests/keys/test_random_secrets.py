"""Random secrets, in each way that programs make them: none may be mistaken for something else."""

import random
import string
import uuid
from base64 import b32encode, b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable

import pytest
from hypothesis import settings

from flask_tokenguard.jose.base64url import encode
from flask_tokenguard.keys.text import read_material

SEED = 20_261_129
# What django.core.management.utils.get_random_secret_key draws from.
DJANGO = "abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)"
ALL = string.ascii_letters + string.digits + string.punctuation
PASSWORD_MAKERS = string.ascii_letters + string.digits + "!#$%&()*+,-./:;<=>?@[]^_{|}~"
CRYPT = "./" + string.digits + string.ascii_letters


def random_octets(chance: random.Random) -> bytes:
    """Draw 32 to 256 octets."""
    return chance.randbytes(chance.randint(32, 256))


def drawn(alphabet: str) -> Callable[[random.Random], str]:
    """Draw 32 to 256 characters."""
    return lambda chance: "".join(chance.choices(alphabet, k=chance.randint(32, 256)))


def wrapped_by_openssl(chance: random.Random) -> str:
    """Write base64 as `openssl rand -base64` does."""
    text = b64encode(random_octets(chance)).decode()
    return "".join(f"{text[start : start + 64]}\n" for start in range(0, len(text), 64))


def two_uuids(chance: random.Random) -> str:
    """Write two random UUIDs one after the other, with or without what separates them."""
    both = [uuid.UUID(bytes=chance.randbytes(16), version=4) for _ in range(2)]
    between = chance.choice(["", "-", "_"])
    return between.join(chance.choice([[str(one) for one in both], [one.hex for one in both]]))


NEVER_REFUSED: dict[str, Callable[[random.Random], str]] = {
    "token_urlsafe": lambda chance: urlsafe_b64encode(random_octets(chance)).rstrip(b"=").decode(),
    "hex": lambda chance: random_octets(chance).hex(),
    "HEX": lambda chance: random_octets(chance).hex().upper(),
    "base64": lambda chance: b64encode(random_octets(chance)).decode(),
    "base64 unpadded": lambda chance: b64encode(random_octets(chance)).rstrip(b"=").decode(),
    "base64 by openssl": wrapped_by_openssl,
    "base64 by coreutils": lambda chance: encodebytes(random_octets(chance)).decode(),
    "hex wrapped": lambda chance: "\n".join(
        octet.hex() for octet in [chance.randbytes(32) for _ in range(chance.randint(1, 8))]
    ),
    "base32": lambda chance: b32encode(random_octets(chance)).decode(),
    "letters and digits": drawn(string.ascii_letters + string.digits),
    "two UUIDs": two_uuids,
    "Django": drawn(DJANGO),
}
MOSTLY_ACCEPTED = {
    "punctuation": drawn(ALL),
    "password makers": drawn(PASSWORD_MAKERS),
    "crypt": drawn(CRYPT),
}
# 250 in the ordinary run, and 2,000 in the deep one.
COUNTS = [10 * settings().max_examples, pytest.param(100_000, marks=pytest.mark.soak)]


def is_refused(secret: str | bytes) -> bool:
    """Whether a text, or a JWK's octets, are taken for something else."""
    try:
        if isinstance(secret, bytes):
            read_material({"kty": "oct", "k": encode(secret).decode()})
        else:
            read_material(secret)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", NEVER_REFUSED)
def test_a_random_secret_is_never_refused(kind: str, count: int) -> None:
    chance = random.Random(f"{SEED} {kind}")  # noqa: S311 - the same in every run
    drawn = (NEVER_REFUSED[kind](chance) for _ in range(count))
    assert [text for text in drawn if is_refused(text)] == []


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", MOSTLY_ACCEPTED)
def test_at_most_one_random_secret_in_a_thousand_is_refused(kind: str, count: int) -> None:
    chance = random.Random(f"{SEED} {kind}")  # noqa: S311 - the same in every run
    drawn = (MOSTLY_ACCEPTED[kind](chance) for _ in range(count))
    assert sum(map(is_refused, drawn)) <= count / 1000


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("size", [16, 32, 64])
def test_random_octets_are_never_refused(size: int, count: int) -> None:
    chance = random.Random(f"{SEED} {size}")  # noqa: S311 - the same in every run
    drawn = (chance.randbytes(size) for _ in range(count))
    assert [octets for octets in drawn if is_refused(octets)] == []
