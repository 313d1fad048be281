"""No content of a request, however hostile, is a server error."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask, g, jsonify
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flask_tokenguard import TokenGuard, current_token, token_required
from flask_tokenguard.testing import assert_challenge

from ..support import bearer
from .conftest import Sign
from .support import foreign

HARMLESS = {200, 400, 401, 403, 413}
FORM = "application/x-www-form-urlencoded"
PATHS = ["/guarded", "/recent", "/scoped", "/optional", "/wrapped", "/open"]

hostile = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

paths = st.sampled_from(PATHS)
latin1 = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=60)
# What looks like a token gets further than what does not.
token_like = st.from_regex(r"[A-Za-z0-9_-]{0,12}(\.[A-Za-z0-9_-]{0,12}){0,4}=?", fullmatch=True)
authorizations = st.one_of(
    latin1,
    latin1.map("Bearer {}".format),
    latin1.map("bEARER{}".format),
    token_like.map("Bearer {}".format),
)
texts = st.text(st.characters(), max_size=20) | st.sampled_from(["\ud800", "a\udfff", "\x00", ""])
numbers = (
    st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.sampled_from([10**4000, 2**63, -1, 253_402_300_799, 253_402_300_800, 1e308, -0.0])
)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)
registered = st.sampled_from(
    "iss sub aud exp nbf iat jti scope client_id cnf sid auth_time role".split()
)
header_names = st.sampled_from("alg typ kid cty crit b64 jwk jku x5u x5c x5t zip enc".split())


def _dump(value: object) -> bytes:
    """Write JSON as an attacker may: NaN, lone surrogates and endless numbers included."""
    return json.dumps(value, default=str).encode()


def _properties_of_claims() -> Any:
    claims = g.claims
    if claims is None:
        return jsonify(None)
    times = [claims.expires_at, claims.issued_at]
    assert all(isinstance(instant, datetime) for instant in times)
    shown = [claims.subject, claims.issuer, claims.id, *claims.audience, *sorted(claims.scopes)]
    return jsonify(claims=claims, shown=shown, times=times, header=current_token.header)


@pytest.fixture(scope="module")
def module_secret() -> str:
    """Give a secret for all examples, so that they need one app."""
    return secrets.token_urlsafe(64)


@pytest.fixture(scope="module")
def client(module_secret: str) -> FlaskClient:
    """A client of an app that looks everywhere and whose views use all that is known."""
    app = Flask(__name__)
    app.config["TOKENGUARD_KEY"] = module_secret
    app.config["TOKENGUARD_TOKEN_LOCATIONS"] = ["header", "form", "query", "json"]
    guard = TokenGuard(app)
    guard.user_loader(lambda claims: claims.subject)
    demands: dict[str, Callable[[Any], Any]] = {
        "guarded": token_required(user=True),
        "recent": token_required(max_age=300),
        "scoped": token_required(scope="a", claims={"role": ["admin", 1, True, None]}),
        "optional": token_required(optional=True, check=lambda claims: claims.get("role")),
        "wrapped": lambda view: foreign(token_required(any_scope="a b")(view)),
        "open": lambda view: view,
    }
    for name, decorate in demands.items():
        view = decorate(lambda: _properties_of_claims())  # noqa: PLW0108 - one for each
        app.add_url_rule(f"/{name}", name, view, methods=["GET", "POST", "OPTIONS"])
    places = ["header:X-Auth-Token", "header:Authorization:Token", "cookie:a", "query:jwt"]
    named = token_required(locations=places)(lambda: _properties_of_claims())  # noqa: PLW0108
    app.add_url_rule("/named", "named", named, methods=["GET", "POST"])
    return app.test_client(use_cookies=False)


@pytest.fixture
def secret(module_secret: str) -> str:
    """Sign with that secret."""
    return module_secret


@hostile
@given(path=paths, value=authorizations)
@example(path="/guarded", value="Bearer " + "x" * 100_000)
@example(path="/guarded", value="Bearer " + "." * 9_000)
@example(path="/guarded", value="Bearer \xe9\xff")
def test_no_authorization_header_is_a_server_error(
    client: FlaskClient, path: str, value: str
) -> None:
    response = client.get(path, headers={"Authorization": value})
    assert response.status_code in HARMLESS


@hostile
@given(
    method=st.sampled_from(["GET", "POST"]),
    field=st.sampled_from(["X-Auth-Token", "Authorization", "Cookie"]),
    value=latin1 | token_like | latin1.map("Token {}".format) | latin1.map("a={}".format),
)
@example(method="POST", field="Cookie", value="a=x; a=y")
@example(method="GET", field="X-Auth-Token", value="x" * 100_000)
def test_no_named_place_makes_a_server_error(
    client: FlaskClient, method: str, field: str, value: str
) -> None:
    response = client.open("/named", method=method, headers={field: value})
    assert response.status_code in HARMLESS


@hostile
@given(path=paths, query=st.binary(max_size=80) | token_like.map(str.encode))
@example(path="/guarded", query=b"%ff%00")
@example(path="/guarded", query=b"x" * 100_000)
def test_no_query_is_a_server_error(client: FlaskClient, path: str, query: bytes) -> None:
    response = client.get(path, query_string="access_token=" + query.decode("latin-1"))
    assert response.status_code in HARMLESS


@hostile
@given(path=paths, body=st.binary(max_size=80), prefix=st.sampled_from([b"", b"access_token="]))
@example(path="/guarded", prefix=b"access_token=", body=b"x" * 30_000)
@example(path="/guarded", prefix=b"access_token=", body=b"x" * 600_000)
@example(path="/wrapped", prefix=b"", body=b"&" * 20_000)
@example(path="/guarded", prefix=b"access_token=", body=b"\xff%ff%zz")
def test_no_form_is_a_server_error(
    client: FlaskClient, path: str, prefix: bytes, body: bytes
) -> None:
    response = client.post(path, data=prefix + body, content_type=FORM)
    assert response.status_code in HARMLESS


json_bodies = st.one_of(
    st.binary(max_size=80),
    values.map(_dump),
    values.map(lambda value: _dump({"access_token": value})),
    token_like.map(lambda value: _dump({"access_token": value})),
    values.map(lambda value: _dump({"access_token": value}).decode().encode("utf-16")),
)


@hostile
@given(path=paths, body=json_bodies)
@example(path="/guarded", body=b"[" * 30_000)
@example(path="/wrapped", body=b'{"access_token":' * 2_000)
@example(path="/wrapped", body=b'{"access_token":' * 100_000)
@example(path="/guarded", body=b'{"access_token": ' + b"9" * 5_000 + b"}")
@example(path="/guarded", body=b'{"access_token": "\\ud800"}')
@example(path="/guarded", body=b'{"access_token": "\xed\xa0\x80"}')
@example(path="/guarded", body=b'{"access_token": NaN}')
def test_no_json_body_is_a_server_error(client: FlaskClient, path: str, body: bytes) -> None:
    response = client.post(path, data=body, content_type="application/json")
    assert response.status_code in HARMLESS


@hostile
@given(path=paths, content_type=latin1, method=st.sampled_from(["GET", "POST", "OPTIONS", "HEAD"]))
@example(path="/guarded", content_type="multipart/form-data", method="POST")
@example(path="/guarded", content_type="application/json; charset=nonsense", method="POST")
@example(path="/guarded", content_type=f"{FORM}; charset=utf-7", method="POST")
def test_no_content_type_is_a_server_error(
    client: FlaskClient, path: str, content_type: str, method: str
) -> None:
    response = client.open(path, method=method, data=b"access_token=x", content_type=content_type)
    assert response.status_code in HARMLESS


@settings(hostile, max_examples=4 * hostile.max_examples)
@given(path=paths, changed=st.dictionaries(registered, values, max_size=4))
@example(path="/guarded", changed={"exp": 253_402_300_799})
@example(path="/guarded", changed={"exp": 253_402_300_799.0, "iat": 0.0})
@example(path="/guarded", changed={"exp": 253_402_300_798.9999999})
@example(path="/guarded", changed={"iat": 5e-324, "nbf": -0.0})
@example(path="/guarded", changed={"exp": 10**400})
@example(path="/guarded", changed={"exp": float("nan")})
@example(path="/guarded", changed={"exp": float("inf")})
@example(path="/recent", changed={"auth_time": 10**400})
@example(path="/recent", changed={"auth_time": -1e308})
@example(path="/guarded", changed={"sub": "\ud800"})
@example(path="/open", changed={"role": {"\udfff": "\ud800"}})
@example(path="/scoped", changed={"scope": "a", "role": True})
@example(path="/scoped", changed={"scope": "a", "role": [10**400, 1e308, None]})
@example(path="/wrapped", changed={"scope": "a\x00b \u2028 b"})
def test_no_payload_that_is_signed_rightly_is_a_server_error(
    client: FlaskClient,
    sign: Sign,
    good_claims: dict[str, Any],
    path: str,
    changed: dict[str, Any],
) -> None:
    token = sign(_dump(good_claims | changed))
    assert client.get(path, headers=bearer(token)).status_code in HARMLESS
    assert client.post(path, data={"access_token": token}).status_code in HARMLESS


@hostile
@given(path=paths, missing=st.sets(st.sampled_from(["sub", "jti", "iat", "exp"]), min_size=1))
def test_no_payload_without_what_it_must_say_is_a_server_error(
    client: FlaskClient, sign: Sign, good_claims: dict[str, Any], path: str, missing: set[str]
) -> None:
    kept = {name: value for name, value in good_claims.items() if name not in missing}
    response = client.get(path, headers=bearer(sign(kept)))
    assert response.status_code in HARMLESS


@hostile
@given(path=paths, payload=st.one_of(st.binary(max_size=60), values.map(_dump)))
@example(path="/guarded", payload=b'{"a":' * 5_000)
@example(path="/guarded", payload=b"[" * 5_000)
@example(path="/guarded", payload=b'{"sub": ' + b"9" * 5_000 + b"}")
@example(path="/guarded", payload=b'{"sub": 1e999}')
@example(path="/guarded", payload=b'{"sub": "a", "sub": "b"}')
@example(path="/guarded", payload=b"\xef\xbb\xbf{}")
@example(path="/guarded", payload=b"")
def test_no_payload_of_other_octets_is_a_server_error(
    client: FlaskClient, sign: Sign, path: str, payload: bytes
) -> None:
    assert client.get(path, headers=bearer(sign(payload))).status_code in HARMLESS


headers_of_tokens = st.one_of(
    st.binary(max_size=60),
    values.map(_dump),
    st.dictionaries(header_names, values, max_size=4).map(
        lambda changed: _dump({"alg": "HS256", "typ": "at+jwt"} | changed)
    ),
)


@hostile
@given(path=paths, header=headers_of_tokens)
@example(path="/guarded", header=b'{"alg": "none"}')
@example(path="/guarded", header=b'{"alg": null}')
@example(path="/guarded", header=b'{"alg": {"a": []}}')
@example(path="/guarded", header=b'{"alg": "HS256", "kid": "\\ud800", "typ": "at+jwt"}')
@example(path="/guarded", header=b'{"alg": "HS256", "a":' * 1_000)
@example(path="/guarded", header=b'{"alg": "HS256", "typ": "\xc4\xb0"}')
def test_no_header_of_a_token_is_a_server_error(
    client: FlaskClient, sign: Sign, good_claims: dict[str, Any], path: str, header: bytes
) -> None:
    token = sign(good_claims, header)
    assert client.get(path, headers=bearer(token)).status_code in HARMLESS


@pytest.mark.parametrize("path", PATHS)
def test_a_good_token_is_served_by_the_same_views(
    client: FlaskClient, sign: Sign, good_claims: dict[str, Any], path: str
) -> None:
    login = good_claims["iat"]
    token = sign(good_claims | {"scope": "a", "role": "admin", "auth_time": login})
    response = client.get(path, headers=bearer(token))
    assert response.status_code == 200
    assert response.get_json()["shown"] == ["alice", None, "1", "a"]


@pytest.mark.parametrize("length", [8_193, 100_000, 2_000_000])
def test_a_very_long_token_is_refused(client: FlaskClient, length: int) -> None:
    assert_challenge(client.get("/guarded", headers=bearer("x" * length)), error="invalid_token")


@pytest.mark.parametrize(
    "value",
    [b"[" * 2_000 + b"]" * 2_000, b"9" * 5_000, b"1e999", b"NaN", rb'"\ud800"', rb'{"\udfff": 1}'],
    ids=["deep", "endless", "infinite", "not a number", "surrogate", "surrogate name"],
)
def test_a_payload_that_readers_might_choke_on_is_refused(
    client: FlaskClient, sign: Sign, good_claims: dict[str, Any], value: bytes
) -> None:
    payload = _dump(good_claims)[:-1] + b', "role": ' + value + b"}"
    assert_challenge(client.get("/guarded", headers=bearer(sign(payload))), error="invalid_token")


def test_a_deeply_nested_body_is_no_token(client: FlaskClient) -> None:
    response = client.post("/guarded", data=b"[" * 30_000, content_type="application/json")
    assert_challenge(response)
