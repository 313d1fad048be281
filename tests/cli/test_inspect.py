"""`flask tokenguard inspect`: what a person is told of a token, however hostile it is."""

import json
import secrets
import time
import unicodedata
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import NoAppException, ScriptInfo

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.cli.output import in_words
from flask_tokenguard.errors import Rejected, Unavailable
from flask_tokenguard.fetching import Fetched
from flask_tokenguard.verify.claims import VerifiedToken
from flask_tokenguard.verify.validators import has_text
from flask_tokenguard.web.inspection import inspect_token

from ..conftest import MakeApp
from ..support import SettableClock

OURS = ["form", *"key signature typ iss aud sub jti exp nbf iat cnf".split()]
HOSTILE = "\x1b]0;title\x07\x1b[31m\x9b2J\x7f\x08\r\u202e\u2028"
NOW = 1_000_000_000


def run(app: Flask, *arguments: str, **options: Any) -> Result:
    """Inspect beside an app."""
    return app.test_cli_runner().invoke(tokenguard, ["inspect", *arguments], **options)


def run_alone(*arguments: str, **options: Any) -> Result:
    """Inspect where there is no app."""

    def no_app() -> Flask:
        raise NoAppException("Could not locate a Flask application.")

    info = ScriptInfo(create_app=no_app)
    return CliRunner().invoke(tokenguard, ["inspect", *arguments], obj=info, **options)


def issued(app: Flask, *options: str) -> str:
    """Let an app issue a token."""
    result = app.test_cli_runner().invoke(tokenguard, ["issue", "ada", *options])
    return result.stdout.strip()


def encoded(value: object) -> str:
    """Write text, or JSON, in base64url."""
    text = value if isinstance(value, str) else json.dumps(value)
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def forged(claims: object, **header: Any) -> str:
    """Write a token that nobody signed."""
    return f"{encoded({'alg': 'HS256', **header})}.{encoded(claims)}.{encoded('not a signature')}"


def checks(result: Result) -> dict[str, str]:
    """Read the verdicts."""
    found: dict[str, str] = json.loads(result.stdout)["checks"]
    return found


def speaks_to_the_terminal(text: str) -> bool:
    """Tell whether a text has characters beside lines of visible ones."""
    visible = text.replace("\n", "").replace(" ", "")
    return any(unicodedata.category(character)[0] in "CZ" for character in visible)


# What is told


def test_a_good_token_is_accepted(make_app: MakeApp) -> None:
    app = make_app()
    result = run(app, issued(app))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "signature  ok\n" in result.stdout


def test_header_and_claims_are_shown(make_app: MakeApp) -> None:
    app = make_app()
    result = run(app, issued(app, "--claim", "tier=gold"))
    assert 'Header: {\n  "alg": "HS256",\n  "typ": "at+jwt"\n}\n' in result.stdout
    assert 'Claims: {\n  "sub": "ada",' in result.stdout
    assert '"tier": "gold"' in result.stdout


def test_every_rule_has_a_verdict(make_app: MakeApp) -> None:
    app = make_app()
    assert checks(run(app, "--json", issued(app))) == dict.fromkeys(OURS, "ok")


def test_json_is_for_programs(make_app: MakeApp) -> None:
    app = make_app()
    found = json.loads(run(app, issued(app), "--json").stdout)
    assert found.keys() == {"header", "claims", "times", "checks", "accepted"}
    assert found["header"] == {"alg": "HS256", "typ": "at+jwt"}
    assert found["claims"]["sub"] == "ada"
    assert found["accepted"] is True


def test_a_forged_token_is_refused(make_app: MakeApp) -> None:
    token = issued(make_app(KEY=secrets.token_urlsafe(64)))
    result = run(make_app(), token)
    assert result.exit_code == 1
    assert "signature  refused: The token's signature is not valid; " in result.stdout


def test_all_that_is_wrong_is_seen_at_once(make_app: MakeApp) -> None:
    claims = {"sub": "", "jti": "x", "exp": 1, "iat": 1, "nbf": 9e9, "cnf": {}, "aud": "other"}
    found = checks(run(make_app(ISSUER="us", AUDIENCE="api"), forged(claims), "--json"))
    wrong = [name for name in OURS if found[name].startswith("refused: ")]
    assert wrong == ["signature", "typ", "iss", "aud", "sub", "exp", "nbf", "cnf"]


def test_an_expired_token_is_refused_and_its_age_told(make_app: MakeApp) -> None:
    token = issued(make_app(TokenGuard(clock=SettableClock(time.time() - 86_400 * 3))))
    result = run(make_app(), token)
    assert result.exit_code == 1
    assert "exp        refused: The token has expired (exp); exp is " in result.stdout
    assert "iat   3 days ago (" in result.stdout


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_a_token_is_read_from_stdin(make_app: MakeApp, arguments: list[str]) -> None:
    app = make_app()
    assert run(app, *arguments, input=f"  {issued(app)}\n").exit_code == 0


def test_nothing_on_stdin_is_no_token(make_app: MakeApp) -> None:
    result = run(make_app(), "--json", input="")
    assert result.exit_code == 1
    assert checks(result)["form"].startswith("refused: There is no token: give one")


def fault_of(result: Result) -> str:
    """Read why a text is no token that can be read."""
    assert result.exit_code == 1
    return checks(result)["form"].removeprefix("refused: ")


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", "Authorization: Bearer ", "BEARER\t"])
def test_a_prefix_of_the_header_is_named(make_app: MakeApp, prefix: str) -> None:
    app = make_app()
    fault = "It begins with Bearer, which the header has before a token; give the token alone"
    assert fault_of(run(app, prefix + issued(app), "--json")) == fault


@pytest.mark.parametrize("change", ['"{}"', "'{}'", '{{"access_token": "{}"}}', "Token {}", "{} x"])
def test_what_stands_around_a_token_is_named(make_app: MakeApp, change: str) -> None:
    app = make_app()
    fault = "There are other characters around or within the token; give it alone, as one word"
    assert fault_of(run(app, change.format(issued(app)), "--json")) == fault


def test_an_opaque_token_is_named(make_app: MakeApp) -> None:
    opaque = secrets.token_urlsafe(32)
    fault = "The token is opaque: without dots it is no JWT, and only its issuer can read it"
    assert fault_of(run(make_app(), "--json", "--", opaque)) == fault
    assert fault_of(run_alone("--json", "--", opaque)) == fault


@pytest.mark.parametrize("parts", [2, 4, 6])
def test_a_token_of_other_parts_is_named(make_app: MakeApp, parts: int) -> None:
    fault = f"The token is not a compact JWS; the number of parts is {parts}, and must be 3"
    assert fault_of(run(make_app(), ".".join(["e30"] * parts), "--json")) == fault


def test_octets_on_stdin_that_are_no_text_are_no_token(make_app: MakeApp) -> None:
    result = run(make_app(), "--json", input=b"\xff\xfe")
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1


# Encryption


def new_encryption() -> dict[str, str]:
    """Make a setting for encrypted tokens, with a key of its own."""
    key = urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    return {"key": json.dumps({"kty": "oct", "k": key}), "alg": "A256KW"}


@pytest.fixture
def encryption() -> dict[str, str]:
    """A setting for encrypted tokens."""
    return new_encryption()


def test_an_encrypted_token_is_read(make_app: MakeApp, encryption: dict[str, str]) -> None:
    app = make_app(ENCRYPTION=encryption)
    token = issued(app, "--claim", "tier=gold")
    result = run(app, token)
    assert token.count(".") == 4
    assert result.exit_code == 0
    assert '"tier": "gold"' in result.stdout


def test_an_encrypted_token_is_closed_to_another_app(
    make_app: MakeApp, encryption: dict[str, str]
) -> None:
    result = run(make_app(), issued(make_app(ENCRYPTION=encryption)), "--json")
    fault = "The token is encrypted; set TOKENGUARD_ENCRYPTION to the key that opens it"
    assert fault_of(result) == fault
    assert json.loads(result.stdout)["header"]["alg"] == "A256KW"
    assert json.loads(result.stdout)["claims"] is None


def test_an_encrypted_token_is_closed_without_an_app(
    make_app: MakeApp, encryption: dict[str, str]
) -> None:
    result = run_alone(issued(make_app(ENCRYPTION=encryption)), "--json")
    assert fault_of(result) == "The token is encrypted; only an app with its key can read it"


def test_an_encrypted_token_for_another_key_is_refused(
    make_app: MakeApp, encryption: dict[str, str]
) -> None:
    token = issued(make_app(ENCRYPTION=new_encryption()))
    result = run(make_app(ENCRYPTION=encryption), token, "--json")
    assert fault_of(result).startswith("The token cannot be decrypted; ")


def test_a_merely_signed_token_is_refused_if_encryption_is_asked(
    make_app: MakeApp, encryption: dict[str, str]
) -> None:
    result = run(make_app(ENCRYPTION=encryption), issued(make_app()), "--json")
    assert result.exit_code == 1
    assert checks(result) == {"form": "refused: The token is not encrypted"}


# The app's own rules


def has_tenant(token: VerifiedToken) -> None:
    """Require a tenant."""
    if "tenant" not in token.claims:
        raise Rejected("There is no tenant")


def cannot_tell(token: VerifiedToken) -> None:
    """Fail to reach what knows."""
    raise Unavailable(f"{len(token.claims)} claims, and nobody to ask")


def test_an_own_rule_has_a_verdict(make_app: MakeApp) -> None:
    app = make_app(TokenGuard(validators=[has_tenant]))
    result = run(app, issued(app, "--claim", "tenant=x"), "--json")
    assert result.exit_code == 0
    assert checks(result)["has_tenant"] == "ok"


def test_an_own_rule_refuses(make_app: MakeApp) -> None:
    app = make_app(TokenGuard(validators=[has_tenant]))
    result = run(app, issued(app), "--json")
    assert result.exit_code == 1
    assert checks(result)["has_tenant"] == "refused: There is no tenant"


def test_an_own_rule_that_cannot_tell_accepts_nothing(make_app: MakeApp) -> None:
    app = make_app(TokenGuard(validators=[cannot_tell]))
    result = run(app, issued(app), "--json")
    assert result.exit_code == 1
    assert checks(result)["cannot_tell"].endswith("nobody to ask")


def test_an_own_rule_never_sees_a_token_that_ours_refuse(make_app: MakeApp) -> None:
    app = make_app(TokenGuard(validators=[has_tenant]))
    assert checks(run(app, forged({}), "--json"))["has_tenant"] == "not checked"


def test_an_own_rule_without_a_name_has_a_verdict(make_app: MakeApp) -> None:
    class HasTenant:
        def __call__(self, token: VerifiedToken) -> None:
            has_tenant(token)

    app = make_app(TokenGuard(validators=[HasTenant()]))
    found = checks(run(app, issued(app), "--json"))
    assert found["a rule of the app"] == "refused: There is no tenant"


def test_an_own_rule_that_fails_accepts_nothing(make_app: MakeApp) -> None:
    def is_known(token: VerifiedToken) -> None:
        assert token.claims["tenant"]

    app = make_app(TokenGuard(validators=[is_known]))
    result = run(app, issued(app), "--json")
    assert result.exit_code == 1
    assert checks(result)["is_known"] == "failed: KeyError"


def test_an_own_rule_that_returns_a_value_accepts_nothing(make_app: MakeApp) -> None:
    def is_known(token: VerifiedToken) -> Any:
        return bool(token.claims)

    app = make_app(TokenGuard(validators=[is_known]))
    result = run(app, issued(app), "--json")
    assert result.exit_code == 1
    assert checks(result)["is_known"] == "failed: a value was returned"


def test_every_one_of_two_rules_with_one_name_counts(make_app: MakeApp) -> None:
    app = make_app(TokenGuard(validators=[has_text("tenant"), has_text("sub")]))
    assert run(app, issued(app)).exit_code == 1


def test_an_own_rule_does_not_hide_ours(make_app: MakeApp) -> None:
    def exp(token: VerifiedToken) -> None:
        has_tenant(token)

    app = make_app(TokenGuard(validators=[exp]))
    assert checks(run(app, forged({"exp": 1}), "--json"))["exp"].startswith("refused: ")


# No app


def test_a_token_is_read_without_an_app() -> None:
    result = run_alone(forged({"sub": "ada"}), "--json")
    assert "Could not locate a Flask application." in result.stderr
    assert json.loads(result.stdout)["claims"] == {"sub": "ada"}
    assert checks(result) == {"form": "ok"}


def test_a_token_is_never_accepted_without_an_app(make_app: MakeApp) -> None:
    assert run_alone(issued(make_app())).exit_code == 1


def test_a_token_is_read_beside_an_app_that_cannot_start(make_app: MakeApp) -> None:
    info = ScriptInfo(create_app=lambda: make_app(LEEWAY=-1))
    result = CliRunner().invoke(tokenguard, ["inspect", forged({"sub": "ada"})], obj=info)
    assert result.exit_code == 1
    assert result.stderr == "Error: TOKENGUARD_LEEWAY must be from 0 to 300 seconds\n"
    assert '"sub": "ada"' in result.stdout


# Times


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (3 * 86_400, "in 3 days (2001-09-12T01:46:40Z)"),
        (2 * 86_400, "in 2 days (2001-09-11T01:46:40Z)"),
        (2 * 86_400 - 1, "in 48 hours (2001-09-11T01:46:39Z)"),
        (7_200, "in 2 hours (2001-09-09T03:46:40Z)"),
        (7_199, "in 120 minutes (2001-09-09T03:46:39Z)"),
        (119, "in 119 seconds (2001-09-09T01:48:39Z)"),
        (1, "in 1 second (2001-09-09T01:46:41Z)"),
        (-1, "1 second ago (2001-09-09T01:46:39Z)"),
        (0.5, "in 0 seconds (2001-09-09T01:46:40Z)"),
        (0, "0 seconds ago (2001-09-09T01:46:40Z)"),
        (-60, "60 seconds ago (2001-09-09T01:45:40Z)"),
        (-900, "15 minutes ago (2001-09-09T01:31:40Z)"),
        (-NOW, "11574 days ago (1970-01-01T00:00:00Z)"),
        (-NOW - 1, "out of range"),
        (253_402_300_799 - NOW, "in 2921323 days (9999-12-31T23:59:59Z)"),
        (253_402_300_800 - NOW, "out of range"),
        (10**400, "out of range"),
        (1e300, "out of range"),
    ],
)
def test_a_time_is_told_in_words(monkeypatch: pytest.MonkeyPatch, ahead: float, said: str) -> None:
    monkeypatch.setattr("flask_tokenguard.cli.output.wall_clock", lambda: NOW)
    times = inspect_token(forged({"exp": NOW + ahead}), None).times
    assert {name: in_words(date) for name, date in times.items()} == {"exp": said}


def test_times_are_numbers_for_programs(make_app: MakeApp) -> None:
    result = run(make_app(), forged({"iat": 1, "nbf": 2.5, "exp": 10**400}), "--json")
    assert json.loads(result.stdout)["times"] == {"iat": 1, "nbf": 2.5, "exp": None}


def test_each_date_has_its_time() -> None:
    times = inspect_token(forged({"iat": 1, "nbf": 2, "exp": 3, "auth_time": 4.5}), None).times
    assert list(times) == ["iat", "nbf", "exp", "auth_time"]


@pytest.mark.parametrize("value", ["1", True, None, [1], {}])
def test_what_is_no_number_has_no_time(value: object) -> None:
    assert inspect_token(forged({"exp": value}), None).times == {}


# Hostile tokens


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_token_never_speaks_to_the_terminal(make_app: MakeApp, options: list[str]) -> None:
    token = forged({HOSTILE: HOSTILE, "exp": HOSTILE}, kid=HOSTILE, typ=HOSTILE, x=[HOSTILE])
    result = run(make_app(), token, *options)
    assert result.exit_code == 1
    assert not speaks_to_the_terminal(result.output)


def test_a_token_never_speaks_to_the_terminal_without_an_app() -> None:
    result = run_alone(forged({HOSTILE: HOSTILE}, kid=HOSTILE))
    assert not speaks_to_the_terminal(result.output)


def test_a_claim_that_a_rule_quotes_never_speaks_to_the_terminal(make_app: MakeApp) -> None:
    def is_known(token: VerifiedToken) -> None:
        raise Rejected(f"The tenant {token.claims['tenant']} is not known")

    app = make_app(TokenGuard(validators=[is_known]))
    result = run(app, issued(app, "--claim", f"tenant={HOSTILE}"))
    assert not speaks_to_the_terminal(result.output)


@pytest.mark.parametrize(
    "payload",
    [
        '{"a": ' + "[" * 40 + "]" * 40 + "}",
        '{"a": ' + "[" * 3000,
        '{"exp": 1e999}',
        '{"exp": NaN}',
        '{"exp": ' + "9" * 5000 + "}",
        '{"exp": 1, "exp": 2}',
        '{"a": "\\ud800"}',
        "[]",
        "1",
        "",
        "{",
    ],
)
def test_a_payload_that_is_no_strict_object_is_refused(make_app: MakeApp, payload: str) -> None:
    beside, alone = run(make_app(), forged(payload), "--json"), run_alone(forged(payload), "--json")
    assert (beside.exit_code, alone.exit_code) == (1, 1)
    assert checks(beside) == checks(alone)
    assert checks(alone) == {"form": "refused: The token's payload is not a JSON object"}


@pytest.mark.parametrize(
    "claims",
    [{"a": 10**4000}, {"a": -1e308}, {"exp": 10**400, "iat": -(10**400), "nbf": 5e-324}],
)
def test_a_huge_number_is_shown_as_it_is(make_app: MakeApp, claims: dict[str, Any]) -> None:
    result = run(make_app(), forged(claims), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["claims"] == claims


@pytest.mark.parametrize(
    "token",
    [
        *("", ".", "..", "....", "a.b.c", "e30.e30.e30", "é", "\x1b[31m.\x07.\x00", "\udcff"),
        *("a" * 100_000, "." * 9_000, forged({})[:-1], forged({}) + "=", forged({}) + ".a.b"),
        *(forged({}, crit=["x"]), forged({}, alg=1), forged({}, b64=False)),
    ],
)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_what_is_no_token_is_refused(make_app: MakeApp, token: str, options: list[str]) -> None:
    result = run(make_app(), *options, "--", token)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert not speaks_to_the_terminal(result.output)
    assert "refused: " in result.stdout


def test_a_token_that_is_too_long_for_the_app_is_refused(make_app: MakeApp) -> None:
    result = run(make_app(), forged({"a": "x" * 10_000}), "--json")
    assert checks(result)["form"].startswith("refused: The token is too long; ")


# What is never printed


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
