"""The fetcher: URLs, and that nothing secret is shown."""

import socket

import pytest

from flask_tokenguard import deadline as deadlines
from flask_tokenguard.fetching.fetcher import Fetcher, check_url

from ..servers import KeyServer, answering, good
from .support import Name, fault_of, fetcher


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://id.example/jwks", "is not https"),
        ("http://127.0.0.1/jwks", "is not https"),
        ("file:///etc/passwd", "is not https"),
        ("ftp://id.example/", "is not https"),
        ("//id.example/", "is not https"),
        ("", "is not visible ASCII"),
        ("https://id.example/a b", "is not visible ASCII"),
        ("https://id.example/\r\nX: 1", "is not visible ASCII"),
        ("https://id.exämple/", "is not visible ASCII"),
        (f"https://id.example/{'a' * 2048}", "at most 2048 characters"),
        ("https:///jwks", "has no host"),
        ("https://:443/jwks", "has no host"),
        ("https://id.example:0/", "has no host"),
        ("https://id.example\\.evil.example/", "has no host"),
        ("https://id.example:65536/", "is malformed"),
        ("https://id.example:a/", "is malformed"),
        ("https://[::1/", "is malformed"),
        ("https://me:hunter2@id.example/", "holds a user name"),
        ("https://@id.example/", "holds a user name"),
        ("https://id.example/#jwks", "has a fragment"),
    ],
)
def test_a_url_that_is_not_one_to_fetch_is_refused_unseen(url: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as caught:
        check_url(url)
    assert "hunter2" not in str(caught.value)
    assert fault_of(url, Fetcher()).startswith("the URL ")


def test_plain_http_goes_to_loopback_only(name: Name) -> None:
    name("192.0.2.1")
    fault = fault_of("http://id.example/")
    assert fault == (
        "the host's address 192.0.2.1 is refused: plain http is for this machine, and for hosts"
        " that TOKENGUARD_ALLOW_INSECURE_HTTP names"
    )


@pytest.mark.parametrize("host", ["id.example", "ID.Example"])
@pytest.mark.parametrize("address", ["10.0.0.1", "100.64.0.1", "127.0.0.1", "fc00::1"])
def test_plain_http_goes_to_neighbours_that_are_named(
    name: Name, monkeypatch: pytest.MonkeyPatch, address: str, host: str
) -> None:
    tried: list[object] = []

    def refuse(_: object, address: tuple[str, int], __: float) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(deadlines, "_connect", refuse)
    name(address)
    fault_of(f"http://{host}/", Fetcher(insecure_hosts=["id.example"]))
    assert tried == [address]


@pytest.mark.parametrize(
    ("hosts", "address", "reason"),
    [
        (["id.example"], "8.8.8.8", "it is of the public internet, where keys come over https"),
        (["another.example"], "10.0.0.1", "plain http is for this machine, and for hosts that"),
    ],
)
def test_plain_http_goes_to_no_other_address(
    name: Name, hosts: list[str], address: str, reason: str
) -> None:
    name(address)
    fault = fault_of("http://id.example/", Fetcher(insecure_hosts=hosts))
    assert fault.startswith(f"the host's address {address} is refused: {reason}")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_plain_http_goes_to_any_loopback_address(name: Name, address: str) -> None:
    name(address)
    with KeyServer(good) as server:
        url = f"http://id.example:{server.port}/"
    assert "connection failed" in fault_of(url)


def test_a_name_of_ten_addresses_is_tried_with_eight(
    name: Name, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def refuse(_: object, address: object, __: float) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(deadlines, "_connect", refuse)
    name(*[f"127.0.0.{place}" for place in range(1, 11)])
    fault_of("http://id.example/")
    assert len(tried) == 8


def test_no_message_holds_a_url_or_what_came() -> None:
    octets = b"HTTP/1.1 secret-status secret\r\n\r\nsecret"
    with KeyServer(answering(octets)) as server:
        assert "secret" not in fault_of(server.url(path="/secret?key=secret"), fetcher(5))
