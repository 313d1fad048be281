"""No spelling of an asymmetric key is ever used as an HMAC secret."""

from base64 import b64encode
from typing import Any

import pytest

from flask_tokenguard.jose import base64url
from flask_tokenguard.jose.material import PrivateKey, to_public_jwk
from flask_tokenguard.keys.text import read_keys

from .spellings import BINARY_SPELLINGS, CUT_SPELLINGS, PEM_SPELLINGS, TEXT_SPELLINGS, jwk_of


def serves_as_secret(octets: bytes) -> bool:
    """Whether octets become a secret, from text where they are text, or from a JWK's `k`."""
    jwk = jwk_of(octets)
    try:
        ways = [jwk, octets.decode()]
    except UnicodeDecodeError:
        ways = [jwk]
    return any(_gives_secret(way) for way in ways)


def _gives_secret(text: Any) -> bool:
    try:
        return any(key.alg == "HS256" for key in read_keys(text))
    except ValueError:
        return False


@pytest.mark.parametrize("spelling", ["octets", *BINARY_SPELLINGS])
def test_no_spelling_of_a_keys_octets_is_a_secret(der: dict[str, bytes], spelling: str) -> None:
    spell = BINARY_SPELLINGS.get(spelling, bytes)
    assert [form for form, octets in der.items() if serves_as_secret(spell(octets))] == []


@pytest.mark.parametrize("spelling", CUT_SPELLINGS)
def test_a_part_of_a_keys_octets_is_no_secret(der: dict[str, bytes], spelling: str) -> None:
    spell = CUT_SPELLINGS[spelling]
    # What is cut off of a point, or of a private value alone, leaves nothing that is known.
    whole = {
        form: octets
        for form, octets in der.items()
        if not form.startswith(("point", "ECPrivateKey"))
    }
    assert [form for form, octets in whole.items() if serves_as_secret(spell(octets))] == []


@pytest.mark.parametrize("spelling", ["as it is", *TEXT_SPELLINGS])
def test_no_spelling_of_a_keys_text_is_a_secret(texts: dict[str, bytes], spelling: str) -> None:
    spell = TEXT_SPELLINGS.get(spelling, bytes)
    assert [form for form, text in texts.items() if serves_as_secret(spell(text))] == []


@pytest.mark.parametrize("spelling", PEM_SPELLINGS)
def test_pem_that_lost_its_frame_is_no_secret(texts: dict[str, bytes], spelling: str) -> None:
    spell = PEM_SPELLINGS[spelling]
    pems = {form: text for form, text in texts.items() if text.startswith(b"-----BEGIN")}
    assert [form for form, text in pems.items() if serves_as_secret(spell(text))] == []


@pytest.mark.parametrize("members", ['"e": "AQAB", "n": "{}"}}', '"crv":"P-256","x":"{}"}}'])
def test_the_rest_of_a_jwk_is_no_secret(members: str) -> None:
    assert not serves_as_secret(b64encode(members.format("Yx3vQ0m8Zt6Lr1Kc9Wd4Pb7N").encode()))


def test_what_nothing_marks_cannot_be_known(private_keys: dict[str, PrivateKey]) -> None:
    ed25519, ec, rsa = (
        to_public_jwk(private_keys[alg].public_key()) for alg in ("EdDSA", "ES256", "RS256")
    )
    compressed = b"\x02" + base64url.decode(ec["x"].encode())
    raw, modulus = (base64url.decode(text.encode()) for text in (ed25519["x"], rsa["n"]))
    assert [serves_as_secret(octets) for octets in (raw, modulus, compressed)] == [True] * 3
