"""Keys, clocks and apps for every test, a key once for a whole run; and how a run goes."""

import datetime
import ipaddress
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import asymmetric, hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from flask import Flask, g
from flask.testing import FlaskClient
from hypothesis import settings

from flask_tokenguard import TokenGuard, token_required
from flask_tokenguard.jose import akp
from flask_tokenguard.jose.material import PrivateKey

from . import schedule
from .support import SettableClock

# An app of somebody else, whose suite runs by itself.
collect_ignore = ["apps"]

MakeApp = Callable[..., Flask]

# No test measures how fast something is, so that no example has a deadline.
settings.register_profile("deep", max_examples=200, deadline=None)
settings.register_profile("ordinary", max_examples=25, deadline=None)
settings.load_profile("ordinary")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run in this process what no worker would make faster; else on all cores."""
    return 0 if schedule.runs_alone(config.args, config.option) else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> schedule.FilesTogether | None:
    """Keep files together; another mode may be asked for by `--dist`."""
    return schedule.FilesTogether(config, log) if config.option.dist == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start what takes longest first."""
    schedule.long_ones_first(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Let a worker send no more than what is counted; each report has to be packed and read."""
    if not hasattr(item.config, "workerinput") or not schedule.reports_less(item.config.option):
        return None
    schedule.run_and_report_less(item, nextitem)
    return True


@pytest.fixture(scope="session", autouse=True)
def _keys_are_checked_once() -> Iterator[None]:
    """Read the same PEM once: OpenSSL checks whether an RSA key's primes are some, for 35 ms."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flask_tokenguard.keys.pem.load_pem_private_key", cache(load_pem_private_key))
        yield


@pytest.fixture
def secret() -> str:
    """A secret that is long enough for every HMAC algorithm."""
    return secrets.token_urlsafe(64)


@pytest.fixture(scope="session")
def private_keys() -> dict[str, PrivateKey]:
    """A private key for each default algorithm of the asymmetric kinds."""
    return {
        "RS256": rsa.generate_private_key(65537, 2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "ES384": ec.generate_private_key(ec.SECP384R1()),
        "ES512": ec.generate_private_key(ec.SECP521R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        **{alg: akp.generate(alg) for alg in akp.PUBLIC_SIZES},
    }


@pytest.fixture(params=["46", "47"])
def old_cryptography(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A `cryptography` without ML-DSA, and one that has it by name alone."""

    def refuse(*_: object) -> NoReturn:
        raise UnsupportedAlgorithm("ML-DSA-44 is not supported by this backend.")

    if request.param == "46":
        monkeypatch.delattr(asymmetric, "mldsa")
        monkeypatch.setitem(sys.modules, mldsa.__name__, None)
    else:
        monkeypatch.setattr(mldsa.MLDSA44PrivateKey, "from_seed_bytes", refuse)
    akp._usable.cache_clear()
    yield
    akp._usable.cache_clear()


@pytest.fixture(scope="session")
def private_pems(private_keys: dict[str, PrivateKey]) -> dict[str, str]:
    """The same in PKCS#8."""
    return {
        alg: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        for alg, key in private_keys.items()
    }


@pytest.fixture(scope="session")
def encrypted_pems(private_keys: dict[str, PrivateKey]) -> dict[str, str]:
    """The same, encrypted with the password `correct horse`."""
    encryption = BestAvailableEncryption(b"correct horse")
    return {
        alg: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()
        for alg, key in private_keys.items()
    }


@pytest.fixture(scope="session")
def public_pems(private_keys: dict[str, PrivateKey]) -> dict[str, str]:
    """Their public keys in SubjectPublicKeyInfo."""
    return {
        alg: key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        for alg, key in private_keys.items()
    }


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of 127.0.0.1 and its key, in one file that clients trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a server for tests")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    return pem


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands at the present until a test moves it."""
    return SettableClock(time.time())


@pytest.fixture
def hanging_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A resolver that hangs until it is released, and then knows none; but `works.example`."""
    go_on = threading.Event()
    resolve = socket.getaddrinfo

    def look_up(host: str, port: int, **options: Any) -> Any:
        if host == "works.example":
            return resolve("127.0.0.1", port, **options)
        go_on.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield go_on
    go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("tokenguard-"):
            thread.join(30)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the fixture `app` of a module."""
    return app.test_client()


@pytest.fixture
def make_app(secret: str) -> MakeApp:
    """Make a guarded app from settings without their prefix; a secret unless a key is given.

    `GET /claims` demands a token and returns its claims.
    """

    def make(guard: TokenGuard | None = None, **settings: Any) -> Flask:
        app = Flask(__name__)
        if not settings.keys() & {"KEY", "KEY_FILE", "KEYS", "KEYRING"}:
            settings["KEY"] = secret
        app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
        guard = app.extensions["guard"] = guard or TokenGuard()
        guard.init_app(app)

        @app.get("/claims")
        @token_required
        def claims() -> Any:
            return dict(g.claims)

        return app

    return make
