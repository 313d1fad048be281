"""HAProxy and the modules of Apache, each by its recipe."""

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ...fetching.certificates import certified
from ...fetching.servers import KeyServer, answering, head
from ...kit.loopback import free_port
from ..servers.programs import APACHE, MODULES
from ..support import running
from .asking import Ask, get
from .ours import Ours
from .recipes import recipe

_JWKS_URL = "https://id.example.com/.well-known/jwks.json"


@contextmanager
def haproxy(ours: Ours, folder: Path, *, without: str = "\n") -> Iterator[Ask]:
    """Answer with the subject itself, in place of a backend.

    Args:
        ours: The keys.
        folder: An empty one.
        without: What the lines have in them that are left out.
    """
    port = free_port()
    lines = recipe("HAProxy", keys=ours.folder).splitlines(keepends=False)
    text = "".join(f"{line}\n" for line in lines if without not in line)
    text = text.replace(":8080", f"127.0.0.1:{port}")
    text += '  http-request return status 200 content-type text/plain lf-string "%[var(txn.sub)]"\n'
    waits = "defaults\n  mode http\n  timeout client 30s\n  timeout server 30s\n"
    (folder / "haproxy.conf").write_text(f"{waits}  timeout connect 30s\n{text}")
    command = ["haproxy", "-db", "-f", "haproxy.conf"]
    with running(command, folder, port=port, is_ready=lambda: get(port, "/", "x")):

        def ask(_: str, token: str) -> str | None:
            status, body = get(port, "/", token)
            return body.decode() if status == 200 else None

        yield ask


@contextmanager
def _published(ours: Ours, folder: Path) -> Iterator[str]:
    """Serve the key set over https, and write the authority's certificate to `ca.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    authority = certified(name, key, name, key)
    (folder / "ca.pem").write_bytes(authority.public_bytes(Encoding.PEM))
    own = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ip_address("127.0.0.1"))
    certificate = certified(subject, own, name, key, address)
    private = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    body = (ours.folder / "jwks.json").read_bytes()
    answer = answering(head("Content-Type: application/json", size=len(body)) + body)
    with KeyServer(answer, tls=context) as server:
        yield server.url("https")


def write_apache(module: str, text: str, folder: Path, *, port: int) -> Path:
    """Write a configuration that serves a file behind a module, and names the user."""
    (folder / "www").mkdir(exist_ok=True)
    (folder / "www" / "index.html").write_text("served")
    modules = "".join(
        f"LoadModule {name}_module {MODULES}/mod_{name}.so\n"
        for name in ("authn_core", "authz_user", "dir", "headers", module)
    )
    start = APACHE.format(folder=folder, port=port, modules=MODULES, raising=modules)
    shown = 'Header set X-User "expr=%{REMOTE_USER}"\n'
    path = folder / "apache.conf"
    path.write_text(f'{start}DocumentRoot "{folder}/www"\n{text}{shown}')
    return path


@contextmanager
def _apache(module: str, text: str, folder: Path) -> Iterator[Ask]:
    """Serve a file, and read the user's name from a header."""
    port = free_port()
    path = write_apache(module, text, folder, port=port)
    command = ["apache2", "-DFOREGROUND", "-f", str(path)]
    with running(command, folder, port=port, is_ready=lambda: get(port, "/", "x")):

        def ask(_: str, token: str) -> str | None:
            with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
                connection.request("GET", "/", headers={"Authorization": f"Bearer {token}"})
                answer = connection.getresponse()
                return answer.getheader("X-User") if answer.status == 200 else None

        yield ask


@contextmanager
def mod_auth_openidc(ours: Ours, folder: Path) -> Iterator[Ask]:
    """Trust the test's authority."""
    with _published(ours, folder) as url:
        text = recipe("mod_auth_openidc", keys=ours.folder).replace(_JWKS_URL, url)
        text = f"OIDCCABundlePath {folder}/ca.pem\n{text}"
        with _apache("auth_openidc", text, folder) as ask:
            yield ask


@contextmanager
def mod_oauth2(ours: Ours, folder: Path) -> Iterator[Ask]:
    """Look at no certificate, since it trusts the system's authorities alone."""
    with _published(ours, folder) as url:
        text = recipe("mod_oauth2", keys=ours.folder)
        text = text.replace(_JWKS_URL, f"{url} jwks_uri.ssl_verify=false")
        with _apache("oauth2", text, folder) as ask:
            yield ask
