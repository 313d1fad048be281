"""Bodies are bounded: ours by a refusal, an app's by not being looked into."""

import io
import json
import secrets
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, cast

import pytest
from flask import Flask, Request, request
from flask.json.provider import DefaultJSONProvider
from flask.testing import FlaskClient
from werkzeug.formparser import FormDataParser
from werkzeug.test import TestResponse

from flask_tokenguard import (
    TokenGuard,
    current_token,
    issue_token,
    issue_token_pair,
    refresh_required,
    refresh_token_pair,
    token_required,
)
from flask_tokenguard.jose import strict_json
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.web.credentials import bodies

from ..conftest import MakeApp
from ..support import Config
from .conftest import Headers
from .support import grant_error_of

BOUND = 4 * 8160
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SETTINGS: Config = {"STORAGE_URI": "memory://", "TOKEN_LOCATIONS": ["header", "form", "json"]}
OURS = ["/token", "/revoke"]
# Whether the length is stated, and whether the server ends the stream, as for a chunked body.
WAYS = {"length": (True, False), "both": (True, True), "chunked": (False, True)}

kinds = pytest.mark.parametrize("kind", [FORM, JSON], ids=["form", "json"])
ways = pytest.mark.parametrize("way", WAYS)
ours = pytest.mark.parametrize("path", OURS)


class Input(io.RawIOBase):
    """What a server gives as `wsgi.input`, which counts the octets that are read."""

    def __init__(self, body: bytes, *, fails: bool = False) -> None:
        self._body = body
        self._fails = fails
        self.octets = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        octets = self.read(len(buffer))
        buffer[: len(octets)] = octets
        return len(octets)

    def read(self, size: int = -1) -> bytes:
        if self._fails and self.octets:
            raise RuntimeError("a broken chunk")
        end = len(self._body) if size < 0 else self.octets + size
        taken = self._body[self.octets : end]
        self.octets += len(taken)
        return taken


def body_of(kind: str, members: dict[str, str], size: int = 0) -> bytes:
    """Write a form or JSON, filled up to a size."""
    pairs = [f"{name}={value}" for name, value in members.items()]
    body = "&".join(pairs) if kind == FORM else json.dumps(members)
    return body.encode().ljust(size, b"&" if kind == FORM else b" ")


def send(
    client: FlaskClient,
    path: str,
    body: bytes | Input,
    kind: str = FORM,
    *,
    way: str = "length",
    headers: Headers | None = None,
    **environ: str,
) -> TestResponse:
    """Send a body in one of the ways; `environ` is what a server hands on besides."""
    stream = Input(body) if isinstance(body, bytes) else body
    states_length, ends = WAYS[way]
    overrides: dict[str, Any] = {"wsgi.input": stream, "CONTENT_TYPE": kind}
    if states_length:
        overrides["CONTENT_LENGTH"] = str(len(stream._body))
    if ends:
        overrides["wsgi.input_terminated"] = True
    return client.post(path, headers=headers, environ_overrides=overrides | environ)


def _add_views(app: Flask) -> Flask:
    reads: dict[str, Callable[[Request], Any]] = {
        "form": lambda request: request.form.to_dict(),
        "json": lambda request: json.dumps(request.get_json(), default=repr),
        "raw": lambda request: request.stream.read(),
        "buffered": lambda request: io.BufferedReader(cast(io.RawIOBase, request.stream)).read(),
        "input": lambda request: request.environ["wsgi.input"].read(),
    }
    for name, read in reads.items():
        view = token_required(partial(read, request))
        app.add_url_rule(f"/{name}", name, view, methods=["POST"])

    @app.post("/where")
    @token_required(optional=True)
    def where() -> Any:
        return {"where": current_token.location if current_token else None}

    @app.post("/refresh")
    def refresh() -> Any:
        return dict(refresh_token_pair())

    app.add_url_rule("/marked", "marked", refresh_required(refresh), methods=["POST"])
    return app


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """An app with our endpoints, and with views that take a token from a body."""
    guard = TokenGuard()
    app = make_app(guard, **SETTINGS)
    app.register_blueprint(guard.token_endpoints())
    return _add_views(app)


@pytest.fixture(scope="module")
def lasting_client() -> FlaskClient:
    """A client of such an app, which no test changes."""
    app = Flask(__name__)
    app.config["TOKENGUARD_KEY"] = secrets.token_urlsafe(64)
    app.config.update({f"TOKENGUARD_{name}": value for name, value in SETTINGS.items()})
    guard = TokenGuard(app)
    app.register_blueprint(guard.token_endpoints())
    return _add_views(app).test_client()


@pytest.fixture
def token(app: Flask) -> str:
    """A token that is not older than the store."""
    with app.app_context():
        return issue_token("alice")


@pytest.fixture
def grant(app: Flask) -> dict[str, str]:
    """The parameters of a refresh."""
    with app.app_context():
        token = issue_token_pair("alice")["refresh_token"]
    return {"grant_type": "refresh_token", "refresh_token": token}


TOO_LARGE, INVALID = (413, "invalid_request"), (400, "invalid_request")


# Our endpoints


@ours
@kinds
@ways
def test_a_large_body_is_refused_and_hardly_read(
    client: FlaskClient, path: str, kind: str, way: str
) -> None:
    stream = Input(body_of(kind, {"token": "x", "grant_type": "refresh_token"}, 4_000_000))
    assert grant_error_of(send(client, path, stream, kind, way=way)) == TOO_LARGE
    assert stream.octets == (BOUND if way == "chunked" else 0)


@ours
def test_an_apps_answer_to_413_is_not_that_of_our_endpoints(app: Flask, path: str) -> None:
    app.register_error_handler(413, lambda _: ("an error page", 413))
    body = body_of(FORM, {}, BOUND + 1)
    assert grant_error_of(send(app.test_client(), path, body)) == TOO_LARGE


@ours
@kinds
@pytest.mark.parametrize("length", ["x", "-1", "5, 5", "9" * 5_000, "10", ""])
def test_a_length_that_lies_does_not_let_more_be_read(
    client: FlaskClient, path: str, kind: str, length: str
) -> None:
    stream = Input(body_of(kind, {}, 4_000_000))
    answer = send(client, path, stream, kind, way="chunked", CONTENT_LENGTH=length)
    assert grant_error_of(answer) == TOO_LARGE
    assert stream.octets <= BOUND


@kinds
@pytest.mark.parametrize(("size", "status"), [(BOUND, 200), (BOUND + 1, 413)])
@pytest.mark.parametrize("way", ["length", "both"])
def test_the_bound_is_four_times_that_of_a_token(
    client: FlaskClient, kind: str, way: str, size: int, status: int
) -> None:
    body = body_of(kind, {"token": "x"}, size)
    assert send(client, "/revoke", body, kind, way=way).status_code == status


@kinds
@ways
def test_a_refresh_comes_in_every_way(
    client: FlaskClient, grant: dict[str, str], kind: str, way: str
) -> None:
    assert send(client, "/token", body_of(kind, grant), kind, way=way).status_code == 200


@ours
@kinds
def test_a_body_that_nobody_bounds_is_not_read(client: FlaskClient, path: str, kind: str) -> None:
    stream = Input(body_of(kind, {"token": "x"}))
    overrides = {"wsgi.input": stream, "CONTENT_TYPE": kind}
    assert grant_error_of(client.post(path, environ_overrides=overrides)) == INVALID
    assert stream.octets == 0


@ours
def test_a_multipart_body_is_not_read(client: FlaskClient, path: str) -> None:
    stream = Input(b"x" * 4_000_000)
    kind = "multipart/form-data; boundary=x"
    assert grant_error_of(send(client, path, stream, kind, way="both")) == INVALID
    assert stream.octets == 0


@ours
@kinds
@ways
def test_a_smaller_limit_of_the_app_stays_in_force(
    client: FlaskClient, path: str, kind: str, way: str
) -> None:
    client.application.config["MAX_CONTENT_LENGTH"] = 100
    stream = Input(body_of(kind, {"token": "x"}, 200))
    assert grant_error_of(send(client, path, stream, kind, way=way)) == TOO_LARGE
    if way == "chunked":
        assert stream.octets == 101


@ours
@kinds
def test_a_body_that_breaks_off_is_an_invalid_request(
    client: FlaskClient, path: str, kind: str
) -> None:
    stream = Input(body_of(kind, {"token": "x"}), fails=True)
    assert grant_error_of(send(client, path, stream, kind, way="chunked")) == INVALID


@ours
@kinds
def test_a_body_shorter_than_its_length_is_an_invalid_request(
    client: FlaskClient, path: str, kind: str
) -> None:
    body = body_of(kind, {"token": "x"})
    assert grant_error_of(send(client, path, body, kind, CONTENT_LENGTH="1000")) == INVALID


@kinds
@pytest.mark.parametrize(("size", "status"), [(0, 200), (BOUND + 1, 413)])
def test_a_body_that_a_hook_of_the_app_has_read_is_bounded_too(
    app: Flask, grant: dict[str, str], kind: str, size: int, status: int
) -> None:
    app.before_request(lambda: request.get_data() and None)
    body = body_of(kind, grant, size)
    assert send(app.test_client(), "/token", body, kind, way="chunked").status_code == status


def test_a_hook_of_the_app_that_reads_does_not_lift_its_limit(
    app: Flask, grant: dict[str, str]
) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 100
    app.before_request(lambda: request.get_data() and None)
    answer = send(app.test_client(), "/token", body_of(FORM, grant), way="chunked")
    assert grant_error_of(answer) == TOO_LARGE


def test_a_form_that_a_hook_of_the_app_has_parsed_is_used(
    app: Flask, grant: dict[str, str]
) -> None:
    app.before_request(lambda: request.form.get("x"))
    answer = send(app.test_client(), "/token", body_of(FORM, grant), way="chunked")
    assert answer.status_code == 200


# Parsed once


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes | str]:
    """What was parsed: JSON by us, JSON by Flask, or a form."""
    seen: list[Any] = []

    def spy(owner: Any, name: str, position: int) -> None:
        original = getattr(owner, name)

        def parse(*arguments: Any, **options: Any) -> Any:
            seen.append(arguments[position])
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, parse)

    spy(strict_json, "parse_object", 0)
    spy(json, "loads", 0)
    spy(FormDataParser, "_parse_urlencoded", 2)
    spy(bodies, "parse_qsl", 0)
    return seen


@kinds
def test_our_endpoints_parse_a_body_once(client: FlaskClient, parsed: list[Any], kind: str) -> None:
    body = body_of(kind, {"grant_type": "refresh_token", "refresh_token": "x", "scope": "a"})
    send(client, "/token", body, kind)
    assert parsed == [body.decode() if kind == FORM else body]


@kinds
@ways
@pytest.mark.parametrize("place", ["body", "header"])
def test_a_view_gets_what_was_parsed_once(
    *,
    client: FlaskClient,
    parsed: list[Any],
    token: str,
    headers: Headers,
    kind: str,
    way: str,
    place: str,
) -> None:
    members = {"text": "\u00e9"} if kind == JSON else {"text": "e"}
    if place == "body":
        members, headers = members | {"access_token": token}, {}
    path, body = ("/form" if kind == FORM else "/json"), body_of(kind, members)
    answer = send(client, path, body, kind, way=way, headers=headers)
    times = parsed.count(FORM if kind == FORM else body)
    assert (json.loads(answer.data), times) == (members, 1)


def test_a_view_gets_what_the_apps_own_json_provider_parses(app: Flask, token: str) -> None:
    class Exact(DefaultJSONProvider):
        def loads(self, s: str | bytes, **kwargs: Any) -> Any:
            return super().loads(s, parse_float=Decimal, **kwargs)

    app.json = Exact(app)
    body = f'{{"access_token": "{token}", "price": 1.10}}'.encode()
    answer = send(app.test_client(), "/json", body, JSON)
    assert json.loads(answer.data)["price"] == "Decimal('1.10')"


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 2}',
        b'{"a": NaN, "b": "\\\\"}',
        b'["access_token"]',
        b' [{"access_token": "x"}]',
        b'"access_token"',
        b'"\\u0061"',
        '{"a": 1}'.encode("utf-16"),
    ],
    ids=repr,
)
def test_json_without_a_token_need_not_be_strict(
    client: FlaskClient, headers: Headers, body: bytes
) -> None:
    answer = send(client, "/json", body, JSON, headers=headers)
    assert (answer.status_code, answer.data.decode()) == (200, json.dumps(json.loads(body)))


@pytest.mark.parametrize(
    "body",
    [
        b'{"access_token": "x", "a": 1, "a": 2}',
        b'{"access_token": "x", "a": NaN}',
        b'{"access_token": "x", "\\u0061ccess_token": "y"}',
        b'{"\\u0061ccess_token": "x", "a": ' + b"[" * 40 + b"]" * 40 + b"}",
        '{"access_token": "x"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"access_token": "x"}',
    ],
    ids=repr,
)
def test_json_that_brings_a_token_must_be_strict(client: FlaskClient, body: bytes) -> None:
    assert_challenge(send(client, "/where", body, JSON), error="invalid_request")


# Views of the app


@kinds
@ways
def test_a_token_in_a_large_body_is_not_looked_for(
    client: FlaskClient, token: str, kind: str, way: str
) -> None:
    body = body_of(kind, {"access_token": token}, BOUND + 1)
    answer = send(client, "/where", body, kind, way=way)
    assert answer.get_json() == {"where": None}
    assert_challenge(send(client, "/raw", body, kind, way=way))


@pytest.mark.parametrize("way", ["length", "both"])
@kinds
def test_a_large_body_is_left_unread_where_its_length_is_stated(
    client: FlaskClient, kind: str, way: str
) -> None:
    stream = Input(body_of(kind, {}, BOUND + 1))
    send(client, "/where", stream, kind, way=way)
    assert stream.octets == 0


@pytest.mark.parametrize("path", ["/raw", "/input", "/json", "/buffered"])
@ways
def test_a_view_reads_a_large_body_from_its_beginning(
    client: FlaskClient, headers: Headers, path: str, way: str
) -> None:
    body = b'["' + bytes(range(97, 123)) * 4_000 + b'"]'
    assert send(client, path, body, JSON, way=way, headers=headers).data == body


@ways
def test_a_view_reads_a_large_form(client: FlaskClient, headers: Headers, way: str) -> None:
    text = "x" * BOUND
    answer = send(client, "/form", body_of(FORM, {"a": text}), way=way, headers=headers)
    assert answer.get_json() == {"a": text}


def test_a_view_behind_a_foreign_reader_keeps_its_stream(app: Flask, headers: Headers) -> None:
    app.before_request_funcs[None].insert(0, lambda: request.stream and None)
    body = b"[" + b" " * BOUND + b"]"
    answer = send(app.test_client(), "/raw", body, JSON, way="chunked", headers=headers)
    assert answer.data == body


def test_the_apps_limit_answers_at_its_view_as_flask_does(client: FlaskClient) -> None:
    client.application.config["MAX_CONTENT_LENGTH"] = 100
    for way in WAYS:
        answer = send(client, "/where", body_of(JSON, {}, 200), JSON, way=way)
        assert (answer.status_code, answer.mimetype) == (413, "text/html")


@kinds
@pytest.mark.parametrize("ends", [True, False], ids=["ended", "not ended"])
@pytest.mark.parametrize(
    "length", ["-1", "x", "5, 5", "5,9", "+5", " 5 ", "1e3", "0x5", "9" * 100, "9" * 5_000, "\xb2"]
)
@pytest.mark.parametrize("path", [*OURS, "/where", "/form", "/refresh", "/marked"])
def test_no_content_length_is_a_server_error(
    lasting_client: FlaskClient, path: str, kind: str, length: str, ends: bool
) -> None:
    body = body_of(kind, {"token": "x", "access_token": "x"})
    way = "both" if ends else "length"
    answer = send(lasting_client, path, body, kind, way=way, CONTENT_LENGTH=length)
    assert answer.status_code in {200, 400, 401, 413}


@ways
@pytest.mark.parametrize("path", ["/refresh", "/marked"])
def test_a_refresh_in_a_view_of_the_app_refuses_a_large_body(
    client: FlaskClient, grant: dict[str, str], way: str, path: str
) -> None:
    assert send(client, path, body_of(JSON, grant), JSON, way=way).status_code == 200
    answer = send(client, path, body_of(JSON, grant, BOUND + 1), JSON, way=way)
    assert grant_error_of(answer) == TOO_LARGE
