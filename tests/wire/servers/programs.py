"""Servers of an app, and proxies in front of one: what starts each, in its own defaults."""

import os
import secrets
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...kit.loopback import free_port
from ...support import ROOT
from ..support import Running, debian_version_of, give_up, running, version_of

_APP = "tests.wire.servers.app:make_app"
# What Apache, nginx and uWSGI load: a name, where the others call a function.
_SCRIPT = "from tests.wire.servers.app import make_app\napplication = make_app()\n"
APACHE = """\
ServerRoot "{folder}"
ServerName localhost
PidFile "{folder}/pid"
ErrorLog "{folder}/error.log"
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
{raising}
User www-data
Group www-data
"""
_MOD_WSGI = """\
LoadModule wsgi_module {modules}/mod_wsgi.so
WSGISocketPrefix {folder}/wsgi
WSGIDaemonProcess api python-path={paths}
WSGIScriptAlias / {folder}/app.wsgi process-group=api application-group=%{{GLOBAL}}
<Directory "{folder}">
Require all granted
</Directory>
"""
_APACHE_PROXY = """\
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
ProxyPass / http://127.0.0.1:{upstream}/
"""
_NGINX = """\
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  {raising}
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
  }}
}}
"""
_HAPROXY = """\
global
  {raising}
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 60s
frontend api
  bind 127.0.0.1:{port}
  default_backend app
backend app
  server app 127.0.0.1:{upstream}
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A server or proxy.

    Attributes:
        name: As the page has it.
        package: The one whose version counts.
        command: Its command line.
        files: What it reads, by name; in both, `{port}` and the like are replaced.
        raising: What lets longer headers through: an option, or a line of its file.
        needs: A file without which it does not run our Python.
        is_rounded: Whether its limit varies, by the machine's name.
        is_debian: Whether Debian brings it, not PyPI.
        is_proxy: Whether it stands in front of waitress.
    """

    name: str
    package: str
    command: tuple[str, ...]
    files: dict[str, str] = field(default_factory=dict)
    raising: str = ""
    needs: str = ""
    is_rounded: bool = False
    is_debian: bool = False
    is_proxy: bool = False

    @property
    def version(self) -> str:
        """Its version; the test that asks is skipped where it is not here."""
        if self.needs and not Path(self.needs).exists():
            give_up(f"{self.name} is not here for this Python: there is no {self.needs}")
        if self.package == MOD_WSGI.package and not os.geteuid():
            _check_that_others_may_read()
        return debian_version_of(self.package) if self.is_debian else version_of(self.package)


def _python(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *words)


MODULES = "/usr/lib/apache2/modules"
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_APACHE_COMMAND = ("apache2", "-DFOREGROUND", "-f", "{folder}/apache.conf")
GUNICORN = Program(
    "gunicorn",
    "gunicorn",
    _python("gunicorn", "--no-control-socket", "--bind", "127.0.0.1:{port}", f"{_APP}()"),
    raising="--limit-request-field_size 32768",
)
WAITRESS = Program(
    "waitress",
    "waitress",
    _python("waitress", "--listen", "127.0.0.1:{port}", "--call", _APP),
)
MOD_WSGI = Program(
    "mod_wsgi, `WSGIPassAuthorization On`",
    "libapache2-mod-wsgi-py3",
    _APACHE_COMMAND,
    {"apache.conf": APACHE + _MOD_WSGI + "WSGIPassAuthorization On\n", "app.wsgi": _SCRIPT},
    raising="LimitRequestFieldSize 32768",
    needs=f"{MODULES}/mod_wsgi.so-{_PYTHON}",
    is_debian=True,
)
TAKING_CHUNKS = replace(
    MOD_WSGI,
    files=MOD_WSGI.files
    | {"apache.conf": MOD_WSGI.files["apache.conf"] + "WSGIChunkedRequest On\n"},
)
WITHHOLDING = replace(MOD_WSGI, files=MOD_WSGI.files | {"apache.conf": APACHE + _MOD_WSGI})
HYPERCORN = Program(
    "hypercorn",
    "hypercorn",
    _python("hypercorn", "--bind", "127.0.0.1:{port}", "wsgi:app:application"),
    {"app.py": _SCRIPT},
)
FROM_PYPI = (
    GUNICORN,
    WAITRESS,
    Program(
        "granian",
        "granian",
        _python(
            *("granian", "--interface", "wsgi", "--factory"),
            *("--host", "127.0.0.1", "--port", "{port}", _APP),
        ),
    ),
    HYPERCORN,
    Program(
        "cheroot",
        "cheroot",
        _python("cheroot", "--bind", "127.0.0.1:{port}", "app:application"),
        {"app.py": _SCRIPT},
    ),
)
FROM_DEBIAN = (
    Program(
        "uWSGI",
        "uwsgi-core",
        (
            *("uwsgi", "--plugin", "python3", "--die-on-term", "--need-app"),
            *("--http-socket", "127.0.0.1:{port}", "--wsgi-file", "{folder}/app.py"),
        ),
        {"app.py": _SCRIPT},
        raising="--buffer-size 32768",
        is_rounded=True,
        needs=f"/usr/lib/uwsgi/plugins/python{_PYTHON.replace('.', '')}_plugin.so",
        is_debian=True,
    ),
    MOD_WSGI,
    Program(
        "nginx",
        "nginx",
        ("nginx", "-p", "{folder}", "-e", "{folder}/error.log", "-c", "{folder}/nginx.conf"),
        {"nginx.conf": _NGINX},
        raising="large_client_header_buffers 4 32k;",
        is_debian=True,
        is_proxy=True,
    ),
    Program(
        "HAProxy",
        "haproxy",
        ("haproxy", "-db", "-f", "{folder}/haproxy.conf"),
        {"haproxy.conf": _HAPROXY},
        raising="tune.bufsize 32768",
        is_debian=True,
        is_proxy=True,
    ),
    Program(
        "Apache, mod_proxy_http",
        "apache2-bin",
        _APACHE_COMMAND,
        {"apache.conf": APACHE + _APACHE_PROXY},
        raising="LimitRequestFieldSize 32768",
        is_debian=True,
        is_proxy=True,
    ),
)


def _check_that_others_may_read() -> None:
    """Skip where Apache, which gives up root's rights, cannot read our code."""
    for folder in (ROOT, Path(_purelib()), *ROOT.parents, *Path(_purelib()).parents):
        if not folder.stat().st_mode & 0o001:
            give_up(f"Apache's user may not enter {folder}")


def _purelib() -> str:
    return sysconfig.get_path("purelib")


@contextmanager
def served(
    program: Program, folder: Path, *, behind: Program = WAITRESS, is_raised: bool = False
) -> Iterator[Running]:
    """Serve the app by a program, or by another behind a proxy.

    Args:
        program: What is started.
        folder: An empty one, which every user may enter.
        behind: What serves the app where the program is a proxy.
        is_raised: Whether longer headers are let through.
    """
    if not program.is_proxy:
        with _started(program, folder, is_raised=is_raised) as server:
            yield server
        return
    (folder / "app").mkdir()
    with (
        _started(behind, folder / "app") as server,
        _started(program, folder, upstream=server.port, is_raised=is_raised) as proxy,
    ):
        yield proxy


@contextmanager
def _started(
    program: Program, folder: Path, *, upstream: int = 0, is_raised: bool = False
) -> Iterator[Running]:
    print(program.name, program.version)
    raising = program.raising if is_raised else ""
    port, paths = free_port(), os.pathsep.join([str(ROOT), _purelib()])
    values = {
        "folder": folder,
        "port": port,
        "upstream": upstream,
        # Our code and PyPI's, for a Python of another installation.
        "paths": paths,
        "modules": MODULES,
        "raising": raising,
    }
    for name, text in program.files.items():
        (folder / name).write_text(text.format_map(values) if name.endswith(".conf") else text)
    command = [word.format_map(values) for word in program.command]
    if not program.files.keys() & {"apache.conf", "nginx.conf", "haproxy.conf"}:
        command += raising.split()
    environment = {
        "FLASK_TOKENGUARD_KEY": secrets.token_urlsafe(48),
        "FLASK_TOKENGUARD_TOKEN_LOCATIONS": '["header", "form"]',
        "PYTHONPATH": paths,
    }
    with running(command, folder, port=port, path="/seen", environment=environment) as server:
        yield server
