"""The console's pages, as a browser sees them: what they show, do, and load nothing else."""

import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from freezegun import freeze_time
from jinja2 import StrictUndefined
from werkzeug.test import TestResponse

from example_app import create_app
from example_app.__main__ import demo_settings
from example_app.console.words import device, in_words
from example_app.tour.attacks import ATTACKS
from example_app.tour.exchange import members_of
from flask_tokenguard.keys import read_ring

from .support import Pair, execute, log_in, users_of

Browser = Callable[[str], FlaskClient]
PAGES = [
    "/console/notes",
    "/console/token",
    "/console/token/encrypted",
    "/console/token/inspect",
    "/console/break-in",
    "/console/sessions",
    "/console/sessions/theft",
    "/console/admin",
]
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0"
    " Safari/537.36"
)


class _Browser(FlaskClient):
    """Asks for pages as a browser does, from this very site."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        sent = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"}
        kwargs["headers"] = sent | {"User-Agent": CHROME} | dict(kwargs.get("headers", {}))
        return super().open(*args, **kwargs)


@pytest.fixture(scope="module")
def served(folder: Path, passwords: dict[str, str]) -> Flask:
    """The app with the settings of the demonstration."""
    app = create_app(demo_settings(passwords), instance=folder)
    app.jinja_env.undefined = StrictUndefined
    return app


@pytest.fixture
def browser(served: Flask) -> FlaskClient:
    """A browser that is not signed in."""
    return _Browser(served)


@pytest.fixture
def signed_in(served: Flask, passwords: dict[str, str]) -> Browser:
    """Make a browser that is signed in by a click."""

    def sign_in(name: str) -> FlaskClient:
        client = _Browser(served)
        client.post("/console/sign-in", data={"name": name, "password": passwords[name]})
        return client

    return sign_in


def test_a_browser_at_the_first_page_gets_one_and_a_program_json(browser: FlaskClient) -> None:
    page, data = browser.get("/"), browser.get("/", headers={"Accept": "*/*"})
    assert (page.mimetype, data.mimetype) == ("text/html", "application/json")
    assert "Accept" in page.vary
    assert "Accept" in data.vary


def test_a_demo_user_signs_in_with_the_form_of_the_page(browser: FlaskClient) -> None:
    forms = re.findall(
        r'name="name" value="(\w+)".*?value="([^"]+)"', browser.get("/").text, re.DOTALL
    )
    assert [name for name, _ in forms] == ["alice", "bob", "carol"]
    name, password = forms[0]
    answer = browser.post("/console/sign-in", data={"name": name, "password": password})
    assert (answer.status_code, answer.location) == (303, "/console/notes")
    assert "Hello, alice" in browser.get("/").text


def test_a_wrong_password_is_shown_beside_the_form(browser: FlaskClient) -> None:
    answer = browser.post("/console/sign-in", data={"name": "alice", "password": "guess"})
    assert answer.status_code == 400
    assert "Wrong name or password" in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(("field", "outlives"), [({"remember": "on"}, True), ({}, False)])
def test_a_user_who_asks_is_remembered(
    browser: FlaskClient, passwords: dict[str, str], field: dict[str, str], outlives: bool
) -> None:
    form = {"name": "alice", "password": passwords["alice"], **field}
    cookies = browser.post("/console/sign-in", data=form).headers.getlist("Set-Cookie")
    assert len(cookies) == 3
    assert all(("Max-Age" in cookie) is outlives for cookie in cookies)


def test_beyond_the_demo_cookies_are_safe_and_passwords_hidden(
    app: Flask, passwords: dict[str, str]
) -> None:
    client = app.test_client()
    page = client.get("/", headers={"Accept": "text/html"})
    form = {"name": "alice", "password": passwords["alice"]}
    cookies = client.post("/console/sign-in", data=form).headers.getlist("Set-Cookie")
    assert not [password for password in passwords.values() if password in page.text]
    assert all(cookie.startswith("__Host-") and "Secure" in cookie for cookie in cookies)


def test_a_page_of_another_name_for_this_machine_is_refused(browser: FlaskClient) -> None:
    assert browser.get("/", base_url="http://evil.example").status_code == 400


@pytest.mark.parametrize("path", ["/", *PAGES, "/nowhere"])
def test_a_page_loads_nothing_inline_or_foreign_nor_is_stored(
    signed_in: Browser, path: str
) -> None:
    page = signed_in("carol").get(path)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "no-store" in page.headers["Cache-Control"]
    assert _Faults.of(page) == []


class _Faults(HTMLParser):
    """Finds in a page what its policy forbids, and forms that no check protects."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._form: list[str] | None = None

    @classmethod
    def of(cls, page: TestResponse) -> list[str]:
        parser = cls()
        parser.feed(page.text)
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        address = str(named.get("src") or named.get("href") or named.get("action") or "/")
        if tag == "style" or (tag == "script" and "src" not in named):
            self.found.append(tag)
        self.found += [name for name in named if name == "style" or name.startswith("on")]
        if not address.startswith(("/", "#")) or address.startswith("//"):
            self.found.append(address)
        if tag == "form":
            self._form = []
        if tag == "input" and self._form is not None:
            self._form.append(str(named.get("name")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            if "csrf_token" not in (self._form or []):
                self.found.append("a form without csrf_token")
            self._form = None


@pytest.mark.parametrize("path", PAGES)
def test_who_is_not_signed_in_is_asked_to_and_led_back(
    browser: FlaskClient, passwords: dict[str, str], path: str
) -> None:
    asked = browser.get(path)
    assert (asked.status_code, asked.location) == (303, f"/?next={path}")
    page = browser.get(asked.location).text
    assert f"Sign in to go on to <code>{path}</code>" in page
    # The forms of the demo users, and the one with a password.
    assert page.count(f'name="next" value="{path}"') == 4
    form = {"name": "carol", "password": passwords["carol"], "next": path}
    assert browser.post("/console/sign-in", data=form).location == path


def test_a_wrong_password_keeps_the_way_back(browser: FlaskClient) -> None:
    form = {"name": "alice", "password": "guess", "next": "/console/token"}
    page = browser.post("/console/sign-in", data=form).text
    assert page.count('name="next" value="/console/token"') == 4


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_no_sign_in_leads_out_of_the_app(
    browser: FlaskClient, passwords: dict[str, str], path: str
) -> None:
    assert "evil" not in browser.get("/", query_string={"next": path}).text
    form = {"name": "alice", "password": passwords["alice"], "next": path}
    assert browser.post("/console/sign-in", data=form).location == "/console/notes"


def test_a_program_gets_the_same_refusal_in_json(browser: FlaskClient) -> None:
    refused = browser.get("/console/notes", headers={"Accept": "application/json"})
    assert refused.get_json()["error"] == "token_missing"


def test_a_session_goes_on_after_its_access_token_has_ended(
    browser: FlaskClient, passwords: dict[str, str]
) -> None:
    with freeze_time() as clock:
        browser.post("/console/sign-in", data={"name": "bob", "password": passwords["bob"]})
        clock.tick(901)
        page = browser.get("/console/notes")
    assert page.status_code == 200
    assert len(page.headers.getlist("Set-Cookie")) == 3


def test_signing_out_ends_the_session_and_the_cookies(signed_in: Browser) -> None:
    browser = signed_in("alice")
    copy = browser.get_cookie("access_token")
    answer = browser.post("/console/sign-out")
    assert (answer.status_code, answer.location) == (303, "/")
    assert browser.get_cookie("access_token") is None
    assert copy is not None
    browser.set_cookie("access_token", copy.value)
    assert browser.get("/console/notes").location == "/?next=/console/notes"


def test_a_note_is_written_shown_as_text_and_deleted(signed_in: Browser) -> None:
    browser = signed_in("alice")
    browser.post("/console/notes", data={"text": "<script>alert(1)</script>"})
    page = browser.get("/console/notes").text
    assert "&lt;script&gt;alert(1)" in page
    (path,) = re.findall(r'action="(/console/notes/[^"]+/delete)"', page)
    assert browser.post(path).status_code == 303
    assert browser.post(path).status_code == 404
    assert "There are none yet" in browser.get("/console/notes").text


def test_what_a_scope_does_not_allow_is_shown_with_its_answer(signed_in: Browser) -> None:
    browser = signed_in("bob")
    page = browser.get("/console/notes").text
    assert page.count("403 FORBIDDEN") == 2
    assert page.count("scope=&#34;notes:write&#34;") == 2
    written = browser.post("/console/notes", data={"text": "Bob was here"})
    assert (written.status_code, written.mimetype) == (403, "text/html")
    assert "insufficient_scope" in written.text


def test_a_note_that_is_no_text_is_refused_in_a_page(signed_in: Browser) -> None:
    refused = signed_in("alice").post("/console/notes", data={"text": ""})
    assert (refused.status_code, refused.mimetype) == (400, "text/html")


def test_a_form_of_another_site_is_refused_in_a_page(
    signed_in: Browser, passwords: dict[str, str]
) -> None:
    browser = signed_in("alice")
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    for path in ("notes", "sign-out", "sign-in", "sessions/end"):
        form = {"text": "Evil", "name": "bob", "password": passwords["bob"]}
        refused = browser.post(f"/console/{path}", data=form, headers=headers)
        assert (refused.status_code, refused.mimetype) == (403, "text/html")
    assert "Evil" not in browser.get("/console/notes").text


def test_a_token_is_taken_apart_and_its_signature_cut(signed_in: Browser) -> None:
    browser = signed_in("alice")
    cookie = browser.get_cookie("access_token")
    assert cookie is not None
    header, payload, signature = cookie.value.split(".")
    page = browser.get("/console/token").text
    assert header in page
    assert payload in page
    assert signature not in page
    assert "in 15 minutes" in page
    assert f"<code>{members_of(cookie.value, 0)['kid']}</code>" in page
    assert re.findall(r"<b>signature</b> <span>(\w+)</span>", page) == ["ok"]


def test_a_refresh_shows_what_changed(signed_in: Browser) -> None:
    browser = signed_in("alice")
    before = browser.get_cookie("access_token")
    page = browser.post("/console/token", follow_redirects=True).text
    after = browser.get_cookie("access_token")
    assert before is not None
    assert after is not None
    assert f'<del>"{members_of(before.value)["jti"]}"</del>'.replace('"', "&#34;") in page
    assert f'<ins>"{members_of(after.value)["jti"]}"</ins>'.replace('"', "&#34;") in page
    assert "<del>&#34;https://notes.example" not in page


def test_an_encrypted_token_is_opened_beside_what_all_can_read(signed_in: Browser) -> None:
    page = signed_in("alice").get("/console/token/encrypted").text
    assert re.findall(r'<li class="part-\d">([^<]+)</li>', page) == [
        "header",
        "encrypted key",
        "initialization vector",
        "ciphertext",
        "tag",
    ]
    assert "A256KW" in page
    assert "notes:read notes:write" in page


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("x", "The token is opaque"),
        ("a.b.c.d.e", "The token is encrypted"),
        ("Bearer eyJ.eyJ.x", "It begins with Bearer"),
        ("<script>.é.\x1b", "refuse"),
        ("e30.e30.", "refuse"),
    ],
)
def test_any_text_that_is_pasted_gets_a_verdict(
    signed_in: Browser, text: str, verdict: str
) -> None:
    page = signed_in("alice").post("/console/token/inspect", data={"token": text})
    assert page.status_code == 200
    assert "This app would refuse it" in page.text
    assert verdict in page.text
    assert _Faults.of(page) == []


def test_a_pasted_token_cannot_hide_or_turn_text_round(signed_in: Browser) -> None:
    header, payload = '{"alg": "ES256", "\u202e": 1}', '{"\u202e": "x", "sub": "\u202e"}'
    token = ".".join([_segment(header), _segment(payload), "eA"])
    page = signed_in("alice").post("/console/token/inspect", data={"token": token})
    assert page.status_code == 200
    assert "\u202e" not in page.text


def _segment(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def test_a_good_token_that_is_pasted_would_be_accepted(signed_in: Browser, pair: Pair) -> None:
    page = signed_in("alice").post("/console/token/inspect", data={"token": pair["access_token"]})
    assert "This app would accept it" in page.text
    assert pair["access_token"] not in page.text


@pytest.mark.parametrize("name", [attack.name for attack in ATTACKS])
def test_each_attack_is_refused_and_shown_with_its_reason(signed_in: Browser, name: str) -> None:
    browser = signed_in("alice")
    page = browser.post("/console/break-in", data={"attack": name}, follow_redirects=True)
    (why,) = (attack.why for attack in ATTACKS if attack.name == name)
    assert why in page.text
    answers = re.findall(r"<code>(\d{3}) [A-Z ]+\n", page.text)
    assert answers[-1] == {"spent": "400", "elsewhere": "403"}.get(name, "401")
    assert ("The token in it" in page.text) is (name not in ("spent", "elsewhere"))
    assert re.search(r"eyJ[\w.-]{10}", page.text) is None
    assert browser.get("/console/notes").status_code == 200


def test_what_was_played_is_shown_in_its_own_session_alone(signed_in: Browser) -> None:
    here, there = signed_in("alice"), signed_in("alice")
    here.post("/console/break-in", data={"attack": "expired"})
    pages = [browser.get("/console/break-in").text for browser in (here, there)]
    assert ["401 UNAUTHORIZED" in page for page in pages] == [True, False]


def test_the_oldest_results_are_forgotten(
    signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("example_app.console.results._MOST", 1)
    first, second = signed_in("alice"), signed_in("alice")
    for browser in (first, second):
        browser.post("/console/break-in", data={"attack": "expired"})
    assert "401 UNAUTHORIZED" not in first.get("/console/break-in").text
    assert "401 UNAUTHORIZED" in second.get("/console/break-in").text


def test_an_attack_that_nobody_knows_is_a_bad_request(signed_in: Browser) -> None:
    assert signed_in("alice").post("/console/break-in", data={"attack": "x"}).status_code == 400


def test_a_session_names_its_device_and_can_be_ended(signed_in: Browser) -> None:
    here, there = signed_in("bob"), signed_in("bob")
    page = here.get("/console/sessions").text
    assert "Chrome on Linux" in page
    assert page.count("this device") == 1
    cookie = there.get_cookie("access_token")
    assert cookie is not None
    ended = f"/console/sessions/{members_of(cookie.value)['sid']}/end"
    assert here.post(ended).location == "/console/sessions"
    assert here.post(ended).status_code == 404
    assert there.get("/console/notes").location == "/?next=/console/notes"
    assert here.get("/console/notes").status_code == 200


def test_ending_this_session_signs_out(signed_in: Browser) -> None:
    browser = signed_in("bob")
    cookie = browser.get_cookie("access_token")
    assert cookie is not None
    ended = browser.post(f"/console/sessions/{members_of(cookie.value)['sid']}/end")
    assert ended.location == "/"
    assert browser.get_cookie("refresh_token") is None


def test_signing_out_everywhere_signs_out_every_device(signed_in: Browser) -> None:
    here, there = signed_in("bob"), signed_in("bob")
    assert here.post("/console/sessions/end").location == "/"
    assert there.get("/console/notes").location == "/?next=/console/notes"


def test_a_theft_throws_out_both_and_shows_the_signal(signed_in: Browser, folder: Path) -> None:
    browser = signed_in("alice")
    page = browser.post("/console/sessions/theft", follow_redirects=True).text
    codes = re.findall(r"<code>(\d{3}) [A-Z ]+\n", page)
    assert codes == ["200", "200", "400", "401", "400"]
    assert f"<dt>subject</dt><dd>{users_of(folder)['alice']}</dd>" in page
    assert page.count("<dt>sid</dt>") == 1
    assert browser.get("/console/notes").status_code == 200


def test_who_is_no_admin_gets_the_403_in_a_page(signed_in: Browser) -> None:
    page = signed_in("alice").get("/console/admin")
    assert (page.status_code, page.mimetype) == (403, "text/html")
    assert "insufficient_claims" in page.text
    assert signed_in("alice").post("/console/admin/rotate").status_code == 403


def test_an_admin_rotates_the_ring_and_stays_signed_in(signed_in: Browser, folder: Path) -> None:
    browser = signed_in("carol")
    before = [entry.kid for entry in read_ring(folder / "keyring") if entry.state == "next"]
    assert browser.post("/console/admin/rotate").status_code == 303
    page = browser.get("/console/admin").text
    active = [entry.kid for entry in read_ring(folder / "keyring") if entry.state == "active"]
    assert active == before
    assert "your token goes on working" in page


def test_an_admin_sees_users_and_counts(served: Flask, signed_in: Browser) -> None:
    browser = signed_in("carol")
    for path in ("/notes", "/"):
        served.test_client().get(path, headers={"Authorization": "Bearer x"})
    page = browser.get("/console/admin").text
    counts = dict(re.findall(r'<th scope="row">([^<]+)</th><td>(\d+)</td>', page))
    assert {"accepted", "malformed", "malformed (open route)"} <= counts.keys()
    assert re.findall(r'<th scope="row">(alice|bob|carol)</th>', page) == ["alice", "bob", "carol"]


def test_the_cookie_of_a_user_who_is_gone_is_no_way_in(
    tmp_path: Path, own_passwords: dict[str, str]
) -> None:
    browser = _Browser(create_app(demo_settings(own_passwords), instance=tmp_path))
    browser.post("/console/sign-in", data={"name": "bob", "password": own_passwords["bob"]})
    execute(tmp_path, "DELETE FROM users WHERE name = 'bob'")
    assert "Hello" not in browser.get("/").text
    assert browser.post("/console/notes", data={"text": "still here"}).status_code == 403


def test_a_program_logs_in_at_the_same_app_without_cookies(
    served: Flask, passwords: dict[str, str]
) -> None:
    answer = log_in(served.test_client(), "alice", passwords["alice"])
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(0, "now"), (1, "in 1 second"), (-90, "90 seconds ago"), (7200, "in 2 hours")],
)
def test_an_instant_is_written_in_words(ahead: float, words: str) -> None:
    with freeze_time("2026-01-01"):
        assert in_words(time.time() + ahead).startswith(f"{words} (")


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        (CHROME, "Chrome on Linux"),
        ("curl/8.5", "curl"),
        ("A phone", "A phone"),
        ("", "An unnamed device"),
    ],
)
def test_a_device_is_named_by_its_user_agent(origin: str, name: str) -> None:
    assert device(origin) == name
