#!/usr/bin/env bash
# A library that brings its own pytest fixtures: one module, named as a `pytest11` entry point.
# Guess: pytest rewrites the assertions of that module; the rest of the library runs as it does elsewhere.
# Seen: pytest 9.2.0 rewrites each module of the distribution's top-level packages, so the text of an AssertionError in
# the library is longer in the tests of all who have it installed. Modules that were imported before pytest started
# stay as they are; the PytestAssertRewriteWarning is the same whether that is the empty package or the module as well.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
mkdir -p "$work/shop/shop" "$work/tests"
cat >"$work/shop/pyproject.toml" <<'EOF'
[build-system]
requires = ["setuptools==80.9.0"]
build-backend = "setuptools.build_meta"
[project]
name = "shop"
version = "1"
[project.entry-points.pytest11]
shop = "shop.fixtures"
[tool.setuptools]
packages = ["shop"]
EOF
touch "$work/shop/shop/__init__.py" "$work/shop/shop/fixtures.py"
cat >"$work/shop/shop/core.py" <<'EOF'
def total(prices):
    assert prices != [], "no prices"
    return sum(prices)
EOF
cat >"$work/tests/test_total.py" <<'EOF'
from shop.core import total


def test_total():
    try:
        total([])
    except AssertionError as error:
        print("text:", repr(str(error)))
EOF
"$work/venv/bin/pip" install --quiet 'pytest==9.2.0' "$work/shop"
cd "$work/tests"
"$work/venv/bin/python" - <<'PY'
import os
import subprocess
import sys
from importlib.metadata import version

arguments = ["-q", "-s", "-p", "no:cacheprovider"]
after = f"import sys, pytest; sys.exit(pytest.main({arguments}))"
runs = {
    "pytest": ([sys.executable, "-m", "pytest", *arguments], {}),
    "pytest, entry points not loaded": (
        [sys.executable, "-m", "pytest", *arguments],
        {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    ),
    "pytest after `import shop`": ([sys.executable, "-c", f"import shop; {after}"], {}),
    "pytest after `import shop.core`": ([sys.executable, "-c", f"import shop.core; {after}"], {}),
}
seen = {}
print("pytest", version("pytest"))
for name, (command, variables) in runs.items():
    result = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=True)
    (text,) = [line for line in result.stdout.splitlines() if line.startswith("text:")]
    warned = [line.partition("PytestAssertRewriteWarning: ")[2] for line in result.stdout.splitlines()]
    seen[name] = (text, [line for line in warned if line])
    print(f"{name}:", *seen[name])
short, long = "text: 'no prices'", r"text: 'no prices\nassert [] != []'"
already = "Module already imported so cannot be rewritten; shop"
assert seen == {
    "pytest": (long, []),
    "pytest, entry points not loaded": (short, []),
    "pytest after `import shop`": (long, [already]),
    "pytest after `import shop.core`": (short, [already]),
}
PY
