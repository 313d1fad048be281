"""`flask tokenguard inspect`: what is never printed."""

import pytest
from flask import Flask

from flask_tokenguard import TokenGuard
from flask_tokenguard.fetching import Fetched
from flask_tokenguard.web.inspection import inspect_token

from ...conftest import MakeApp
from .support import checks, issued, run, run_alone


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_neither_signature_nor_token_is_printed(make_app: MakeApp, options: list[str]) -> None:
    app = make_app()
    token = issued(app)
    output = run(app, token, *options).output
    assert all(part not in output for part in token.split("."))


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_neither_is_printed_without_an_app(make_app: MakeApp, options: list[str]) -> None:
    token = issued(make_app())
    output = run_alone(token, *options).output
    assert all(part not in output for part in token.split("."))


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_nothing_of_an_encrypted_token_is_printed(
    make_app: MakeApp, encryption: dict[str, str], options: list[str]
) -> None:
    app = make_app(ENCRYPTION=encryption)
    token = issued(app)
    output = run(app, token, *options).output + run(make_app(), token, *options).output
    assert all(part not in output for part in token.split("."))


@pytest.mark.parametrize("change", ["{}x!", "x{}", "{}.a", "{}="])
def test_nothing_of_a_broken_token_is_printed(make_app: MakeApp, change: str) -> None:
    app = make_app()
    token = issued(app)
    output = run(app, change.format(token)).output
    assert all(part not in output for part in token.split("."))


def test_a_second_token_is_not_quoted(make_app: MakeApp) -> None:
    app = make_app()
    token = issued(app)
    result = run(app, token, "second")
    assert result.exit_code == 2
    assert token not in result.output


def test_a_token_of_another_issuer_is_checked_by_its_rules(
    private_pems: dict[str, str], public_pems: dict[str, str]
) -> None:
    issuer = Flask("issuer")
    issuer.config.update(
        TOKENGUARD_KEY=private_pems["ES256"], TOKENGUARD_ISSUER="https://id.example"
    )
    token = TokenGuard(issuer).issue_token("alice", audience="notes-api", lifetime=60)
    app = Flask("app")
    entry = {"audience": "notes-api", "keys": public_pems["ES256"]}
    app.config["TOKENGUARD_ISSUERS"] = {"https://id.example": entry}
    TokenGuard(app)
    report = inspect_token(token, app.extensions["tokenguard"])
    assert report.accepted
    assert report.checks["claims"] == "ok"


def test_an_issuer_without_a_usable_key_is_shown_with_the_reason(
    private_pems: dict[str, str],
) -> None:
    def fetch(_url: str, _etag: str | None) -> Fetched:
        return Fetched(b'{"keys": [{"kty": "LMS", "kid": "ml"}]}')

    issuer = Flask("issuer")
    issuer.config.update(
        TOKENGUARD_KEY=private_pems["ES256"], TOKENGUARD_ISSUER="https://id.example"
    )
    token = TokenGuard(issuer).issue_token("alice", audience="notes-api", lifetime=60)
    app = Flask("app")
    entry = {"audience": "notes-api", "jwks_url": "https://id.example/keys"}
    app.config["TOKENGUARD_ISSUERS"] = {"https://id.example": entry}
    TokenGuard(app, fetch=fetch)
    assert inspect_token(token, app.extensions["tokenguard"]).checks["key"] == (
        "refused: None of the keys of the token's issuer can be used; fetched, and its one key"
        ' cannot be used: kid "ml" has a kty other than oct, RSA, EC, OKP, AKP'
    )


def test_a_token_of_nobody_we_know_says_so(
    private_pems: dict[str, str], public_pems: dict[str, str]
) -> None:
    issuer = Flask("issuer")
    issuer.config.update(TOKENGUARD_KEY=private_pems["ES256"], TOKENGUARD_ISSUER="https://evil")
    token = TokenGuard(issuer).issue_token("alice")
    app = Flask("app")
    entry = {"audience": "notes-api", "keys": public_pems["ES256"]}
    app.config["TOKENGUARD_ISSUERS"] = {"https://id.example": entry}
    TokenGuard(app)
    report = inspect_token(token, app.extensions["tokenguard"])
    assert report.checks == {
        "form": "ok",
        "iss": 'refused: The token is from another issuer (iss); iss "https://evil" came,'
        ' accepted: "https://id.example"',
    }


def test_an_issuer_that_differs_by_a_slash_is_shown_beside_ours(make_app: MakeApp) -> None:
    app = make_app(ISSUER="https://id.example")
    token = issued(make_app(ISSUER="https://id.example/"))
    assert (
        'iss "https://id.example/" came, "https://id.example" is accepted; a slash'
        in checks(run(app, token, "--json"))["iss"]
    )
