#!/usr/bin/env bash
# Publishing a JWK Set of several keys: the newest first, or with an ETag made of the text.
# Guess: `JWKSet` keeps the order of the JSON that it read, as the `keys` of RFC 7517 section 5.1 is an array.
# Seen: jwcrypto 1.6.1 keeps the keys in a Python set by the hash of their text: the export of one document is in
# another order in each worker process (hash randomization), so neither its first key nor its text means anything.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'jwcrypto==1.6.1'
"$work/venv/bin/python" -W ignore - <<'PY'
import os
import subprocess
import sys
from importlib.metadata import version

from jwcrypto.jwk import JWK, JWKSet

CODE = """
import sys
from jwcrypto.jwk import JWKSet
print(*(key["kid"] for key in JWKSet.from_json(sys.stdin.read()).export(as_dict=True)["keys"]), sep="")
"""
keys = [JWK.generate(kty="oct", size=256, kid=str(number)).export() for number in range(8)]
text = '{"keys": [' + ", ".join(keys) + "]}"
orders = []
for seed in range(1, 6):
    process = subprocess.run(
        [sys.executable, "-c", CODE],
        input=text,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    orders.append(process.stdout.strip())
is_set = isinstance(JWKSet.from_json(text)["keys"], set)
print("jwcrypto", version("jwcrypto"), "keeps keys in a Python set:", is_set)
whole = {"".join(sorted(order)) for order in orders}
print("exports of the set 01234567 by five processes hold all keys:", whole == {"01234567"})
print("are all in the order that was read:", set(orders) == {"01234567"})
print("are all in one order:", len(set(orders)) == 1)
assert is_set
assert whole == {"01234567"}
assert len(set(orders)) > 1
PY
