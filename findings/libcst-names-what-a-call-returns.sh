#!/usr/bin/env bash
# A codemod that looks for the calls of one function by libcst's QualifiedNameProvider; one would meet it where the
# function returns a function, such as a decorator with arguments.
# Guess: in `limit(5)(view)` the inner call is one of `lib.limit`; what that returned, and the outer call, have no name.
# Seen: libcst 1.9.0 names a call, and an item, by what was called or indexed, so the outer call's `func` is `lib.limit`
# as well: the codemod finds two calls in `limit(5)(view)`, and takes `limit[0](view)` for one; `limit(5).of` is
# `lib.limit.of`. Whether `func` is a Name or an Attribute all the way down must be asked beside the name.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'libcst==1.9.0'
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

import libcst
from libcst.metadata import QualifiedNameProvider


class Calls(libcst.CSTVisitor):
    METADATA_DEPENDENCIES = (QualifiedNameProvider,)

    def __init__(self):
        self.found = []

    def visit_Call(self, node):
        names = self.get_metadata(QualifiedNameProvider, node.func)
        self.found.append((libcst.Module([]).code_for_node(node.func), sorted(name.name for name in names)))


def calls(line):
    visitor = Calls()
    libcst.MetadataWrapper(libcst.parse_module(f"from lib import limit\n{line}\n")).visit(visitor)
    return visitor.found


seen = {}
print("libcst", version("libcst"))
for line in ("limit(5)(view)", "limit[0](view)", "limit(5).of(view)", "five = limit(5); five(view)"):
    seen[line] = calls(line)
    print(f"{line}:", *(f"func `{func}` is named {names};" for func, names in seen[line]))
assert seen == {
    "limit(5)(view)": [("limit(5)", ["lib.limit"]), ("limit", ["lib.limit"])],
    "limit[0](view)": [("limit[0]", ["lib.limit"])],
    "limit(5).of(view)": [("limit(5).of", ["lib.limit.of"]), ("limit", ["lib.limit"])],
    "five = limit(5); five(view)": [("limit", ["lib.limit"]), ("five", ["five"])],
}
PY
