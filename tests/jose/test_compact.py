"""The compact serialization, parsed strictly (RFC 7515 sections 3.1, 4 and 7.1)."""

from typing import Any

import pytest

from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.jose import compact
from flask_tokenguard.jose.compact import Compact

from .tokens import encoded, unsigned


def parse(token: str) -> Compact:
    """Parse within the default size."""
    return compact.parse(token)


def test_a_token_is_split_and_decoded() -> None:
    parsed = parse(f"{encoded({'alg': 'ES256', 'kid': 'k'})}.{encoded(b'octets')}.{encoded(b's')}")
    assert (parsed.header.alg, parsed.header.kid) == ("ES256", "k")
    assert (parsed.payload, parsed.signature) == (b"octets", b"s")


def test_the_signing_input_is_the_text_as_it_came() -> None:
    header = encoded(b'{ "alg" : "HS256" }')
    assert parse(f"{header}.e30.AAAA").signing_input == f"{header}.e30".encode()


def test_empty_payload_and_signature_are_parsed() -> None:
    parsed = parse(encoded({"alg": "HS256"}) + "..")
    assert (parsed.payload, parsed.signature) == (b"", b"")


def test_a_header_says_neither_kid_nor_typ_where_it_has_none() -> None:
    header = parse(unsigned({"alg": "HS256"})).header
    assert (header.kid, header.typ) == (None, None)


def test_members_that_nobody_knows_are_kept_and_ignored() -> None:
    assert parse(unsigned({"alg": "HS256", "x": [1]})).header.members["x"] == [1]


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"])
@pytest.mark.parametrize("value", [{"kty": "oct", "k": "AA"}, "https://attacker.example", 7])
def test_keys_in_a_header_are_not_looked_at(name: str, value: object) -> None:
    header = parse(unsigned({"alg": "HS256", name: value})).header
    assert header[:3] == ("HS256", None, None)


@pytest.mark.parametrize("name", ["crit", "b64"])
@pytest.mark.parametrize("value", [["exp"], [], None, False, True, "b64"])
def test_an_extension_is_refused_whatever_it_says(name: str, value: object) -> None:
    with pytest.raises(InvalidToken, match="extension"):
        parse(unsigned({"alg": "HS256", name: value}))


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({}, id="no alg"),
        pytest.param({"kid": "k", "typ": "at+jwt"}, id="only others"),
        *(
            pytest.param({"alg": "HS256", name: value}, id=f"{name} {value}")
            for name in ("alg", "kid", "typ", "cty")
            for value in (None, 7, True, ["HS256"], {"a": 1})
        ),
    ],
)
def test_a_member_of_the_wrong_type_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken, match="header is malformed"):
        parse(unsigned(header))


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b'{"alg":"HS256","alg":"none"}', id="a duplicate"),
        pytest.param(b'{"alg":"HS256","x":{"a":1,"a":2}}', id="a duplicate inside"),
        pytest.param(b'{"alg":"HS256","x":NaN}', id="NaN"),
        pytest.param(b'{"alg":"HS256"}{}', id="data after it"),
        pytest.param(b'\xef\xbb\xbf{"alg":"HS256"}', id="a byte order mark"),
        pytest.param(b'{"alg":"HS256","x":"\xff"}', id="not UTF-8"),
        pytest.param(rb'{"alg":"HS256","kid":"\ud800"}', id="a lone surrogate"),
        pytest.param(b'{"alg":"HS256","x":' + b"[" * 40 + b"]" * 40 + b"}", id="deep"),
        pytest.param(b'["HS256"]', id="an array"),
        pytest.param(b'"HS256"', id="a string"),
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"alg":"HS256"', id="unfinished"),
    ],
)
def test_a_header_is_one_strict_object(header: bytes) -> None:
    with pytest.raises(InvalidToken, match="malformed"):
        parse(unsigned(header))


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing"),
        pytest.param("e30", id="one part"),
        pytest.param("e30.e30", id="two parts"),
        pytest.param("e30.e30.e30.e30", id="four parts"),
        pytest.param("a.b.c.d.e", id="five parts, encrypted"),
        pytest.param('{"payload":"e30","signatures":[]}', id="the JSON serialization"),
    ],
)
def test_a_token_has_three_parts(token: str) -> None:
    with pytest.raises(InvalidToken, match="not a compact JWS"):
        parse(token)


HEADER = encoded({"alg": "HS256"})


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("..", id="an empty header"),
        pytest.param(f"{HEADER}=.e30.AAAA", id="padding in the header"),
        pytest.param(f"{HEADER}.e30=.AAAA", id="padding in the payload"),
        pytest.param(f"{HEADER}.e30.AAA=", id="padding in the signature"),
        pytest.param(f"{HEADER}.e30.AAB", id="stray bits in the signature"),
        pytest.param(f"{HEADER}.e31.AAAA", id="stray bits in the payload"),
        pytest.param(f"{HEADER}.e30.AAAA\n", id="a newline at the end"),
        pytest.param(f" {HEADER}.e30.AAAA", id="a blank at the start"),
        pytest.param(f"{HEADER}.e30.AA+/", id="the standard alphabet"),
        pytest.param(f"{HEADER}.e30.AAAé", id="not ASCII"),
        pytest.param(f"{HEADER}.e30.AAA\udcff", id="a lone surrogate"),
        pytest.param(f"{HEADER}.e30.\x00", id="NUL"),
    ],
)
def test_a_part_has_one_spelling(token: str) -> None:
    with pytest.raises(InvalidToken, match="malformed"):
        parse(token)


@pytest.mark.parametrize(
    ("typ", "normal"),
    [
        ("at+jwt", "at+jwt"),
        ("AT+JWT", "at+jwt"),
        ("application/at+jwt", "at+jwt"),
        ("Application/AT+jwt", "at+jwt"),
        ("text/at+jwt", "text/at+jwt"),
        ("application/a/b", "application/a/b"),
        ("application/application/at+jwt", "application/application/at+jwt"),
        ("", ""),
    ],
)
def test_a_media_type_is_normalized(typ: str, normal: str) -> None:
    assert parse(unsigned({"alg": "HS256", "typ": typ})).header.typ == normal


def test_a_long_header_is_parsed_too() -> None:
    header = {"alg": "HS256", "kid": "k" * 1000}
    assert parse(unsigned(header)).header.members == header


def test_a_header_is_remembered_by_its_exact_text() -> None:
    kids = [parse(f"{encoded({'alg': 'HS256', 'kid': kid})}.e30.AAAA").header.kid for kid in "aba"]
    assert kids == ["a", "b", "a"]


def test_a_refused_header_is_refused_again() -> None:
    token = unsigned({"alg": "HS256", "crit": ["again"]})
    with pytest.raises(InvalidToken):
        parse(token)
    with pytest.raises(InvalidToken):
        parse(token)


def test_a_payload_is_read_as_one_object() -> None:
    assert compact.parse_payload(parse(unsigned({"alg": "x"}, {"a": 1}))) == {"a": 1}


@pytest.mark.parametrize("payload", [b"", b"[]", b'"a"', b"{", b'{"a":1,"a":1}', b"\xff"])
def test_another_payload_is_refused(payload: bytes) -> None:
    parsed = parse(unsigned({"alg": "x"}, payload))
    with pytest.raises(InvalidToken, match="payload is not a JSON object"):
        compact.parse_payload(parsed)


def test_a_payload_is_read_anew_each_time() -> None:
    parsed = parse(unsigned({"alg": "x"}, {"a": 1}))
    compact.parse_payload(parsed)["a"] = 2
    assert compact.parse_payload(parsed) == {"a": 1}


def test_a_refusal_does_not_carry_what_it_read() -> None:
    with pytest.raises(InvalidToken) as caught:
        parse(f"{HEADER}.hunter2!.AAAA")
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)
