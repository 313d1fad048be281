"""Address of a Redis or Valkey, written as the `limits` library writes it.

    redis://[[user]:password@]host[:port][/database]
    redis+sentinel://[[user]:password@]host[:port],host[:port]/service
    redis+cluster://[[user]:password@]host[:port],host[:port]

`rediss` is over TLS, and `valkey` stands for `redis`. Error messages leave out the password,
and so without any part of the text: an unescaped password may look like any of them.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote

from ...arguments.files import NamedFile
from ...errors import ConfigurationError

Kind = Literal["server", "sentinel", "cluster"]
_KINDS: dict[str, tuple[Kind, int]] = {
    "": ("server", 6379),
    "+sentinel": ("sentinel", 26379),
    "+cluster": ("cluster", 6379),
}
_SCHEME = re.compile(r"(?:redis|valkey)(?P<tls>s?)(?P<kind>\+sentinel|\+cluster|)")
_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[\w.-]+))(?::(?P<port>\d{1,5}))?")
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_SENTINEL = ("sentinel_username", "sentinel_password")


@dataclass(frozen=True)
class RedisAddress:
    """Where to connect, and as which user.

    Attributes:
        kind: One server, the sentinels of a service, or nodes of a cluster.
        hosts: Names and ports.
        is_tls: Whether all connections are over TLS.
        database: The number of the database.
        service: What the sentinels call the service, else empty.
        username, password: For the servers.
        sentinel_username, sentinel_password: For the sentinels; by default the same.
        files: The paths of certificates and keys, under redis-py's names for them.
    """

    kind: Kind
    hosts: tuple[tuple[str, int], ...]
    is_tls: bool = False
    database: int = 0
    service: str = ""
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    sentinel_username: str | None = field(default=None, repr=False)
    sentinel_password: str | None = field(default=None, repr=False)
    files: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        hosts = ",".join(f"{host}:{port}" for host, port in self.hosts)
        kind = "" if self.kind == "server" else f"+{self.kind}"
        path = self.service or self.database or ""
        return f"redis{'s' * self.is_tls}{kind}://{hosts}{'/' * bool(path)}{path}"


def parse(uri: str, folder: Path) -> RedisAddress:
    """Read a URI; the relative name of a file starts in `folder`.

    Raises:
        ConfigurationError: It is malformed; never quotes it.
    """
    try:
        return _parse(uri, folder)
    except ValueError as error:
        raise ConfigurationError(f"TOKENGUARD_STORAGE_URI {error}") from None


def _parse(uri: str, folder: Path) -> RedisAddress:
    scheme, _, rest = uri.partition("://")
    known = _SCHEME.fullmatch(scheme)
    if known is None or not rest:
        raise ValueError("is not redis://, redis+sentinel:// or redis+cluster:// with a host")
    kind, default_port = _KINDS[known["kind"]]
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    if "@" in path:
        raise ValueError("has an @ in its path; percent-encode a password's special characters")
    credentials, _, hosts = authority.rpartition("@")
    username, _, password = credentials.partition(":")
    options = _options(query, kind, is_tls=bool(known["tls"]))
    service = unquote(path) if kind == "sentinel" else ""
    if kind == "sentinel" and not service:
        raise ValueError("lacks the name of the sentinels' service: redis+sentinel://host/service")
    own_username, own_password = unquote(username) or None, unquote(password) or None
    has_sentinel_login = any(name in options for name in _SENTINEL)
    return RedisAddress(
        kind,
        tuple(_host(text, default_port) for text in _hosts(hosts, kind)),
        is_tls=bool(known["tls"]),
        database=_database(options.get("db", "") if kind == "sentinel" else path, kind),
        service=service,
        username=own_username,
        password=own_password,
        sentinel_username=(
            options.get("sentinel_username") or None if has_sentinel_login else own_username
        ),
        sentinel_password=(
            options.get("sentinel_password") or None if has_sentinel_login else own_password
        ),
        files=tuple(
            (name, _file(name, options[name], folder)) for name in _FILES if name in options
        ),
    )


def _options(query: str, kind: Kind, *, is_tls: bool) -> dict[str, str]:
    allowed = {*(_FILES if is_tls else ()), *(("db", *_SENTINEL) if kind == "sentinel" else ())}
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        raise ValueError("has a query that is not name=value, joined by &") from None
    if not options.keys() <= allowed:
        raise ValueError(
            "has an option in its query that does not belong there; "
            + (f"known are {', '.join(sorted(allowed))}" if allowed else "none is known")
            + ". Percent-encode a password's special characters"
        )
    return options


def _hosts(text: str, kind: Kind) -> list[str]:
    hosts = text.split(",")
    if kind == "server" and len(hosts) > 1:
        raise ValueError("names several hosts, which only sentinels and clusters have")
    return hosts


def _host(text: str, default_port: int) -> tuple[str, int]:
    found = _HOST.fullmatch(text)
    if found is None or not 0 < int(found["port"] or default_port) < 65536:
        raise ValueError(
            "has a malformed host or port; percent-encode a password's special characters"
        )
    return found["v6"] or found["name"], int(found["port"] or default_port)


def _database(text: str, kind: Kind) -> int:
    if text and not re.fullmatch(r"\d{1,5}", text):
        raise ValueError("has a database that is not a number")
    if kind == "cluster" and int(text or 0):
        raise ValueError("names a database, which a cluster does not have")
    return int(text or 0)


def _file(name: str, path: str, folder: Path) -> str:
    try:
        found = NamedFile(path, folder).find()
    except ValueError as error:
        raise ValueError(f"names a file as {name} that {error}") from None
    if not found.is_file():
        raise ValueError(f"names as {name} what is not a file")
    return str(found)
