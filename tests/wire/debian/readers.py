"""Readers from Debian: what starts each, and what the page has beside it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from .accounts import dovecot, ejabberd, rabbitmq
from .asking import Ask
from .local import libjwt, rnbyc
from .ours import Ours
from .proxies import haproxy, mod_auth_openidc, mod_oauth2


class Reader(NamedTuple):
    """A reader.

    Attributes:
        name: As the page has it.
        package: Debian's.
        typ: The header's `typ` in the tokens that it should refuse.
        start: Starts it in a folder with a folder `keys`, that every user may enter.
        mind: What the page has beside it.
    """

    name: str
    package: str
    typ: str | None
    start: Callable[[Ours, Path], AbstractContextManager[Ask]]
    mind: str


READERS = (
    Reader("HAProxy, `jwt_verify`", "haproxy", "at+jwt", haproxy, "one PEM for each key"),
    Reader(
        "mod_auth_openidc",
        "libapache2-mod-auth-openidc",
        "at+jwt",
        mod_auth_openidc,
        "a key set over https; PEM files only of RSA keys",
    ),
    Reader("mod_oauth2", "libapache2-mod-oauth2", "at+jwt", mod_oauth2, "a key set over https"),
    Reader("RabbitMQ", "rabbitmq-server", "at+jwt", rabbitmq, "one PEM for each key"),
    Reader("Dovecot", "dovecot-core", "JWT", dovecot, "one PEM for each key; wants `typ` `JWT`"),
    Reader("ejabberd", "ejabberd", "at+jwt", ejabberd, "one JWK"),
    Reader(
        "libjwt",
        "libjwt0",
        "JWT",
        libjwt,
        "one PEM; compare `jwt_get_alg`, or HS256 with the PEM as secret is taken; and the claims",
    ),
    Reader(
        "rnbyc",
        "rnbyc",
        "at+jwt",
        rnbyc,
        "a key set; with a PEM or JWK it shows the claims unverified, and exits with 0",
    ),
)
