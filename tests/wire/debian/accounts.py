"""Servers with accounts, in which a token is the password, each by its recipe."""

import imaplib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

from ...kit.loopback import free_port
from ..readers.published import BEFORE_ML_DSA
from ..support import give_up, running
from .asking import Ask, get
from .ours import Ours
from .recipes import recipe

_RABBITMQ = Path("/usr/lib/rabbitmq/lib")
# Without the pause after each refusal, and the longer one after several.
_DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = oauthbearer xoauth2
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
}}
service stats {{
  chroot =
}}
"""
_EJABBERD = """\
hosts: [localhost]
modules:
  mod_admin_extra: {{}}
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers:
      /api: mod_http_api
api_permissions:
  loopback:
    who:
      - ip: "127.0.0.1/8"
    what:
      - check_password
"""


@contextmanager
def rabbitmq(ours: Ours, folder: Path) -> Iterator[Ask]:
    """Ask its management plugin, with a name server of its own for Erlang."""
    names, port = free_port(), free_port()
    own = (
        f"listeners.tcp.1 = 127.0.0.1:{free_port()}\n"
        f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {port}\n"
    )
    (folder / "rabbitmq.conf").write_text(own + recipe("RabbitMQ", keys=ours.folder))
    plugins = "[rabbitmq_management,rabbitmq_auth_backend_oauth2].\n"
    (folder / "plugins").write_text(plugins)
    environment = {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        # Erlang takes the place of the script, so that its pid is the one that is ended.
        "RABBITMQ_ALLOW_INPUT": "true",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput",
        "RABBITMQ_NODENAME": "wire@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
    }
    (server,) = _RABBITMQ.glob("rabbitmq_server-*/sbin/rabbitmq-server")
    epmd = ["epmd", "-port", str(names), "-address", "127.0.0.1"]
    (folder / "names").mkdir()
    with (
        running(epmd, folder / "names", is_ready=lambda: _is_named(names)),
        running(
            [str(server)],
            folder,
            is_ready=lambda: get(port, "/", "x"),
            environment=environment,
        ),
    ):

        def ask(_: str, token: str) -> str | None:
            status, body = get(port, "/api/whoami", token)
            return str(json.loads(body)["name"]) if status == 200 else None

        yield ask


def _is_named(port: int) -> bool:
    command = ["epmd", "-port", str(port), "-names"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - our words


@contextmanager
def dovecot(ours: Ours, folder: Path) -> Iterator[Ask]:
    """Log in to IMAP."""
    if os.geteuid():
        give_up("Dovecot is started by root alone")
    port, keys = free_port(), folder / "dictionary"
    for kid in BEFORE_ML_DSA:
        place = keys / "default" / kid
        place.mkdir(parents=True)
        shutil.copy(ours.folder / f"{kid}.pem", place / kid)
    (folder / "oauth2.conf").write_text(recipe("Dovecot", keys=keys, at=1))
    passdb = recipe("Dovecot", keys=keys)
    passdb = passdb.replace("/etc/dovecot/oauth2.conf.ext", f"{folder}/oauth2.conf")
    (folder / "dovecot.conf").write_text(_DOVECOT.format(folder=folder, port=port) + passdb)
    (folder / "run").mkdir()
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "mail", "mail")
    command = ["dovecot", "-F", "-c", f"{folder}/dovecot.conf"]

    def ask(_: str, token: str) -> str | None:
        answers = iter([f"n,a=ada,\1auth=Bearer {token}\1\1".encode()])
        with suppress(imaplib.IMAP4.error), imaplib.IMAP4("127.0.0.1", port, timeout=30) as client:
            client.authenticate("OAUTHBEARER", lambda _: next(answers, b""))
            return "ada"
        return None

    def is_ready() -> bool:
        with imaplib.IMAP4("127.0.0.1", port, timeout=30):
            return True

    with running(command, folder, port=port, is_ready=is_ready):
        yield ask


@contextmanager
def ejabberd(ours: Ours, folder: Path) -> Iterator[Ask]:
    """Check a password, by a server for each key, since it has one."""
    with ExitStack() as stack:
        ports: dict[str, int] = {}

        def ask(alg: str, token: str) -> str | None:
            if alg not in ports:
                (folder / alg).mkdir()
                ports[alg] = stack.enter_context(_ejabberd(ours, folder / alg, alg))
            account = {"user": "ada", "host": "localhost", "password": token}
            headers = {"Content-Type": "application/json"}
            with closing(HTTPConnection("127.0.0.1", ports[alg], timeout=30)) as connection:
                connection.request("POST", "/api/check_password", json.dumps(account), headers)
                answer = connection.getresponse()
                # It answers with the exit status of its command line.
                return "ada" if (answer.status, answer.read()) == (200, b"0") else None

        yield ask


@contextmanager
def _ejabberd(ours: Ours, folder: Path, kid: str) -> Iterator[int]:
    """Start Erlang without a name, which needs no name server."""
    port = free_port()
    text = recipe("ejabberd", keys=ours.folder, kids=[kid])
    (folder / "ejabberd.yml").write_text(_EJABBERD.format(port=port) + text)
    environment = {
        "HOME": str(folder),
        "ERL_LIBS": str(next(Path("/usr/lib").glob("*/ejabberd-*")).parent),
        "EJABBERD_CONFIG_PATH": str(folder / "ejabberd.yml"),
        "EJABBERD_LOG_PATH": str(folder / "ejabberd.log"),
    }
    command = ["erl", "-noinput", "-mnesia", "dir", f'"{folder}/spool"', "-s", "ejabberd"]
    with running(
        command, folder, port=port, is_ready=lambda: get(port, "/", "x"), environment=environment
    ):
        yield port
