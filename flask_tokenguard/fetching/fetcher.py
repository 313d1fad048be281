"""Fetcher: key sets and metadata over HTTPS, with every bound (RFC 9110, RFC 8725 section 3.10).

No client library measured has a total deadline, a cap on what it reads and no redirects. A fetched
key set decides which tokens are trusted: the certificate is always verified.
"""

import re
import ssl
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, nullcontext
from email.message import Message
from http.client import HTTPException, HTTPResponse
from socket import gaierror, socket
from urllib.parse import SplitResult, urlsplit

from ..deadline import Deadline, Lookups
from .connection import BoundedReader, IPAddress, connect, is_public
from .document import Fetched, FetchError

_VISIBLE_ASCII = re.compile(r"[!-~]+")
_ETAG = re.compile(r'(W/)?"[!#-~\x80-\xff]{0,1000}"')
_MAX_AGE = re.compile(r'max-age="?([0-9]{1,10})"?')
_MOST_HEAD = 64 * 1024
_MOST_URL = 2048
_REDIRECTS = (301, 302, 303, 307, 308)
_PORTS = {"https": 443, "http": 80}


class NotHttps(ValueError):
    """A URL that is not https; the message follows its name."""


def check_url(url: str, *, allow_http: bool = False) -> SplitResult:
    """Check a URL before it is fetched; where plain http goes is checked when connecting.

    Raises:
        NotHttps: A `ValueError`: it is no https URL.
        ValueError: It cannot be fetched; the message follows "the URL" and does not quote it.
    """
    if not _VISIBLE_ASCII.fullmatch(url) or len(url) > _MOST_URL:
        raise ValueError(f"is not visible ASCII of at most {_MOST_URL} characters")
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError("is malformed") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and allow_http):
        raise NotHttps("is not https")
    if not has_host or "\\" in url:
        raise ValueError("has no host")
    if "@" in parts.netloc:
        raise ValueError("holds a user name")
    if "#" in url:
        raise ValueError("has a fragment")
    return parts


class Fetcher:
    """The built-in `Fetch`, safe for threads and across forks."""

    def __init__(
        self,
        *,
        deadline: float = 5.0,
        max_size: int = 512 * 1024,
        allow_insecure_loopback: bool = False,
        insecure_hosts: Collection[str] = (),
        allow_private_addresses: bool = True,
        ssl_context: ssl.SSLContext | None = None,
        lookups: Lookups | None = None,
    ) -> None:
        """Check that the bounds fit together.

        Args:
            deadline: Seconds for one fetch: name, connection, TLS, headers and body together.
            max_size: The longest body, in octets.
            allow_insecure_loopback: Allow http, to loopback addresses only.
            insecure_hosts: Hosts, in lower case, to which http is allowed at other addresses too,
                but not at those of the public internet.
            allow_private_addresses: Allow addresses that are not of the public internet.
            ssl_context: The certificates to trust; default those of the system.
            lookups: Look up the hosts' names; default two at a time, of this fetcher alone.

        Raises:
            ValueError: The context does not verify, or http is allowed and private addresses are
                not.
        """
        if ssl_context is not None and not (
            ssl_context.verify_mode is ssl.CERT_REQUIRED and ssl_context.check_hostname
        ):
            raise ValueError("ssl_context must verify certificate and hostname")
        if (allow_insecure_loopback or insecure_hosts) and not allow_private_addresses:
            raise ValueError("loopback addresses are private, and cannot be allowed alone")
        self._deadline = deadline
        self._max_size = max_size
        self._allow_http = allow_insecure_loopback or bool(insecure_hosts)
        self._insecure_hosts = insecure_hosts
        self._allow_private_addresses = allow_private_addresses
        self._ssl_context = ssl_context
        self._lookups = lookups or Lookups()

    def __call__(self, url: str, etag: str | None = None) -> Fetched:
        """Fetch a URL, or confirm that the version of `etag` is still current.

        Raises:
            FetchError: Anything else came, or nothing in time.
        """
        deadline = Deadline(self._deadline)
        try:
            parts = check_url(url, allow_http=self._allow_http)
        except ValueError as error:
            raise FetchError(f"the URL {error}") from None
        try:
            return self._fetch(parts, etag, deadline)
        except TimeoutError:
            raise FetchError(f"no answer was complete after {self._deadline:g} s") from None
        except gaierror as error:
            raise FetchError(error.strerror) from None
        except ssl.SSLCertVerificationError as error:
            raise FetchError(f"the certificate is refused: {error.verify_message}") from None
        except (OSError, HTTPException, ValueError) as error:
            # The exception's text may quote the server.
            raise FetchError(f"the connection failed: {type(error).__name__}") from None

    def _fetch(self, parts: SplitResult, etag: str | None, deadline: Deadline) -> Fetched:
        with (
            self._connect(parts, deadline) as tcp,
            self._secure(parts, tcp, deadline) as connection,
        ):
            connection.settimeout(deadline.left())
            connection.sendall(_request(parts, etag))
            with _response(connection, deadline, self._max_size + _MOST_HEAD) as response:
                return self._read(response, etag)

    def _read(self, response: HTTPResponse, etag: str | None) -> Fetched:
        max_age = _max_age(response.headers)
        if response.status == 304 and etag is not None:
            return Fetched(b"", 304, max_age, etag)
        if response.status in _REDIRECTS:
            raise FetchError(f"the answer is a redirect ({response.status}); none is followed")
        if response.status != 200:
            raise FetchError(f"the answer has the status {response.status}")
        return Fetched(self._read_body(response), 200, max_age, _etag(response.headers))

    def _read_body(self, response: HTTPResponse) -> bytes:
        if response.length is not None and response.length > self._max_size:
            raise FetchError("the answer is too long")
        body = response.read(self._max_size + 1)
        if len(body) > self._max_size:
            raise FetchError("the answer is too long")
        if response.length:
            raise FetchError("the answer ends early")
        return body

    def _connect(self, parts: SplitResult, deadline: Deadline) -> socket:
        if parts.scheme == "https":
            fault = self._fault_of_private
        elif parts.hostname in self._insecure_hosts:
            fault = _fault_of_public
        else:
            fault = _fault_of_other
        return connect(self._lookups.resolve(*_host_and_port(parts), deadline), fault, deadline)

    def _fault_of_private(self, ip: IPAddress) -> str:
        if self._allow_private_addresses or is_public(ip):
            return ""
        return "it is not of the public internet, and private_addresses forbids such"

    def _secure(
        self, parts: SplitResult, connection: socket, deadline: Deadline
    ) -> socket | nullcontext[socket]:
        if parts.scheme == "http":
            return nullcontext(connection)
        if self._ssl_context is None:
            # Reading the system's certificates takes a while; two threads may do it once each.
            self._ssl_context = ssl.create_default_context()
        connection.settimeout(deadline.left())
        return self._ssl_context.wrap_socket(connection, server_hostname=parts.hostname)


def _fault_of_public(ip: IPAddress) -> str:
    return "it is of the public internet, where keys come over https alone" if is_public(ip) else ""


def _fault_of_other(ip: IPAddress) -> str:
    if ip.is_loopback:
        return ""
    return "plain http is for this machine, and for hosts that TOKENGUARD_ALLOW_INSECURE_HTTP names"


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", parts.port or _PORTS[parts.scheme]


def _authority(parts: SplitResult) -> str:
    host, port = _host_and_port(parts)
    host = f"[{host}]" if ":" in host else host
    return host if port == _PORTS[parts.scheme] else f"{host}:{port}"


def _request(parts: SplitResult, etag: str | None) -> bytes:
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    headers = {
        "Host": _authority(parts),
        "Accept": "application/json, application/jwk-set+json",
        "Accept-Encoding": "identity",
        "User-Agent": "flask-tokenguard",
        "Connection": "close",
    }
    if etag is not None and _ETAG.fullmatch(etag):
        headers["If-None-Match"] = etag
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@contextmanager
def _response(connection: socket, deadline: Deadline, most: int) -> Iterator[HTTPResponse]:
    reader = BoundedReader(connection, deadline, most)
    response = HTTPResponse(reader, method="GET")  # type: ignore[arg-type] # calls makefile alone
    # Left to the garbage collector, it complains of its file, which may be closed before it.
    with closing(response):
        response.begin()
        yield response


def _max_age(headers: Message) -> int | None:
    """Return for how many seconds an answer stays fresh, less its age in caches."""
    directives = ",".join(headers.get_all("Cache-Control", [])).replace(" ", "").lower().split(",")
    if "no-store" in directives or "no-cache" in directives:
        return 0
    ages = [int(found[1]) for found in map(_MAX_AGE.fullmatch, directives) if found]
    if not ages:
        return None
    age = headers.get("Age", "0").strip()
    return max(0, min(ages) - (int(age) if re.fullmatch("[0-9]{1,10}", age) else 0))


def _etag(headers: Message) -> str | None:
    etag = headers.get("ETag", "").strip()
    return etag if _ETAG.fullmatch(etag) else None
