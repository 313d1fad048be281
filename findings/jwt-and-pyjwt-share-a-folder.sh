#!/usr/bin/env bash
# PyPI's `jwt` 1.4.0 and `PyJWT` 2.15.1, two projects, both of which install the package `jwt`.
# Guess: pip refuses or warns, and removing the wrong one leaves the right one as it was.
# Seen: pip installs both without a word, the files of one on those of the other; after `pip uninstall jwt` PyJWT is
# still listed, `pip check` finds nothing broken, and `import jwt` gives an empty namespace: no jwt.encode.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
cd "$work"
pip=("$work/venv/bin/python" -m pip --disable-pip-version-check)
has_encode() { "$work/venv/bin/python" -c 'import jwt; print(hasattr(jwt, "encode"))'; }

"${pip[@]}" --version | cut -d' ' -f1,2
"${pip[@]}" install --quiet 'PyJWT==2.15.1'
alone=$(has_encode)
"${pip[@]}" install --quiet 'jwt==1.4.0'
"${pip[@]}" uninstall --quiet --yes jwt
listed=$("${pip[@]}" list --format=freeze 2>/dev/null | grep -ix 'pyjwt==.*')
check=$("${pip[@]}" check 2>/dev/null)
after=$(has_encode)
echo "PyJWT alone: jwt.encode is there: $alone"
echo "after installing and uninstalling jwt: listed $listed; pip check: $check; jwt.encode is there: $after"
[ "$alone/$after" = True/False ]
