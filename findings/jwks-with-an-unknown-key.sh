#!/usr/bin/env bash
# One key of a kind that the library does not know, beside one that it does, in a JWK Set.
# Guess: the unknown key is left out and the other is used, as RFC 7517 section 5 recommends.
# Seen: for `kty` AKP (ML-DSA, RFC 9964) Authlib 1.9.10's `authlib.jose` raises a bare KeyError for the whole set;
# joserfc 1.8.0 leaves out an unknown `kty`, but raises a KeyError for an EC key of an unknown curve (Brainpool).
# PyJWT 2.15.1 leaves out both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'PyJWT==2.15.1' 'joserfc==1.8.0' 'Authlib==1.9.10' 'jwcrypto==1.6.1'
"$work/venv/bin/python" -W ignore - <<'PY'
import base64
import json
from importlib.metadata import version

from authlib.jose import JsonWebKey
from joserfc.jwk import KeySet
from jwcrypto.jwk import JWK
from jwt import PyJWKSet

known = json.loads(JWK.generate(kty="EC", crv="P-256", kid="known").export_public())
brainpool = json.loads(JWK.generate(kty="EC", crv="BP-256", kid="brainpool").export_public())
# The octets do not matter: no library gets as far as to use them.
ml_dsa = {
    "kty": "AKP",
    "alg": "ML-DSA-44",
    "kid": "ml-dsa",
    "pub": base64.urlsafe_b64encode(bytes(1312)).rstrip(b"=").decode(),
}
readers = {
    "PyJWT": lambda keys: [key.key_id for key in PyJWKSet.from_dict(keys).keys],
    "joserfc": lambda keys: [key.kid for key in KeySet.import_key_set(keys).keys],
    "Authlib": lambda keys: [key.kid for key in JsonWebKey.import_key_set(keys).keys],
}
seen = {}
for other in (ml_dsa, brainpool):
    for name, read in readers.items():
        try:
            seen[other["kid"], name] = read({"keys": [other, known]})
        except KeyError as error:
            seen[other["kid"], name] = f"KeyError: {error}"
        print(f"{name} {version(name)}, set of {other['kid']} and known:", seen[other["kid"], name])
assert seen == {
    ("ml-dsa", "PyJWT"): ["known"],
    ("ml-dsa", "joserfc"): ["known"],
    ("ml-dsa", "Authlib"): "KeyError: 'AKP'",
    ("brainpool", "PyJWT"): ["known"],
    ("brainpool", "joserfc"): "KeyError: 'BP-256'",
    ("brainpool", "Authlib"): ["brainpool", "known"],
}
PY
