"""The fetcher: certificates."""

import socket
import ssl

import pytest

from flask_tokenguard.fetching.fetcher import Fetcher

from ..servers import SET, KeyServer, good, head
from .support import Contexts, Name, fault_of, fetcher


def test_a_certificate_of_a_trusted_authority_is_good(
    serving: Contexts, trusting: ssl.SSLContext, name: Name
) -> None:
    name("127.0.0.1")
    with KeyServer(good, tls=serving("id.example")) as server:
        fetch = fetcher(5, ssl_context=trusting)
        assert fetch(server.url("https", "id.example")).body == SET
        assert b"\r\nHost: id.example:%d\r\n" % server.port in server.requests[0]


def test_a_certificate_may_be_of_an_address(serving: Contexts, trusting: ssl.SSLContext) -> None:
    with KeyServer(good, tls=serving("id.example")) as server:
        assert fetcher(5, ssl_context=trusting)(server.url("https")).body == SET


def test_a_certificate_signed_by_itself_is_refused(serving: Contexts, name: Name) -> None:
    name("127.0.0.1")
    with KeyServer(good, tls=serving("")) as server:
        fault = fault_of(server.url("https", "id.example"), fetcher(5))
        assert fault.startswith("the certificate is refused: self")
        assert server.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(serving: Contexts) -> None:
    with KeyServer(good, tls=serving("id.example")) as server:
        assert "the certificate is refused" in fault_of(server.url("https"), fetcher(5))
        assert server.requests == []


def test_a_certificate_of_another_host_is_refused(
    serving: Contexts, trusting: ssl.SSLContext, name: Name
) -> None:
    name("127.0.0.1")
    with KeyServer(good, tls=serving("other.example")) as server:
        url = server.url("https", "id.example")
        assert "Hostname mismatch" in fault_of(url, fetcher(5, ssl_context=trusting))
        assert server.requests == []


def test_what_does_not_speak_tls_is_an_outage() -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(head(size=len(SET)) + SET)
        connection.recv(65536)

    with KeyServer(good, raw=speak) as server:
        assert "the connection failed: SSLError" in fault_of(server.url("https"))


@pytest.mark.parametrize("is_hostname_checked", [True, False])
def test_a_context_that_does_not_verify_is_refused(is_hostname_checked: bool) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    if is_hostname_checked:
        context.verify_mode = ssl.CERT_NONE
    with pytest.raises(ValueError, match="must verify certificate and hostname"):
        Fetcher(ssl_context=context)


def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, serving: Contexts, trusting: ssl.SSLContext
) -> None:
    with KeyServer(good) as proxy, KeyServer(good, tls=serving("id.example")) as server:
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("https_proxy", proxy.url(path=""))
        assert fetcher(5, ssl_context=trusting)(server.url("https")).body == SET
        assert proxy.connections == 0
