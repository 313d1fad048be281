"""`flask tokenguard import-revoked`, and what `doctor` and `inspect` find of former tokens."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.errors import Unavailable
from flask_tokenguard.jose.compact import parse, parse_payload
from flask_tokenguard.stores.memory import MemoryStore

from ..conftest import MakeApp
from ..support import SettableClock
from ..web.former import PROFILE, FormerApp

DAY = 86_400
ABOUT = "TOKENGUARD_FORMER_TOKENS"
SECRET = "kX2vPq8Zr5TnWc7LmYb3Hd9Fs4Gj6Qa1"
Build = Callable[..., Flask]


@pytest.fixture
def store(clock: SettableClock) -> MemoryStore:
    return MemoryStore(clock=clock)


@pytest.fixture
def build(make_app: MakeApp, clock: SettableClock) -> Build:
    """Make an app that takes former tokens."""

    def build(store: MemoryStore | None = None, **members: Any) -> Flask:
        until = datetime.fromtimestamp(clock.now + 30 * DAY, UTC).date().isoformat()
        entry = {"profile": PROFILE, "key": SECRET, "until": until} | members
        entry = {name: value for name, value in entry.items() if value is not None}
        return make_app(TokenGuard(store=store, clock=clock), FORMER_TOKENS=entry)

    return build


@pytest.fixture
def app(build: Build, store: MemoryStore) -> Flask:
    return build(store)


def run(app: Flask, *arguments: str, **options: Any) -> Result:
    return app.test_cli_runner().invoke(tokenguard, list(arguments), **options)


def accepts(app: Flask, token: str) -> bool:
    return run(app, "inspect", token).exit_code == 0


def findings(app: Flask) -> list[str]:
    rows = json.loads(run(app, "doctor", "--json").stdout)
    return [row["why"] for row in rows if row["about"] == ABOUT]


def test_a_file_or_the_input_is_imported(app: Flask, tmp_path: Path, clock: SettableClock) -> None:
    tokens = [FormerApp(SECRET).access() for _ in range(3)]
    lines = [f"{claims['jti']},{claims['exp']}" for claims in map(payload_of, tokens)]
    (tmp_path / "revoked.csv").write_text(f"\ufeff{lines[0]}\r\n\r\nold,{int(clock.now) - 1}\r\n")
    result = run(app, "import-revoked", str(tmp_path / "revoked.csv"))
    assert (result.exit_code, result.stdout) == (0, "1 token revoked, 1 expired before\n")
    quoted = f'"{lines[1].replace(",", chr(34) + ", " + chr(34))}"\n'
    assert run(app, "import-revoked", "-", input=quoted).exit_code == 0
    assert [accepts(app, token) for token in tokens] == [False, False, True]


def test_an_import_counts_in_json_for_programs(app: Flask) -> None:
    result = run(app, "import-revoked", "-", "--json", input="a,9999999999\nb,1\n")
    assert json.loads(result.stdout) == {"revoked": 1, "expired": 1}


def payload_of(token: str) -> dict[str, Any]:
    return parse_payload(parse(token))


def written(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


@pytest.mark.parametrize("is_file", [True, False])
def test_an_empty_file_counts(app: Flask, tmp_path: Path, is_file: bool) -> None:
    token = FormerApp(SECRET).access()
    assert not accepts(app, token)
    (tmp_path / "none.csv").touch()
    run(app, "import-revoked", str(tmp_path / "none.csv") if is_file else "-")
    assert accepts(app, token)


@pytest.mark.parametrize(
    "line",
    [
        *("jti,exp", "id", "id,", ",1900000000", "id,1,2"),
        *("id,-1", "id,1.5", "id,1_0", "id,٣", 'id,"1'),
        # Octets of Latin-1, and what is written by a Redis without decode_responses.
        *("caf\udce9,1900000000", "b'id',1900000000"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_imported(app: Flask, line: str) -> None:
    good = FormerApp(SECRET).access()
    result = run(app, "import-revoked", "-", input=written(f"a,1900000000\n{line}\n"))
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: Line 2 is not a jti, a comma and an exp")
    assert not accepts(app, good)


def test_an_expiry_beyond_all_time_is_for_ever(app: Flask) -> None:
    assert run(app, "import-revoked", "-", input=f"id,{'9' * 5000}\n").exit_code == 0


def test_an_import_into_memory_is_warned_of(make_app: MakeApp, clock: SettableClock) -> None:
    entry = {"profile": PROFILE, "key": SECRET, "until": "2020-01-01"}
    app = make_app(TokenGuard(clock=clock), STORAGE_URI="memory://", FORMER_TOKENS=entry)
    result = run(app, "import-revoked", "-")
    assert (result.exit_code, "forgets the import" in result.stderr) == (0, True)


def test_an_import_needs_a_store(build: Build) -> None:
    result = run(build(), "import-revoked", "-")
    assert (result.exit_code, "TOKENGUARD_STORAGE_URI" in result.stderr) == (2, True)


def test_an_import_needs_former_tokens(make_app: MakeApp) -> None:
    result = run(make_app(), "import-revoked", "-")
    assert (result.exit_code, "TOKENGUARD_FORMER_TOKENS" in result.stderr) == (2, True)


def test_an_import_that_is_cut_off_lets_nobody_in(
    app: Flask, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoke, calls = store.revoke, iter(range(100))

    def go_away(*args: Any, **options: Any) -> None:
        if next(calls, None) is None:
            raise Unavailable("The token store is out of reach")
        revoke(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(store, "revoke", go_away)
        assert run(app, "import-revoked", "-").exit_code == 2
    assert "The old tokens are refused" in findings(app)[0]


class TestDoctor:
    """What is risky about former tokens."""

    def test_tokens_that_are_let_in_are_only_named(self, app: Flask) -> None:
        run(app, "import-revoked", "-")
        (finding,) = findings(app)
        assert finding.startswith("Tokens of another program are accepted until 20")

    def test_a_store_without_an_import_is_found(self, app: Flask) -> None:
        assert findings(app)[0].startswith("The old tokens are refused: what was revoked")

    def test_a_store_that_is_away_is_no_store_without_an_import(
        self, app: Flask, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: Any) -> Any:
            raise Unavailable

        monkeypatch.setattr(store, "standing", away)
        assert len(findings(app)) == 1

    def test_nobody_who_knows_what_was_revoked_is_found(self, build: Build) -> None:
        app = build()
        assert findings(app)[0].startswith("Old tokens that were revoked are accepted")
        app.extensions["guard"].former_token_revoked(lambda _: False)
        assert len(findings(app)) == 1

    @pytest.mark.parametrize(
        ("key", "fault"),
        [
            ("tiny-but-ours", "is 13 octets long"),
            ("a-secret-of-many-characters-0123", "can be guessed"),
        ],
    )
    def test_a_bad_secret_is_found(
        self, build: Build, store: MemoryStore, key: str, fault: str
    ) -> None:
        assert fault in findings(build(store, key=key))[0]

    def test_a_file_that_others_can_read_is_found(
        self, build: Build, store: MemoryStore, tmp_path: Path
    ) -> None:
        (tmp_path / "old.txt").write_text(SECRET)
        (tmp_path / "old.txt").chmod(0o644)
        app = build(store, key=None, key_file=str(tmp_path / "old.txt"))
        assert "Other users of this machine can read it." in findings(app)

    def test_a_public_key_is_for_everybody(
        self, build: Build, store: MemoryStore, tmp_path: Path, public_pems: dict[str, str]
    ) -> None:
        (tmp_path / "old.pem").write_text(public_pems["RS256"])
        app = build(store, key=None, key_file=str(tmp_path / "old.pem"))
        run(app, "import-revoked", "-")
        assert len(findings(app)) == 1

    def test_a_day_that_has_come_is_found(self, build: Build, store: MemoryStore) -> None:
        assert findings(build(store, until="2020-01-01")) == [
            "Its day has come: the old tokens are refused."
        ]


class TestInspect:
    """What a former token is checked for."""

    def test_every_check_is_named(self, app: Flask) -> None:
        token = FormerApp(SECRET).access()
        checks = json.loads(run(app, "inspect", "--json", token).stdout)["checks"]
        assert checks["revocation"].startswith("refused: The token is older than our records")
        assert {name for name, verdict in checks.items() if verdict == "ok"} >= {
            "accepted_until",
            "kind",
            "signature",
        }

    def test_another_kind_is_named(self, app: Flask) -> None:
        checks = json.loads(run(app, "inspect", "--json", FormerApp(SECRET).refresh()).stdout)
        assert checks["checks"]["kind"].startswith("refused: The token is of another kind")
