"""Where on a request a token is looked for (RFC 6750 section 2): the header."""

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from flask_tokenguard.testing import assert_challenge

from ...conftest import MakeApp
from ..conftest import Headers


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", "BEARER ", "bEaReR ", "Bearer    "])
def test_the_scheme_may_have_any_case_and_number_of_spaces(
    plain_client: FlaskClient, token: str, prefix: str
) -> None:
    response = plain_client.get("/where", headers={"Authorization": prefix + token})
    assert response.get_json() == {"where": "header"}


@pytest.mark.parametrize("end", [" ", "\t", "  \t "], ids=repr)
def test_white_space_after_a_token_is_no_part_of_it(
    plain_client: FlaskClient, token: str, end: str
) -> None:
    # Sent as it is: the client's own headers would be stripped.
    environ = {"HTTP_AUTHORIZATION": f"Bearer {token}{end}"}
    response = plain_client.get("/where", environ_overrides=environ)
    assert response.get_json() == {"where": "header"}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic YTpi",
        "Digest a=b",
        "Token abc",
        "Bearers abc",
        "Bearer-x abc",
        "Bearer2 abc",
        'Digest a="b, Bearer abc"',
        'Digest a="\\", Bearer abc"',
        "Digest a=b, bearer =c",
        "Digest a=b, bearers c",
        "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
    ],
)
def test_another_scheme_is_anonymous(plain_client: FlaskClient, value: str) -> None:
    headers = {"Authorization": value}
    assert_challenge(plain_client.get("/where", headers=headers))
    assert plain_client.get("/optional", headers=headers).get_json() == {"where": None}


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer\ta",
        "Bearer a,b",
        "Bearer a, Bearer b",
        "Bearer a=b",
        "Bearer =",
        'Bearer "a"',
        "Bearer \xe4",
        "Bearer\xe4 a",
        "Bearer: a",
        "bearer,a",
        "Bearer a\xa0",
    ],
)
@pytest.mark.parametrize("path", ["/where", "/optional", "/wrapped"])
def test_a_malformed_bearer_header_is_a_malformed_request(
    plain_client: FlaskClient, path: str, value: str
) -> None:
    response = plain_client.get(path, headers={"Authorization": value})
    assert_challenge(response, error="invalid_request")


@pytest.mark.parametrize(
    ("value", "came"),
    [
        ("Bearer", "Bearer without a space behind it"),
        ("Bearer: hush", "Bearer without a space behind it"),
        ("Bearer ", "nothing behind Bearer"),
        ("Bearer bearer hush", "Bearer twice"),
        ('Bearer "hush"', "other characters than those of a token, such as quotes or a space"),
    ],
)
def test_the_log_describes_a_malformed_header_and_quotes_nothing(
    plain_client: FlaskClient, caplog: pytest.LogCaptureFixture, value: str, came: str
) -> None:
    caplog.set_level("INFO", "flask_tokenguard")
    plain_client.get("/where", headers={"Authorization": value})
    assert f"the Authorization header has {came}; write Bearer, a space and" in caplog.text
    assert "hush" not in caplog.text


def test_two_authorization_headers_are_a_malformed_request(
    plain_client: FlaskClient, token: str
) -> None:
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    assert_challenge(plain_client.get("/where", headers=twice), error="invalid_request")


@pytest.mark.parametrize("comma", [",", ", ", " ,\t"], ids=repr)
@pytest.mark.parametrize("other", ["Basic YTpi", 'Digest a="b", c=d', "eyJ.e30.c2ln"])
@pytest.mark.parametrize("path", ["/where", "/optional", "/wrapped"])
def test_a_token_beside_other_credentials_is_a_malformed_request(
    plain_client: FlaskClient, token: str, path: str, other: str, comma: str
) -> None:
    for value in (f"{other}{comma}Bearer {token}", f"Bearer {token}{comma}{other}"):
        assert_challenge(
            plain_client.get(path, headers={"Authorization": value}), error="invalid_request"
        )


def test_a_header_of_many_quotes_is_read_once(plain_client: FlaskClient) -> None:
    value = 'Digest ,"' + '\\"' * 500_000
    started = time.process_time()
    assert_challenge(plain_client.get("/where", headers={"Authorization": value}))
    assert time.process_time() - started < 5


KNOWN = "the Authorization header has the scheme {}; Bearer is wanted"
UNKNOWN = "the Authorization header has a scheme that is not known; Bearer is wanted"
ALONE = "the Authorization header holds {} alone; write Bearer and a space before the token"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("eyJhbGciOiJIUzI1NiJ9.hush.hush", ALONE.format("a token")),
        ("hush", ALONE.format("one word")),
        ("Token eyJhbGciOiJIUzI1NiJ9.hush.hush", KNOWN.format("Token")),
        ("jwt eyJhbGciOiJIUzI1NiJ9.hush.hush", KNOWN.format("JWT")),
        ("Basic aHVzaA==", KNOWN.format("Basic")),
        ("hush hush", UNKNOWN),
        ("Bearers hush", UNKNOWN),
    ],
)
@pytest.mark.parametrize("path", ["/where", "/wrapped"])
def test_the_log_names_what_came_in_place_of_bearer(
    plain_client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    path: str,
    value: str,
    words: str,
) -> None:
    with caplog.at_level("INFO", "flask_tokenguard"):
        response = plain_client.get(path, headers={"Authorization": value})
    assert_challenge(response)
    assert [words in message for message in caplog.messages] == [True]
    assert "hush" not in caplog.text


@pytest.mark.parametrize("value", ["", " ", None])
def test_the_log_is_silent_where_nothing_came(
    plain_client: FlaskClient, caplog: pytest.LogCaptureFixture, value: str | None
) -> None:
    with caplog.at_level("INFO", "flask_tokenguard"):
        plain_client.get("/where", headers={} if value is None else {"Authorization": value})
    assert "Authorization" not in caplog.text


def test_the_log_names_no_header_where_none_is_read(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_app(TOKEN_LOCATIONS=["query"]).test_client()
    with caplog.at_level("INFO", "flask_tokenguard"):
        client.get("/claims", headers={"Authorization": "Token x"})
    assert "Authorization" not in caplog.text


def test_a_malformed_header_does_not_close_an_open_route(plain_client: FlaskClient) -> None:
    assert plain_client.get("/open", headers={"Authorization": "Bearer"}).status_code == 200


def test_by_default_only_the_header_is_read(plain_client: FlaskClient, token: str) -> None:
    named = {"access_token": token}
    assert_challenge(plain_client.get("/where", query_string=named))
    assert_challenge(plain_client.post("/where", data=named))
    assert_challenge(plain_client.post("/where", json=named))


def test_places_that_are_off_are_no_second_credential(
    plain_client: FlaskClient, headers: Headers
) -> None:
    response = plain_client.post(
        "/where?access_token=x", json={"access_token": "x"}, headers=headers
    )
    assert response.get_json() == {"where": "header"}


# What mod_wsgi puts into every environ, also where it has taken a header out.
MOD_WSGI: dict[str, Any] = {"mod_wsgi.version": (4, 9, 4)}
WITHHELD = "no Authorization header: mod_wsgi passes it on only with WSGIPassAuthorization On"


def test_the_header_that_mod_wsgi_withholds_is_logged_once(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_app().test_client()
    for _ in range(2):
        assert client.get("/claims", environ_base=MOD_WSGI).status_code == 401
    assert caplog.messages == [WITHHELD]


@pytest.mark.parametrize(
    ("locations", "environ"),
    [
        (["header"], {}),
        (["header"], MOD_WSGI | {"HTTP_AUTHORIZATION": "Basic YTpi"}),
        (["form"], MOD_WSGI),
    ],
    ids=["another-server", "another-scheme", "no-header-wanted"],
)
def test_a_header_that_nobody_withholds_is_not_logged(
    make_app: MakeApp,
    caplog: pytest.LogCaptureFixture,
    locations: list[str],
    environ: dict[str, Any],
) -> None:
    client = make_app(TOKEN_LOCATIONS=locations).test_client()
    assert client.get("/claims", environ_base=environ).status_code == 401
    assert caplog.messages == []
