"""What a server may answer with: replies of any octets, in pieces of any size."""

from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ConnectionError as Disconnected

from flask_tokenguard.stores.redis.replies import Garbled
from flask_tokenguard.stores.redis.resp import ReplyParser, pack

each_size = pytest.mark.parametrize("size", [1, 2, 3, 65536])


class Pieces:
    """A socket on which so many octets come at a time, and then the end."""

    def __init__(self, octets: bytes, size: int) -> None:
        self.octets = octets
        self.size = size

    def recv(self, _most: int) -> bytes:
        piece, self.octets = self.octets[: self.size], self.octets[self.size :]
        return piece


def read(octets: bytes, size: int = 65536) -> Any:
    parser = ReplyParser(socket_read_size=65536)
    parser.on_connect(SimpleNamespace(_sock=Pieces(octets, size)))
    return parser.read_response(disable_decoding=False)


@each_size
@pytest.mark.parametrize("text", [b"", b"\r", b"\r\n", b"\r\n\r\n", b"a\r\n", b"\na\r\r\n\nb"])
def test_a_text_may_have_line_breaks(text: bytes, size: int) -> None:
    packed = b"*2\r\n$%d\r\n%b\r\n$1\r\n7\r\n" % (len(text), text)
    assert read(packed, size) == [text, b"7"]


@each_size
def test_what_is_packed_is_read_as_it_was(size: int) -> None:
    assert read(pack([("GET", b"\xff\r\n", 7, "\xe9")]), size) == [
        *(b"GET", b"\xff\r\n"),
        *(b"7", "\xe9".encode()),
    ]


@each_size
def test_a_reply_of_another_length_is_garbled(size: int) -> None:
    for octets in (b"$1\r\n12\r\n", b"$4\r\n1\r\n23\r\n", b"$-2\r\n12\r\n", b"*-2\r\n"):
        with pytest.raises(Garbled):
            read(octets, size)


@each_size
def test_a_reply_that_ends_early_is_none(size: int) -> None:
    whole = b"*2\r\n$4\r\n12\r\n\r\n:1\r\n"
    for length in range(len(whole)):
        with pytest.raises(Disconnected):
            read(whole[:length], size)


def test_an_error_ends_a_reply_where_no_more_can_come() -> None:
    for octets in (b"-ERR max number of clients reached\r\n", b"-LOADING wait\r\n"):
        with pytest.raises(Disconnected):
            read(b"*1\r\n" + octets)
