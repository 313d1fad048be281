"""The fetcher: private addresses."""

import socket
import ssl

import pytest

from flask_tokenguard import deadline as deadlines
from flask_tokenguard.fetching.fetcher import Fetcher

from ..servers import SET, KeyServer, good
from .support import Contexts, Name, fault_of, fetcher


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - a connection to it goes to loopback
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2001:0:1::1",
        "2002:0a00:0001::1",
        "fc00::1",
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_a_ban_on_private_addresses_holds_for_what_a_name_means(name: Name, address: str) -> None:
    name(address)
    fetch = fetcher(allow_private_addresses=False)
    fault = fault_of("https://id.example/", fetch)
    assert fault.startswith("the host's address ")
    assert fault.endswith(" is not of the public internet, and private_addresses forbids such")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_public_addresses_are_not_banned(
    name: Name, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    name(address)
    tried: list[object] = []

    def refuse(_: object, address: tuple[str, int], __: float) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(deadlines, "_connect", refuse)
    fault_of("https://id.example/", fetcher(allow_private_addresses=False))
    assert tried == [address]


def test_private_addresses_beside_public_ones_are_not_tried(
    name: Name, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def refuse(_: object, address: tuple[str, int], __: float) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(deadlines, "_connect", refuse)
    name("10.0.0.1", "8.8.8.8", "::1")
    fault_of("https://id.example/", fetcher(allow_private_addresses=False))
    assert tried == ["8.8.8.8"]


def test_loopback_and_a_ban_on_private_addresses_contradict() -> None:
    with pytest.raises(ValueError, match="loopback addresses are private"):
        Fetcher(allow_insecure_loopback=True, allow_private_addresses=False)
    with pytest.raises(ValueError, match="are private"):
        Fetcher(insecure_hosts=["keycloak"], allow_private_addresses=False)


def test_a_private_address_in_the_url_is_banned_too() -> None:
    with KeyServer(good) as server:
        fault_of(server.url("https"), fetcher(allow_private_addresses=False))
        assert server.connections == 0


def test_a_name_that_changes_its_meaning_is_looked_up_once(
    serving: Contexts, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["127.0.0.1", "192.0.2.1"]

    def rebind(_: str, port: int, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    with KeyServer(good, tls=serving("id.example")) as server:
        fetch = fetcher(5, ssl_context=trusting)
        assert fetch(server.url("https", "id.example")).body == SET
    assert answers == ["192.0.2.1"]
