#!/usr/bin/env bash
# Two requests of one test by pytest-flask's `client`, where the app keeps the user of a request in `flask.g`.
# Guess: `g` begins empty with each request, as it does in production.
# Seen: pytest-flask 1.3.0 keeps a context pushed for the whole test, and Flask 3.1.3 reuses its `g`: the second request
# still sees the user of the first, so a test of "nobody is logged in" can pass or fail wrongly. app.test_client() of
# an app fixture by another name is clean.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'Flask==3.1.3' 'pytest==9.2.0' 'pytest-flask==1.3.0'
"$work/venv/bin/python" -W ignore - <<'PY'
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

TEST = """
import pytest
from flask import Flask, g


def make():
    app = Flask("app")

    @app.get("/login")
    def login():
        g.user = "alice"
        return "hello"

    @app.get("/who")
    def who():
        return g.get("user", "nobody")

    return app


@pytest.fixture
def app():
    return make()


@pytest.fixture
def plain():
    return make()


def test_the_plugins_client(client):
    client.get("/login")
    print("SEEN pytest-flask:", client.get("/who").text)


def test_a_client_of_flask(plain):
    client = plain.test_client()
    client.get("/login")
    print("SEEN Flask alone:", client.get("/who").text)
"""
with tempfile.TemporaryDirectory() as folder:
    Path(folder, "test_user.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", folder]
    output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout
seen = [line.partition("SEEN ")[2] for line in output.splitlines() if "SEEN" in line]
print("pytest-flask", version("pytest-flask"), "Flask", version("Flask"), "pytest", version("pytest"))
print(*seen, sep="\n")
assert seen == ["pytest-flask: alice", "Flask alone: nobody"]
PY
