"""Places that the app names: a header, a cookie or a parameter of its own, and its own function."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import (
    ConfigurationError,
    InvalidToken,
    Reason,
    TokenGuard,
    current_token,
    issue_token,
    set_token_cookies,
    token_rejected,
    token_required,
    unset_token_cookies,
)

from ..conftest import MakeApp
from ..support import bearer
from .conftest import ID
from .support import BAD, MALFORMED, MISSING, received, refusal_of

Send = Callable[..., TestResponse]
SAME = {"Sec-Fetch-Site": "same-origin"}
CROSS = {"Sec-Fetch-Site": "cross-site"}


def with_view(app: Flask) -> FlaskClient:
    """Add a view that returns where its token was found."""

    @app.route("/where", methods=["GET", "POST"])
    @token_required
    def where() -> Any:
        return {"where": current_token.location}

    # Such a client would put its own cookies in place of a header.
    return app.test_client(use_cookies=False)


def where(answer: TestResponse) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.get_json()["where"]


def cached_as(answer: TestResponse) -> tuple[str | None, str | None]:
    assert answer.status_code == 200, answer.text
    return answer.headers.get("Cache-Control"), answer.headers.get("Vary")


def cookies(**values: str) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in values.items())}


def authorization(scheme: str, token: str) -> dict[str, str]:
    return {"Authorization": f"{scheme} {token}"}


def in_cookie(token: str) -> dict[str, Any]:
    return {"headers": cookies(access_token_cookie=token) | SAME}


# A named place is read, and no other


@pytest.mark.parametrize(
    ("entry", "send"),
    [
        ("header:X-Auth-Token", lambda token: {"headers": {"x-auth-token": token}}),
        ("header:Authorization:Token", lambda token: {"headers": authorization("Token", token)}),
        ("header:Authorization:Token", lambda token: {"headers": authorization("token", token)}),
        ("header:X-Api-Auth:JWT", lambda token: {"headers": {"X-Api-Auth": f"JWT {token}"}}),
        ("header:Authorization", lambda token: {"headers": {"Authorization": token}}),
        ("query:jwt", lambda token: {"query_string": {"jwt": token}}),
        ("form:token", lambda token: {"data": {"token": token}}),
        ("json:token", lambda token: {"json": {"token": token}}),
        ("cookie:access_token_cookie", in_cookie),
    ],
)
def test_a_token_is_found_in_a_named_place(
    make_app: MakeApp, token: str, entry: str, send: Callable[[str], dict[str, Any]]
) -> None:
    client = with_view(make_app(TOKEN_LOCATIONS=[entry]))
    for _ in range(2):
        assert where(client.post("/where", **send(token))) == entry


@pytest.mark.parametrize(
    ("entry", "sent"),
    [
        ("header:X-Auth-Token", {"headers": {"Authorization": "Bearer {}"}}),
        ("header:Authorization:Token", {"headers": {"Authorization": "Bearer {}"}}),
        ("header:Authorization:Token", {"headers": {"Authorization": "Tokens {}"}}),
        ("header:Authorization", {"headers": {"Authorization": "Bearer {}"}}),
        ("header", {"headers": {"Authorization": "Token {}"}}),
        ("query:jwt", {"query_string": {"access_token": "{}"}}),
        ("form:token", {"data": {"access_token": "{}"}}),
        ("json:token", {"json": {"access_token": "{}"}}),
        ("cookie:a", {"headers": {"Cookie": "__Host-access_token={}", **SAME}}),
    ],
)
def test_another_place_holds_no_credential(
    make_app: MakeApp, token: str, entry: str, sent: dict[str, dict[str, str]]
) -> None:
    client = with_view(make_app(TOKEN_LOCATIONS=[entry]))
    filled = {
        part: {name: value.format(token) for name, value in values.items()}
        for part, values in sent.items()
    }
    answer = client.post("/where", **filled)
    assert refusal_of(answer) == MISSING


@pytest.mark.parametrize("value", ["Token", "Token ", "Token a b", "Token a, Token b"])
def test_a_malformed_header_of_another_scheme_is_a_bad_request(
    make_app: MakeApp, value: str
) -> None:
    client = with_view(make_app(TOKEN_LOCATIONS=["header:Authorization:Token"]))
    answer = client.get("/where", headers={"Authorization": value})
    assert refusal_of(answer) == MALFORMED


def test_two_schemes_of_one_header_may_both_be_named(make_app: MakeApp, token: str) -> None:
    client = with_view(make_app(TOKEN_LOCATIONS="header,header:Authorization:Token"))
    assert where(client.get("/where", headers=bearer(token))) == "header"
    answer = client.get("/where", headers=authorization("Token", token))
    assert where(answer) == "header:Authorization:Token"
    both = {"Authorization": f"Bearer {token}, Token {token}"}
    assert refusal_of(client.get("/where", headers=both)) == MALFORMED


def test_the_log_names_the_scheme_that_is_wanted(make_app: MakeApp) -> None:
    app = make_app(TOKEN_LOCATIONS=["header:Authorization:Token"])
    with received(token_rejected, app) as rejected:
        with_view(app).get("/where", headers=bearer("x"))
    (refused,) = rejected
    assert (
        refused["error"].detail == "the Authorization header has the scheme Bearer; Token is wanted"
    )


def test_a_bad_token_in_a_named_header_is_refused(make_app: MakeApp) -> None:
    client = with_view(make_app(TOKEN_LOCATIONS=["header:X-Auth-Token"]))
    assert refusal_of(client.get("/where", headers={"X-Auth-Token": "a b"})) == BAD
    assert refusal_of(client.get("/where", headers={"X-Auth-Token": "a,b"})) == MALFORMED


def test_tokens_in_two_named_places_are_a_bad_request(make_app: MakeApp, token: str) -> None:
    client = with_view(make_app(TOKEN_LOCATIONS=["header:X-Auth-Token", "query:jwt"]))
    headers = {"X-Auth-Token": token}
    assert refusal_of(client.get(f"/where?jwt={token}", headers=headers)) == MALFORMED


def test_an_answer_to_a_token_in_a_named_parameter_is_private(
    make_app: MakeApp, token: str
) -> None:
    client = with_view(make_app(TOKEN_LOCATIONS=["query:jwt"]))
    assert client.get(f"/where?jwt={token}").headers["Cache-Control"] == "private"


@pytest.mark.parametrize("entry", ["header:X-Auth-Token", "header:X-Auth-Token:Token"])
def test_an_answer_to_a_token_in_a_named_header_is_private(
    make_app: MakeApp, token: str, entry: str
) -> None:
    client = with_view(make_app(TOKEN_LOCATIONS=[entry]))
    scheme = "Token " if entry.endswith(":Token") else ""
    answer = client.get("/where", headers={"X-Auth-Token": f"{scheme}{token}"})
    assert cached_as(answer) == ("private", "X-Auth-Token")


@pytest.mark.parametrize("entry", ["header:Authorization", "header:Authorization:Token"])
def test_caches_know_the_header_authorization(make_app: MakeApp, token: str, entry: str) -> None:
    client = with_view(make_app(TOKEN_LOCATIONS=[entry]))
    scheme = "Token " if entry.endswith(":Token") else ""
    answer = client.get("/where", headers={"Authorization": f"{scheme}{token}"})
    assert cached_as(answer) == (None, None)


def test_a_view_decides_what_caches_keep_for_each_token(make_app: MakeApp, token: str) -> None:
    app = make_app(TOKEN_LOCATIONS=["header:X-Auth-Token"])
    shared = {"Cache-Control": "public, max-age=60", "Vary": "Accept"}
    app.add_url_rule("/shared", "shared", token_required(lambda: ("", shared)))
    answer = app.test_client().get("/shared", headers={"X-Auth-Token": token})
    assert cached_as(answer) == ("public, max-age=60", "Accept, X-Auth-Token")


def test_a_header_is_a_client_s_or_a_proxy_s(make_app: MakeApp, entries: dict[str, Any]) -> None:
    entries[ID]["header"] = "Cf-Access-Jwt-Assertion"
    with pytest.raises(ConfigurationError, match="take it out of one of them"):
        make_app(ISSUERS=entries, TOKEN_LOCATIONS=["header:cf-access-jwt-assertion"])


# Cookies


@pytest.mark.parametrize("entries", [["header:X-Auth-Token", "cookie:a"], ["cookie:a", "header"]])
def test_a_header_counts_before_a_named_cookie(
    make_app: MakeApp, token: str, entries: list[str]
) -> None:
    client = with_view(make_app(TOKEN_LOCATIONS=entries))
    headers = cookies(a="stale") | {"X-Auth-Token": token} | bearer(token)
    assert where(client.post("/where", headers=headers)).startswith("header")


def test_the_cookie_that_is_named_first_counts(make_app: MakeApp, token: str) -> None:
    client = with_view(make_app(TOKEN_LOCATIONS=["cookie:new", "cookie:old"]))
    headers = SAME | cookies(old="stale", new=token)
    assert where(client.post("/where", headers=headers)) == "cookie:new"


@pytest.mark.parametrize("name", ["first", "second"])
def test_every_named_cookie_is_under_the_check(make_app: MakeApp, token: str, name: str) -> None:
    client = with_view(make_app(TOKEN_LOCATIONS=["cookie:first", "cookie:second"]))
    answer = client.post("/where", headers=CROSS | cookies(**{name: token}))
    assert (answer.status_code, answer.get_json()["error"]) == (403, "cross_site")


def with_login(app: Flask) -> FlaskClient:
    """Add a login and a logout."""

    @app.post("/login")
    def login() -> Any:
        return set_token_cookies(app.response_class(), {"access_token": issue_token("alice")})

    @app.post("/logout")
    def logout() -> Any:
        return unset_token_cookies(app.response_class())

    with_view(app)
    return app.test_client()


@pytest.mark.parametrize(
    ("entries", "name"),
    [
        (["cookie:a"], "a"),
        (["cookie:a", "cookie:b"], "a"),
        (["cookie:b", "cookie"], "__Host-access_token"),
    ],
)
def test_a_login_sets_the_cookie_that_counts(
    make_app: MakeApp, entries: list[str], name: str
) -> None:
    client = with_login(make_app(TOKEN_LOCATIONS=entries))
    answer = client.post("/login", headers=SAME)
    assert answer.headers["Set-Cookie"].startswith(f"{name}=ey")


def test_a_login_deletes_the_other_cookies(make_app: MakeApp, token: str) -> None:
    client = with_login(make_app(TOKEN_LOCATIONS=["cookie:a", "cookie:b"]))
    client.set_cookie("b", token)
    client.post("/login", headers=SAME, base_url="https://localhost")
    assert client.get_cookie("b") is None
    assert client.get_cookie("a") is not None


def test_a_logout_deletes_every_cookie(make_app: MakeApp, token: str) -> None:
    client = with_login(make_app(TOKEN_LOCATIONS=["cookie:a", "cookie:b"]))
    client.set_cookie("b", token)
    client.post("/logout", headers=SAME, base_url="https://localhost")
    assert refusal_of(client.get("/where", base_url="https://localhost")) == MISSING


def test_a_login_beside_any_cookie_of_ours_asks_for_its_claim(make_app: MakeApp) -> None:
    app = make_app(TOKEN_LOCATIONS=["cookie:a", "cookie:b"])
    client = with_login(app)
    with app.app_context():
        client.set_cookie("b", issue_token("alice"))
    assert client.post("/login").status_code == 403


def test_an_access_name_that_no_entry_reads_is_a_fault(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="names other cookies alone; add cookie to it"):
        make_app(TOKEN_LOCATIONS=["cookie:a"], COOKIE_ACCESS_NAME="b")


@pytest.mark.parametrize("name", ["__Host-access_token", "__Host-refresh_token"])
def test_a_cookie_that_is_named_twice_is_a_fault(make_app: MakeApp, name: str) -> None:
    with pytest.raises(ConfigurationError, match="TOKENGUARD_TOKEN_LOCATIONS must differ"):
        make_app(TOKEN_LOCATIONS=["cookie", f"cookie:{name}"])


def test_a_named_cookie_loses_its_prefix_in_development(make_app: MakeApp, token: str) -> None:
    app = Flask(__name__)
    app.testing = True
    app.config["TOKENGUARD_KEY"] = make_app().config["TOKENGUARD_KEY"]
    app.config["TOKENGUARD_TOKEN_LOCATIONS"] = ["cookie:__Host-a"]
    app.config["TOKENGUARD_COOKIE_INSECURE"] = True
    TokenGuard(app)
    headers = cookies(a=token)
    assert where(with_view(app).get("/where", headers=headers)) == "cookie:__Host-a"


# The app's own function


def own_client(make_app: MakeApp, find: Any, **settings: Any) -> FlaskClient:
    return with_view(make_app(TokenGuard(locations=find), **settings))


def read_ticket(request: Request) -> str | None:
    return request.headers.get("X-Ticket")


def test_the_app_s_own_function_finds_a_token(make_app: MakeApp, token: str) -> None:
    client = own_client(make_app, read_ticket)
    assert where(client.get("/where", headers={"X-Ticket": token})) == "cookie"
    assert refusal_of(client.get("/where")) == MISSING
    assert refusal_of(client.get("/where", headers={"X-Ticket": ""})) == MISSING


def test_a_find_of_no_stated_kind_is_under_the_check(make_app: MakeApp, token: str) -> None:
    client = own_client(make_app, read_ticket)
    headers = {"X-Ticket": token}
    assert client.post("/where", headers=headers | CROSS).status_code == 403
    assert client.post("/where", headers=headers).status_code == 403
    answer = client.post("/where", headers=headers | SAME)
    assert where(answer) == "cookie"
    assert answer.headers["Vary"] == "Cookie"


def test_an_answer_to_a_find_in_a_header_is_private(make_app: MakeApp, token: str) -> None:
    client = own_client(make_app, lambda request: (request.headers["X-Ticket"], "header"))
    assert cached_as(client.get("/where", headers={"X-Ticket": token})) == ("private", None)


@pytest.mark.parametrize("kind", ["header", "form", "query", "json"])
def test_a_find_of_another_kind_is_not(make_app: MakeApp, token: str, kind: str) -> None:
    client = own_client(make_app, lambda request: (request.headers["X-Ticket"], kind))
    answer = client.post("/where", headers={"X-Ticket": token} | CROSS)
    assert where(answer) == kind
    is_private = kind in ("query", "header")
    assert answer.headers.get("Cache-Control") == ("private" if is_private else None)


def test_a_header_counts_before_a_find_that_may_be_a_cookie(make_app: MakeApp, token: str) -> None:
    client = own_client(make_app, read_ticket)
    assert where(client.get("/where", headers={"X-Ticket": "x"} | bearer(token))) == "header"


def test_a_header_beside_a_find_of_another_kind_is_a_bad_request(
    make_app: MakeApp, token: str
) -> None:
    client = own_client(make_app, lambda _: (token, "query"))
    assert refusal_of(client.get("/where", headers=bearer(token))) == MALFORMED


def test_a_find_counts_before_a_cookie(make_app: MakeApp, token: str) -> None:
    client = own_client(make_app, lambda _: (token, "header"), TOKEN_LOCATIONS=["cookie:a"])
    assert where(client.get("/where", headers=cookies(a="stale"))) == "header"


def test_the_function_may_refuse(make_app: MakeApp) -> None:
    def refuse(_: Request) -> str:
        raise InvalidToken("The ticket is torn", reason=Reason.MALFORMED)

    client = own_client(make_app, refuse)
    assert refusal_of(client.get("/where")) == BAD


@pytest.mark.parametrize(
    "found", [7, ("x",), ("x", "body"), (7, "header"), ["x", "header"], ("x", ["header"])], ids=repr
)
def test_what_is_no_find_is_the_app_s_fault(make_app: MakeApp, found: object) -> None:
    client = own_client(make_app, lambda _: found)
    client.application.testing = True
    with pytest.raises(TypeError, match="must return a text, a text and its kind"):
        client.get("/where")


async def find_later(_: Request) -> str:
    return ""


@pytest.mark.parametrize(
    ("find", "fault"),
    [(find_later, "must not be async"), ("header", "go into TOKENGUARD_TOKEN_LOCATIONS")],
)
def test_only_a_function_may_find_tokens(find: Any, fault: str) -> None:
    with pytest.raises(TypeError, match=fault):
        TokenGuard(locations=find)
