"""Where a Redis is, as `limits` writes it, and what is wrong with a URI without its password."""

import pathlib
import sys

import pytest

from flask_tokenguard.errors import ConfigurationError
from flask_tokenguard.stores.redis import address as redis_uri
from flask_tokenguard.stores.redis.address import RedisAddress
from flask_tokenguard.stores.redis.store import RedisStore

SECRET = "hunter2"


def parse(uri: str, folder: pathlib.Path = pathlib.Path()) -> RedisAddress:
    """Read a URI."""
    return redis_uri.parse(uri, folder)


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("redis://localhost", RedisAddress("server", (("localhost", 6379),))),
        ("valkey://localhost", RedisAddress("server", (("localhost", 6379),))),
        ("redis://localhost:1234/", RedisAddress("server", (("localhost", 1234),))),
        ("redis://localhost/5", RedisAddress("server", (("localhost", 6379),), database=5)),
        ("rediss://10.0.0.1", RedisAddress("server", (("10.0.0.1", 6379),), is_tls=True)),
        ("valkeys://a-b.c_d", RedisAddress("server", (("a-b.c_d", 6379),), is_tls=True)),
        ("redis://[::1]:99", RedisAddress("server", (("::1", 99),))),
        (
            "redis+sentinel://a:1,b,[fe80::1]:3/mymaster",
            RedisAddress("sentinel", (("a", 1), ("b", 26379), ("fe80::1", 3)), service="mymaster"),
        ),
        (
            "valkeys+sentinel://a/my%20master?db=4",
            RedisAddress("sentinel", (("a", 26379),), is_tls=True, database=4, service="my master"),
        ),
        ("redis+cluster://a:1,b", RedisAddress("cluster", (("a", 1), ("b", 6379)))),
        ("valkey+cluster://a/0", RedisAddress("cluster", (("a", 6379),))),
        ("rediss+cluster://a", RedisAddress("cluster", (("a", 6379),), is_tls=True)),
    ],
)
def test_a_uri_says_where_to_connect(uri: str, address: RedisAddress) -> None:
    assert parse(uri) == address


@pytest.mark.parametrize(
    ("credentials", "username", "password"),
    [
        ("", None, None),
        (":pass@", None, "pass"),
        ("user:pass@", "user", "pass"),
        ("us%40er:p%3Aa%2Fss%25@", "us@er", "p:a/ss%"),
        ("user:p@ss:w#@", "user", "p@ss:w#"),
    ],
)
@pytest.mark.parametrize("kind", ["redis", "rediss", "redis+cluster"])
def test_a_uri_says_as_whom(
    kind: str, credentials: str, username: str | None, password: str | None
) -> None:
    address = parse(f"{kind}://{credentials}host")
    assert (address.username, address.password) == (username, password)


def test_sentinels_take_the_same_credentials_as_their_servers() -> None:
    address = parse("redis+sentinel://user:pass@host/service")
    assert (address.sentinel_username, address.sentinel_password) == ("user", "pass")


@pytest.mark.parametrize(
    ("query", "username", "password"),
    [
        ("sentinel_password=other", None, "other"),
        ("sentinel_username=me&sentinel_password=other", "me", "other"),
        ("sentinel_password=", None, None),
    ],
)
def test_sentinels_may_have_credentials_of_their_own(
    query: str, username: str | None, password: str | None
) -> None:
    address = parse(f"redis+sentinel://user:pass@host/service?{query}")
    assert (address.sentinel_username, address.sentinel_password) == (username, password)
    assert (address.username, address.password) == ("user", "pass")


def test_a_uri_over_tls_may_name_its_certificates(tmp_path: pathlib.Path) -> None:
    pem = tmp_path / "a&b.pem"
    pem.touch()
    address = parse(f"rediss://host?ssl_ca_certs={str(pem).replace('&', '%26')}")
    assert address.files == (("ssl_ca_certs", str(pem)),)


def test_a_relative_certificate_is_in_the_folder(tmp_path: pathlib.Path) -> None:
    (tmp_path / "ca.pem").touch()
    address = parse("rediss://host?ssl_ca_certs=ca.pem", tmp_path)
    assert address.files == (("ssl_ca_certs", str(tmp_path / "ca.pem")),)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no file can have this name"):
        RedisStore("rediss://host?ssl_ca_certs=%00")


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("redis:/host", "is not redis://"),
        ("redis://", "is not redis://"),
        ("postgres://u:hunter2@host", "is not redis://"),
        ("hunter2", "is not redis://"),
        ("redis://:hunter2@", "malformed host"),
        ("redis://:hunter2@host:0", "malformed host"),
        ("redis://:hunter2@host:65536", "malformed host"),
        ("redis://:hunter2@host:port", "malformed host"),
        ("redis://user:hunter2/x", "malformed host"),
        ("redis://user:hunter2/x@host", "an @ in its path"),
        ("redis://user:12/hunter2@host", "an @ in its path"),
        ("redis+sentinel://user:12/hunter2@host", "an @ in its path"),
        ("redis://user:1?hunter2@host", "not name=value"),
        ("redis://user:1?hunter2=@host", "an option in its query"),
        ("redis://[host]", "malformed host"),
        ("redis://:hunter2@a,b", "several hosts"),
        ("redis://:hunter2@host/first", "database that is not a number"),
        ("redis://:hunter2@host?db=1", "none is known"),
        ("rediss://:hunter2@host?ssl_cert_reqs=none", "ssl_ca_certs"),
        ("rediss://:hunter2@host?ssl_ca_certs=/nowhere/ca.pem", "cannot be read: No such file"),
        ("rediss://:hunter2@host?ssl_ca_certs=/", "names as ssl_ca_certs what is not a file"),
        ("redis+sentinel://:hunter2@host", "name of the sentinels' service"),
        ("redis+sentinel://:hunter2@host/service?db=x", "database that is not a number"),
        ("redis+cluster://:hunter2@host/1", "a cluster does not have"),
    ],
)
def test_a_malformed_uri_is_refused_without_its_password(uri: str, fault: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        RedisStore(uri)
    assert fault in str(refused.value)
    assert "TOKENGUARD_STORAGE_URI" in str(refused.value)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("valkeys://u:hunter2@host/3", "<RedisStore rediss://host:6379/3>"),
        ("redis+sentinel://:hunter2@a,b:1/main", "<RedisStore redis+sentinel://a:26379,b:1/main>"),
        ("redis+cluster://:hunter2@a,b:1", "<RedisStore redis+cluster://a:6379,b:1>"),
    ],
)
def test_a_store_shows_where_it_is_without_the_password(uri: str, shown: str) -> None:
    assert repr(RedisStore(uri)) == shown
    assert SECRET not in repr(parse(uri))


@pytest.mark.parametrize("prefix", ["{a}", "a}", "{"])
def test_a_prefix_with_braces_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="braces"):
        RedisStore("redis://host", prefix=prefix)


@pytest.mark.parametrize("version", [None, (7, 4, 1)])
def test_without_redis_py_8_its_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...] | None
) -> None:
    door = "flask_tokenguard.stores.redis.link"
    monkeypatch.delitem(sys.modules, door, raising=False)
    monkeypatch.delattr(door, raising=False)
    if version is None:
        monkeypatch.setitem(sys.modules, "redis", None)
    else:
        monkeypatch.setattr("redis.VERSION", version)
    with pytest.raises(ConfigurationError, match=r"flask-tokenguard\[redis\]"):
        RedisStore("redis://host")
