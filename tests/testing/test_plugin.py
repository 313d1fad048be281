"""The pytest plugin: its fixtures in a suite of somebody else, and what it costs the others."""

import inspect
import json
import runpy
import subprocess
import sys
from collections.abc import Callable

import pytest

import pytest_flask_tokenguard

pytest_plugins = ["pytester"]

APP = """
    import secrets

    import pytest
    from flask import Flask, g
    from flask_tokenguard import TokenGuard, token_required

    @pytest.fixture
    def app():
        app = Flask("notes")
        app.config.update(TESTING=True, TOKENGUARD_KEY=secrets.token_urlsafe(64))
        TokenGuard(app)
        app.add_url_rule("/", "index", token_required(lambda: g.claims["sub"]))
        app.add_url_rule("/read", "read", token_required(scope="read")(lambda: "read"))
        return app
"""
TESTS = """
    import pytest
    from flask_tokenguard.testing import assert_challenge

    def test_a_client_carries_the_token(auth_client, token):
        assert auth_client.get("/").text == "alice"
        assert token.count(".") == 2

    @pytest.mark.token("7", scope="read", lifetime=60)
    def test_a_marker_chooses_the_token(auth_client, clock):
        assert (auth_client.get("/").text, auth_client.get("/read").text) == ("7", "read")
        clock.move(60)
        assert_challenge(auth_client.get("/"), error="invalid_token")

    @pytest.mark.token(scope="write")
    def test_a_marker_may_leave_the_subject(auth_client):
        assert_challenge(auth_client.get("/read"), error="insufficient_scope", scope="read")

    def test_a_broken_token_is_refused(client_of, broken_token):
        assert_challenge(client_of(broken_token("expired")), error="invalid_token")

    @pytest.fixture
    def client_of(app):
        client = app.test_client()
        return lambda token: client.get("/", headers={"Authorization": f"Bearer {token}"})
"""

RunSuite = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> RunSuite:
    """Run a suite of these files; nothing of ours but the plugin is there."""

    def run(tests: str, *options: str, conftest: str = APP) -> pytest.RunResult:
        pytester.makeconftest(inspect.cleandoc(conftest))
        pytester.makepyfile(inspect.cleandoc(tests))
        # The package is imported here already, too late to rewrite its assertions.
        return pytester.runpytest_inprocess("--strict-markers", "--assert=plain", *options)

    return run


def test_a_suite_with_an_app_has_the_fixtures(run: RunSuite) -> None:
    run(TESTS).assert_outcomes(passed=4)


def test_the_plugin_can_be_left_out(run: RunSuite) -> None:
    result = run("def test(token): pass", "-p", "no:tokenguard")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'token' not found*"])


def test_a_suite_without_an_app_is_helped(run: RunSuite) -> None:
    result = run("def test(auth_client): pass", conftest="")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the fixture token needs a fixture app that returns your Flask*"])


def test_a_fault_of_the_app_s_own_fixture_stays(run: RunSuite) -> None:
    faulty = "import pytest\n@pytest.fixture\ndef app(database): pass"
    result = run("def test(token): pass", conftest=faulty)
    result.stdout.fnmatch_lines(["*fixture 'database' not found*"])


def test_a_marker_with_two_subjects_is_refused(run: RunSuite) -> None:
    tests = "import pytest\n@pytest.mark.token('a', 'b')\ndef test(token): pass"
    result = run(tests)
    result.stdout.fnmatch_lines(["*the marker token takes one subject, and options by name*"])


def test_an_app_in_production_is_refused(run: RunSuite) -> None:
    result = run("def test(token): pass", conftest=APP.replace("TESTING=True", "TESTING=False"))
    result.stdout.fnmatch_lines(["*The app 'notes' is not in testing mode*"])


def test_the_fixtures_explain_themselves(run: RunSuite) -> None:
    result = run("", "--fixtures", "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.token(subject, scope=..., *"])
    result = run("", "--fixtures", "-v")
    result.stdout.fnmatch_lines(["*A store on a server keeps its server's time.*"])


def test_a_start_of_pytest_imports_the_plugin_alone() -> None:
    # What a suite without Flask pays; a module of the package would bring all of it.
    script = (
        "import json, sys, pytest; before = set(sys.modules); import pytest_flask_tokenguard;"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    found = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script], check=True, capture_output=True, timeout=60
    )
    assert json.loads(found.stdout) == ["pytest_flask_tokenguard"]


def test_the_plugin_is_nothing_but_hooks_and_fixtures() -> None:
    # Executed once more, since coverage counts from after the start of pytest.
    names = runpy.run_path(str(pytest_flask_tokenguard.__file__))
    public = {name for name in names if not name.startswith("_")}
    assert {"token", "auth_client", "broken_token", "clock", "pytest_configure"} <= public
