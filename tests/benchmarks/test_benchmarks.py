"""That the benchmarks run, in their short mode; never how fast, which no test can measure."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ..support import ROOT

for peer in ("authlib", "flask_httpauth", "sqlalchemy"):
    pytest.importorskip(peer, reason="the benchmarks need: pip install -e '.[test,benchmarks]'")

from benchmarks import fleet, instructions, plot  # noqa: E402 - it imports them

ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
ROWS = {
    "request": [
        *(f"{alg} {how}" for how in ("again", "users", "never seen") for alg in ALGORITHMS),
        "HS256 cookie",
        "HS256 nested again",
        "RS256 SQLite",
        *("HS256 Valkey", "RS256 Valkey"),
        *("HS256 PostgreSQL", "RS256 PostgreSQL"),
    ],
    "floor": [
        *("split, base64", "JSON", "rules"),
        *(f"{alg} {what}" for what in ("signature", "verify") for alg in ALGORITHMS),
        *(f"ML-DSA-44 {what}" for what in ("signature", "verify", "never seen")),
        "hook, HS256 again",
    ],
    "issuing": [
        *(*ALGORITHMS, "RS256 from PEM file"),
        *(
            f"{alg} {store} rotation"
            for store in ("SQLite", "Valkey")
            for alg in ("HS256", "ES256")
        ),
        *(
            f"{way} {what}"
            for way in ("A256KW A256CBC-HS512", "dir A256GCM")
            for what in ("issue", "read")
        ),
    ],
    "revocation": [
        *(f"{count},000 revoked" for count in (1, 2, 3)),
        "from 1,000 to 3,000",
        "Valkey",
        "PostgreSQL",
    ],
    "growth": [
        *("HS256 token", "RS256 token", "start CPU", "start memory"),
        *("1 key to 20 keys", "10 users to 100 users", "1 issuer to 3 issuers"),
    ],
    "stores": ["SQLite revoked", "Valkey revoked", "PostgreSQL revoked"],
    "many": [
        *("SQLite look-up", "SQLite rotation"),
        *(f"SQLite pruning, {what}" for what in ("an entry that expired", "the longest step")),
        *("PostgreSQL look-up", "PostgreSQL rotation", "PostgreSQL pruning, an entry that expired"),
        *("Valkey look-up", "Valkey rotation"),
        *(
            f"{store} {what}"
            for store in ("SQLite", "PostgreSQL", "Valkey")
            for what in ("revoked ids", "sessions")
        ),
    ],
    "fleet": [
        *(f"{store}, delay {delay} s" for store in ("Valkey", "PostgreSQL") for delay in (0, 1)),
        *(
            f"{users} users, {of}"
            for users in ("1,000", "100,000")
            for of in ("1 worker", "8 workers")
        ),
    ],
    "servers": [f"{alg} {what}" for what in ("served", "threads") for alg in ("HS256", "RS256")],
}


@pytest.mark.parametrize("name", ROWS)
def test_a_benchmark_prints_its_rows(name: str, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    printed = run(f"benchmarks.{name}", "--short", "--json", str(results))
    rows = [row["name"] for table in json.loads(results.read_text()) for row in table["rows"]]
    assert rows == ROWS[name]
    assert all(f"\n{row} " in printed for row in rows)


@pytest.mark.parametrize(("users", "delay", "share"), [(1000, 0, 1), (1, 1, 1 / 201)])
def test_a_user_asks_once_in_a_delay(users: int, delay: float, share: float) -> None:
    assert fleet.requests_that_ask(users, 200, delay) == pytest.approx(share)


def test_what_is_counted_runs_without_valgrind_too() -> None:
    contenders = run(*instructions.own_command("HS256", "again", 1)[2:]).split("\n")
    assert contenders[:2] == ["bare Flask", "ours"]


def test_what_is_counted_of_a_refresh_runs_too() -> None:
    contenders = run(*instructions.own_command("HS256", "rotation", 1)[2:]).split("\n")
    assert contenders[:2] == ["bare Flask", "ours"]


def test_counts_are_read_up_to_the_last_call_of_getppid() -> None:
    part = "desc: Trigger: --dump-before=getppid\nfn=main\n1 7\ntotals: {}\n"
    end = "desc: Trigger: Program termination\ntotals: 99\n"
    assert instructions.totals(part.format(11) + part.format(22) + end) == [11, 22]


def test_the_pages_say_what_was_measured_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for page in plot.PAGES:
        (tmp_path / page).write_text((ROOT / page).read_text())
    run("benchmarks.plot", "--root", str(tmp_path))
    for name in (*plot.PAGES, plot.PLOT):
        assert (tmp_path / name).read_text() == (ROOT / name).read_text()


def test_a_run_of_all_keeps_tables_and_machine(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    run("benchmarks.all", "--short", "--output", str(results), "stores")
    kept = json.loads(results.read_text())
    assert [table["name"] for table in kept["tables"]] == ["store-size"]
    assert kept["is_short"]
    assert kept["machine"]["Python"]


def run(module: str, *options: str) -> str:
    command = [sys.executable, "-W", "error", "-m", module, *options]
    ran = subprocess.run(  # noqa: S603 - our own module, by the interpreter that runs this
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout
