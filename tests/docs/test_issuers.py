"""docs/issuers.md is right about profiles and settings."""

import importlib
import inspect
import re
import textwrap
import time
from collections.abc import Mapping
from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask

import flask_tokenguard
from flask_tokenguard import TokenGuard
from flask_tokenguard.config.profiles import PROFILES, Profile
from flask_tokenguard.deadline import Lookups, Reserve
from flask_tokenguard.fetching import Fetched
from flask_tokenguard.keys.remote.attempt import MOST_PATIENT, PATIENCE
from flask_tokenguard.keys.remote.keys import RemoteKeys
from flask_tokenguard.stores.waiting import _MOST_LOOKUPS

from ..config.test_profiles import id_token, refused_by
from ..support import ROOT, SettableClock, bearer
from ..wire.issuers.documented import DocumentedContract

PAGE = (ROOT / "docs" / "issuers.md").read_text()
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)]
SETTINGS = [block for block in BLOCKS if re.search(r"^TOKENGUARD_ISSUERS = ", block, re.MULTILINE)]
for kind in ("jobs", "users"):
    importlib.import_module(f"tests.wire.issuers.test_documented_{kind}")
DOCUMENTED = DocumentedContract.__subclasses__()
ENTRIES = [block for block in BLOCKS if block.startswith('f"https://')]


def rows() -> dict[str, list[str]]:
    """Read the table of profiles."""
    table = PAGE.partition("## Profiles\n")[2].partition("\n\n`rfc9068`")[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.split("\n")]
    return {row[0].strip("`"): row[1:] for row in cells if row and row[0].startswith("`")}


def names(cell: str) -> set[str]:
    """Read the names in a cell, each between backticks or several between two."""
    return set(" ".join(re.findall(r"`([^`]+)`", cell)).split())


def types_of(profile: Profile) -> set[str]:
    return {typ or "none" for typ in profile.types}


@pytest.mark.parametrize("name", PROFILES)
def test_the_table_of_profiles_says_what_a_profile_is(name: str) -> None:
    profile, (types, demanded, scopes, roles, _) = PROFILES[name], rows()[name]
    assert set(re.sub("`", "", types).lower().split(", ")) == types_of(profile)
    equal = {*profile.equals, *profile.equals.values()}
    assert names(demanded) | {"exp"} == profile.required | equal
    assert names(scopes) == set(profile.scope_claims)
    assert names(roles) == {".".join(path) for path in profile.roles_claim}


def test_the_table_of_profiles_has_every_profile() -> None:
    assert rows().keys() == PROFILES.keys()


def test_the_page_shows_what_keeps_each_flows_id_token_out() -> None:
    table = PAGE.partition("### ID tokens\n")[2].partition("\n\nWhere nothing")[0]
    lines = [line.split("|")[1:-1] for line in table.split("\n") if line.startswith("| `")]
    cells = [[cell.strip().strip("`*") for cell in line] for line in lines]
    flows = ["code", "id_token", "id_token token", "code id_token", "code id_token token"]
    assert {name: refusals for name, *refusals in cells} == {
        name: [refused_by(PROFILES[name], id_token(name, flow)) or "nothing" for flow in flows]
        for name in PROFILES
    }


def app_with(issuers: Any) -> Flask:
    app = Flask(__name__)
    app.config["TOKENGUARD_ISSUERS"] = issuers
    return app


def settings_of(block: str) -> dict[str, Any]:
    page: dict[str, Any] = {}
    exec(block, page)  # noqa: S102 - our own docs
    settings: dict[str, Any] = page["TOKENGUARD_ISSUERS"]
    return settings


def shape_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is the default, and whose the audience is."""
    shape = {name: value for name, value in entry.items() if name != "discovery"}
    return shape | {"audience": bool(entry["audience"])}


@pytest.mark.parametrize("block", SETTINGS, ids=range(len(SETTINGS)))
def test_the_settings_for_a_provider_are_accepted(block: str) -> None:
    TokenGuard(app_with(settings_of(block)))


@pytest.mark.parametrize("entry", ENTRIES, ids=range(len(ENTRIES)))
def test_a_further_entry_is_accepted(entry: str) -> None:
    issuers = eval(f"{{{entry}}}", {"TENANT": "1"})  # noqa: S307 - our own docs
    TokenGuard(app_with(issuers))


def test_every_preset_has_its_settings_on_the_page() -> None:
    shown = set(re.findall(r'"profile": "([\w-]+)"', PAGE))
    assert shown | {"rfc9068"} == PROFILES.keys()


@pytest.mark.parametrize("issuer", DOCUMENTED, ids=lambda one: one.NAME)
def test_the_entries_on_the_page_are_those_that_are_tested(
    issuer: type[DocumentedContract],
) -> None:
    entries = [settings_of(block).get(issuer.DOCUMENT.issuer) for block in SETTINGS]
    shapes = [shape_of(entry) for entry in entries if entry is not None]
    assert shape_of(issuer.DOCUMENT.entry) in shapes


@pytest.mark.parametrize(("status", "body"), [(200, b"{}"), (304, b"")])
def test_the_fetch_on_the_page_returns_status_and_etag(status: int, body: bytes) -> None:
    (block,) = [block for block in BLOCKS if "def fetch(" in block]
    page: dict[str, Any] = {"TokenGuard": Mock(), "app": None}
    exec(block, page)  # noqa: S102 - our own docs
    answer = Mock(status_code=status, content=body, headers={"ETag": '"2"'})
    page["session"].get = Mock(return_value=answer)
    assert page["fetch"]("https://id.example.com/jwks", '"1"') == Fetched(body, status, None, '"2"')


def test_the_page_has_the_bounds_of_waits_and_lookups() -> None:
    section = PAGE.partition("### Who waits, and for how long\n")[2].partition("\n#")[0]
    bold = [int(number) for number in re.findall(r"\*\*(\d+)", section)]
    deadline = inspect.signature(RemoteKeys).parameters["deadline"].default
    own = inspect.signature(Lookups).parameters["most"].default
    shared = inspect.signature(Reserve).parameters["most"].default
    assert bold == [PATIENCE, MOST_PATIENT, deadline, own, 2 * shared]
    assert f": {shared} for those" in " ".join(section.split())
    assert f"[{_MOST_LOOKUPS} for each of its names]" in section


ISSUER = "https://id.example.com/"
PUBLIC = {name: getattr(flask_tokenguard, name) for name in flask_tokenguard.__all__}


def run_block(holding: str, **names: Any) -> dict[str, Any]:
    """Run the page's one block that holds a text, with the names that it takes for granted."""
    (block,) = [block for block in BLOCKS if holding in block]
    exec(block, names)  # noqa: S102 - our own docs
    return names


@pytest.fixture
def theirs(private_pems: dict[str, str]) -> dict[str, str]:
    """Headers with a token of the page's issuer, made a moment after any store."""
    issuer = Flask("issuer")
    issuer.config.update(
        TOKENGUARD_KEY=private_pems["ES256"],
        TOKENGUARD_ISSUER=ISSUER,
        TOKENGUARD_AUDIENCE="notes-api",
    )
    guard = TokenGuard(issuer, clock=SettableClock(time.time() + 3))
    return bearer(guard.issue_token("alice"))


@pytest.fixture
def app(secret: str, public_pems: dict[str, str]) -> Flask:
    """An app that trusts the page's issuer, and has users and a store of its own."""
    app = app_with({ISSUER: {"audience": "notes-api", "keys": public_pems["ES256"]}})
    app.config.update(TOKENGUARD_KEY=secret, TOKENGUARD_STORAGE_URI="memory://")
    app.extensions["guard"] = TokenGuard(app)
    return app


def test_the_first_settings_on_the_page_are_accepted() -> None:
    app = Flask(__name__)
    run_block('app.config["TOKENGUARD_ISSUERS"]', app=app)
    TokenGuard(app)


def test_a_user_of_theirs_logs_in_under_both_names(app: Flask, theirs: dict[str, str]) -> None:
    find_user = Mock()
    run_block("@guard.user_loader", guard=app.extensions["guard"], find_user=find_user)
    run_block("/login-with-id", app=app, **PUBLIC)
    pair = app.test_client().post("/login-with-id", headers=theirs).get_json()
    assert app.extensions["guard"].verify(pair["access_token"]).claims.subject == f"{ISSUER}#alice"


def test_a_token_of_theirs_is_revoked_as_on_the_page(app: Flask, theirs: dict[str, str]) -> None:
    def revoke() -> str:
        run_block("revoke_token(g.claims)", **PUBLIC)
        return "revoked"

    app.add_url_rule("/", view_func=flask_tokenguard.token_required(revoke))
    client = app.test_client()
    assert [client.get("/", headers=theirs).status_code for _ in range(2)] == [200, 401]


def test_the_resolver_on_the_page_returns_an_entry(secret: str) -> None:
    app = Flask(__name__)
    app.config["TOKENGUARD_KEY"] = secret
    page = run_block(
        "issuer_resolver=entry_of",
        app=app,
        TokenGuard=TokenGuard,
        find_tenant=lambda issuer: "one" if issuer == ISSUER else None,
    )
    assert TokenGuard(app_with({ISSUER: page["entry_of"](ISSUER)}))
    assert page["entry_of"]("https://evil.example/") is None
