"""The fetcher: fixtures."""

import socket
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ..certificates import certified
from .support import Contexts, Name


@pytest.fixture(scope="session")
def authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A certificate authority that nobody else trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    return key, certified(name, key, name, key)


@pytest.fixture
def serving(
    tmp_path: Path, authority: tuple[ec.EllipticCurvePrivateKey, x509.Certificate]
) -> Contexts:
    """Make the TLS of a server by a name; an empty one is signed by itself."""

    def make(name: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name or "me")])
        names = (x509.DNSName(name or "id.example"), x509.IPAddress(ip_address("127.0.0.1")))
        if name:
            certificate = certified(subject, key, authority[1].subject, authority[0], *names)
        else:
            certificate = certified(subject, key, subject, key, *names)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "server.pem").write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "server.pem")
        return context

    return make


@pytest.fixture
def trusting(authority: tuple[ec.EllipticCurvePrivateKey, x509.Certificate]) -> ssl.SSLContext:
    """What trusts the test authority."""
    return ssl.create_default_context(cadata=authority[1].public_bytes(Encoding.PEM).decode())


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> Name:
    """Give addresses to the host id.example."""

    def give(*addresses: str) -> None:
        def look_up(host: str, port: int, **_: object) -> list[object]:
            assert host == "id.example"
            families = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in addresses]
            return [
                (family, socket.SOCK_STREAM, 6, "", (address, port))
                for family, address in zip(families, addresses, strict=True)
            ]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return give
