"""The commands for keys: making them, listing them, and turning the ring."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from flask import Config

from ..arguments.files import missing
from ..clock import wall_clock
from ..config.settings import Settings
from ..errors import ConfigurationError
from ..jose.algorithms import CONTENT_BITS, ENCRYPTION_ALGORITHMS, SIGNATURE_ALGORITHMS
from ..jose.jwe import EncryptionKey
from ..jose.jwk import Key
from ..jose.key_pairs import CURVES
from ..jose.material import Material, PrivateKey
from ..keys.generate import generate, to_jwk, to_pem, to_public_pem, use_of
from ..keys.own import ConfiguredKeys
from ..keys.ring_files import NextKeyTooYoung, RingEntry, read_index, write_new
from ..keys.ring_files import make as make_ring
from ..keys.ring_files import rotate as rotate_ring
from ..keys.text import read_file
from ..web import metadata as well_known
from ..wiring.app import locate_ring
from .output import (
    ABSOLUTE,
    Command,
    Function,
    as_json_option,
    fail,
    instant,
    name_option,
    parts_of,
    print_rows,
)
from .readers import DEFAULT_ALG, jwks, warn_of_few_readers

_ALGORITHMS = (*SIGNATURE_ALGORITHMS, *ENCRYPTION_ALGORITHMS)
_CURVES = (*CURVES, "Ed25519", "X25519")
_OF_THE_RING = ("TOKENGUARD_KEYRING", "TOKENGUARD_KEY_PASSWORD")


def _password_options(command: Function) -> Function:
    for option in (
        click.option("--password", is_flag=True, help="Ask for the PEM's password."),
        click.option("--password-file", type=ABSOLUTE, help="Read it there."),
        click.option("--password-env", help="The environment variable that holds it."),
    ):
        command = option(command)
    return command


@click.command(cls=Command)
@name_option("--alg", _ALGORITHMS, default=DEFAULT_ALG, show_default=True, help="Its algorithm.")
@name_option("--crv", _CURVES, help="The curve, for ECDH-ES: P-256, P-384 or X25519.")
@name_option("--enc", CONTENT_BITS, help="The content encryption, for dir.")
@click.option("--kid", help="The key's name, for a JWK.")
@click.option("--format", "form", type=click.Choice(["pem", "jwk"]), help="Default by key.")
@click.option("--out", type=ABSOLUTE, help="The file; it must not exist.")
@click.option("--stdout", is_flag=True, help="Print the secret instead.")
@click.option("--public", type=ABSOLUTE, help="A file for the public part.")
@_password_options
@as_json_option
def keygen(
    alg: str, crv: str | None, enc: str | None, kid: str | None, form: str | None, **options: Any
) -> None:
    """Make a key, in PEM or as a JWK, and print what was written.

    An existing file is never overwritten. A password, from a prompt, a file or a variable, encrypts
    a PEM.
    """
    if (options["out"] is None) == (not options["stdout"]):
        fail("Say where the secret goes: --out FILE or --stdout")
    password = _password(options)
    try:
        key = generate(alg, crv=crv, enc=enc)
    except ValueError as error:
        fail(f"No such key: {error}")
    _check_paths(options["out"], options["public"])
    warn_of_few_readers(alg)
    metadata = {"kid": kid, "alg": alg, "use": use_of(alg)}
    if isinstance(key, bytes):
        if form == "pem" or options["public"] is not None:
            fail("A secret has no PEM and no public part; it is a JWK")
        form = "jwk"
    if form == "jwk" and password is not None:
        fail("A JWK cannot be encrypted with a password; use --format pem")
    if form != "jwk" and kid is not None:
        fail("A PEM has no place for a kid; use --format jwk")
    # The public part first: should it fail, no secret is left behind.
    if not isinstance(key, bytes) and options["public"] is not None:
        public = _jwk(key, private=False, **metadata) if form == "jwk" else to_public_pem(key)
        _write(options["public"], public)
    if form == "jwk" or isinstance(key, bytes):
        secret = _jwk(key, private=True, **metadata)
    else:
        secret = _pem(key, password)
    if options["as_json"]:
        _write_for_programs(options, secret, {**metadata, "format": form or "pem"})
        return
    _write(options["out"], secret)
    shape = "JWK" if form == "jwk" else "PEM" if password is None else "encrypted PEM"
    kind = "secret" if isinstance(key, bytes) else "private key"
    files = {f"{kind} for {alg}, {shape}": options["out"], "public key": options["public"]}
    _print_written(files, err=options["stdout"])


@click.command(cls=Command)
@as_json_option
@click.pass_context
def keys(context: click.Context, as_json: bool) -> None:
    """List the app's keys."""
    parts = parts_of(context)
    encryption: dict[EncryptionKey, None] = {}
    if parts.encryption is not None:
        # One that only encrypts is not among those that decrypt.
        encryption = dict.fromkeys((parts.encryption.encrypting, *parts.encryption.decrypting))
    ring = parts.settings.keyring
    entries = {} if ring is None else _entries_of(ring.path)
    rows = []
    states = parts.keys.states if isinstance(parts.keys, ConfiguredKeys) else {}
    for key in (*parts.keys, *encryption):
        entry = entries.get(key.kid or "")
        state = states.get(key) if isinstance(key, Key) else None
        rows.append(
            {
                "kid": key.kid,
                "use": key.use,
                "alg": key.alg,
                "kind": "private" if key.is_private else "public",
                "state": "active" if key is parts.keys.signing else entry.state if entry else state,
                "since": entry and instant(entry.retired or entry.activated or entry.created),
            }
        )
    print_rows(rows, as_json=as_json)


@click.command(cls=Command)
@click.option("--keyring", type=ABSOLUTE, help="Default: the app's.")
@name_option(
    "--alg", SIGNATURE_ALGORITHMS, help=f"Default that of the active key, else {DEFAULT_ALG}."
)
@click.option("--now", is_flag=True, help="Even if readers may not know the next key yet.")
@click.option("--new", is_flag=True, help="Make the ring; there must be none yet.")
@_password_options
@as_json_option
@click.pass_context
def rotate(
    context: click.Context, /, keyring: Path | None, alg: str | None, **options: Any
) -> None:
    """Let the ring's next key sign, and make a new next one.

    With --new, and only then, make the ring. While the app cannot start yet, the ring is that of
    FLASK_TOKENGUARD_KEYRING or --keyring.
    """
    password = _password(options)
    warn_of_few_readers(alg or DEFAULT_ALG)
    is_own = keyring is None
    if keyring is None:
        keyring, app_password = ring_of(context)
        password = app_password if password is None else password
    try:
        active = [entry.alg for entry in read_index(keyring) if entry.state == "active"]
        alg, now = alg or (active[0] if active else DEFAULT_ALG), int(wall_clock())
        if is_own:
            _check_size(context, alg)
        if options["new"]:
            entries = make_ring(keyring, alg=alg, password=password, now=now)
        else:
            least_age = 0 if options["now"] else well_known.MAX_AGE
            entries = rotate_ring(keyring, alg=alg, password=password, now=now, least_age=least_age)
    except NextKeyTooYoung as error:
        remedy = "Wait, or add --now if nobody else reads the keys"
        fail(f"The ring {keyring} is as it was: {error}. {remedy}")
    except (ValueError, OSError) as error:
        fail(f"The ring {keyring} is as it was: {error}")
    click.echo(f"The ring: {keyring}", err=True)
    rows = [{"kid": entry.kid, "alg": entry.alg, "state": entry.state} for entry in entries]
    print_rows(rows, as_json=options["as_json"])


def _check_size(context: click.Context, alg: str) -> None:
    """Refuse an algorithm by which the app could issue no token; an app that fails is passed by.

    Raises:
        ValueError: No token of the app would be short enough.
    """
    with suppress(click.ClickException):
        issuer = parts_of(context).issuer
        try:
            issuer.check_size(Key(generate(alg), alg=alg))
        except ConfigurationError as error:
            raise ValueError(str(error)) from None


def _entries_of(ring: Path) -> dict[str, RingEntry]:
    """Read what a ring that signed a moment ago holds now."""
    try:
        return {entry.kid: entry for entry in read_index(ring)}
    except (ValueError, OSError) as error:
        fail(f"The ring cannot be read: {error}")


def ring_of(context: click.Context) -> tuple[Path, str | None]:
    """Find the app's ring and its password; in the environment, for an app that cannot start."""
    try:
        settings = parts_of(context).settings
    except click.ClickException as error:
        settings = _settings_of_the_environment()
        if settings.keyring is None:
            is_empty = error.message.startswith("TOKENGUARD_KEYRING")
            fail(error.message + ("\nName the ring with --keyring" if is_empty else ""))
    if settings.keyring is None:
        fail("The app has no key ring; name one with --keyring")
    return locate_ring(settings.keyring, settings)


def _settings_of_the_environment() -> Settings:
    """Read what names a ring where no app does; relative names start in the working directory."""
    config, faults = Config(""), list[str]()
    config.from_prefixed_env()
    settings = Settings.read(config, faults.append, folder=Path.cwd())
    # Without its password a new ring would not be encrypted.
    of_the_ring = [fault for fault in faults if fault.startswith(_OF_THE_RING)]
    if of_the_ring:
        fail("\n".join(of_the_ring))
    return settings


def _password(options: dict[str, Any]) -> str | None:
    asked, file, name = (options[key] for key in ("password", "password_file", "password_env"))
    if sum((bool(asked), file is not None, name is not None)) > 1:
        fail("The password comes from one of --password, --password-file and --password-env")
    if asked:
        password: str = click.prompt(
            "Password", hide_input=True, confirmation_prompt=True, err=True
        )
        return password
    if file is not None:
        try:
            return read_file(file) or fail(f"The password's file {file} is empty")
        except ValueError as error:
            fail(f"The password's file {file} {error}")
    if name is not None and not os.environ.get(name):
        fail(f"The environment variable {name} is not set")
    return None if name is None else os.environ[name]


def _check_paths(secret: Path | None, public: Path | None) -> None:
    for path in (secret, public):
        if path is not None and path.exists():
            fail(f"{path} exists already")
    if secret is not None and secret == public:
        fail("The secret and the public part need a file each")


def _pem(key: PrivateKey, password: str | None) -> bytes:
    try:
        return to_pem(key, password)
    except ValueError:
        fail("The key cannot be encrypted with this password")


def _jwk(key: Material, *, private: bool, **metadata: str | None) -> bytes:
    return json.dumps(to_jwk(key, private=private, **metadata)).encode() + b"\n"


def _write_for_programs(
    options: dict[str, Any], secret: bytes, members: dict[str, str | None]
) -> None:
    """Write the secret to its file, or into the JSON where it was asked for."""
    files = {name: options[name] and str(options[name]) for name in ("out", "public")}
    key = {"key": secret.decode()} if options["stdout"] else {}
    if options["out"] is not None:
        _write(options["out"], secret)
    click.echo(json.dumps({**members, **files, **key}))


def _print_written(files: dict[str, Path | None], *, err: bool) -> None:
    for content, path in files.items():
        if path is not None:
            click.echo(f"Wrote {path}: {content}", err=err)


def _write(path: Path | None, octets: bytes) -> None:
    if path is None:
        click.echo(octets, nl=False)
        return
    try:
        write_new(path, octets)
    except OSError as error:
        folder = path.parent
        fail(f"{path} cannot be written: {error.strerror if folder.exists() else missing(folder)}")


KEY_COMMANDS = (keygen, keys, rotate, jwks)
