"""`python -m example_app` serves the app; `python -m example_app tour` plays its story."""

import argparse
import logging
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from waitress import create_server

from . import create_app
from .first_start import PASSWORDS_FILE, prepare
from .request_log import print_requests
from .tour import story
from .tour.screen import Screen

# Loopback only: a bearer token must not travel over plain http (RFC 6750 section 5.3).
HOST = "127.0.0.1"

WELCOME = """\
The notes service is at {url}
Open it in a browser, and sign in with a click.
Its keys and its databases are in {folder}

The demo users and their passwords:
{users}
They are kept in {passwords_file}; delete that file and start again for new ones.

For programs it answers in JSON. Log in, write a note, list the notes:

TOKEN=$(curl -s {url}/login -H 'Content-Type: application/json' \\
  -d '{{"name": "alice", "password": "{alice}"}}' | cut -d '"' -f 4)
curl -i {url}/notes -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -d '{{"text": "Buy milk"}}'
curl -i {url}/notes -H "Authorization: Bearer $TOKEN"

And without a token, to see the challenge:

curl -i {url}/notes

Log out; from then on the token is refused:

curl -i -X POST {url}/logout -H "Authorization: Bearer $TOKEN"
curl -i {url}/notes -H "Authorization: Bearer $TOKEN"

Ctrl-C stops it."""


def main() -> int:
    """Do what the command line says; return the exit code."""
    options = _parser().parse_args()
    if isinstance(sys.stdout, TextIOWrapper):
        # A terminal without these characters shall show others, not fail.
        sys.stdout.reconfigure(errors="replace")
    names = forget_settings()
    if names:
        print(f"Not used from the environment, as the demo has settings of its own: {names}\n")
    if options.command == "serve":
        return serve(options.instance, options.port)
    try:
        return story.main(Screen(is_quiet=options.quiet, is_stepping=options.step))
    except (KeyboardInterrupt, EOFError):  # While it waits for Enter.
        print()
        return 1


def forget_settings() -> str:
    """Forget the settings in the environment, which are another app's; list their names."""
    names = sorted(name for name in os.environ if name.startswith(("FLASK_", "TOKENGUARD_")))
    for name in names:
        del os.environ[name]
    return ", ".join(names)


def serve(instance: Path, port: int) -> int:
    """Serve until interrupted."""
    passwords = prepare(instance)
    app = create_app(demo_settings(passwords), instance=instance)
    # In debug mode too, in one line.
    app.json.compact = True  # type: ignore[attr-defined] # Flask's provider has it
    app.wsgi_app = print_requests(app.wsgi_app)  # type: ignore[assignment,method-assign] # as Flask has it
    try:
        server = create_server(app, host=HOST, port=port)
    except OSError as error:
        print(f"Port {port} cannot be used ({error}); try --port", file=sys.stderr)
        return 1
    print(_welcome(f"http://{HOST}:{server.effective_port}", instance, passwords), flush=True)
    # A visitor who waits a moment for one of its threads is no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server.run()
    return 0


def demo_settings(passwords: dict[str, str]) -> dict[str, Any]:
    """Make the settings of the demonstration, which no app that serves others may have."""
    return {
        # Sign in with a click: the page holds the passwords.
        "DEMO_PASSWORDS": passwords,
        # A page of another site that points its own name to this machine must not read it.
        "TRUSTED_HOSTS": [HOST, "localhost", ".localhost"],
        # Over plain http WebKit keeps no cookie that is Secure, not even from this machine.
        "DEBUG": True,
        "TOKENGUARD_COOKIE_INSECURE": True,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m example_app", description=__doc__)
    parser.add_argument("command", nargs="?", choices=("serve", "tour"), default="serve")
    parser.add_argument("--port", type=_port, default=5000, help="to serve at; 0 takes a free one")
    parser.add_argument("--step", action="store_true", help="wait for Enter at each step of a tour")
    parser.add_argument("--quiet", action="store_true", help="print what is wrong, and the table")
    parser.add_argument(
        "--instance",
        type=Path,
        default=os.environ.get("EXAMPLE_APP_INSTANCE", "instance"),
        help="folder of the keys and the databases (or EXAMPLE_APP_INSTANCE); default ./instance",
    )
    return parser


def _port(text: str) -> int:
    # The server would take a larger one modulo 65536.
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("must be a number from 0 to 65535")
    return int(text)


def _welcome(url: str, instance: Path, passwords: dict[str, str]) -> str:
    folder = instance.resolve()
    return WELCOME.format(
        url=url,
        folder=folder,
        users="\n".join(f"  {name:6} {password}" for name, password in passwords.items()),
        passwords_file=folder / PASSWORDS_FILE,
        alice=passwords["alice"],
    )


if __name__ == "__main__":
    sys.exit(main())
