#!/usr/bin/env bash
# A JWE by a password (PBES2, RFC 7518 section 4.8) with as many PBKDF2 rounds as one would choose today.
# Guess: more rounds cost time and nothing else; OWASP's password advice is 600000 for HMAC-SHA256.
# Seen: jwcrypto 1.6.1 neither writes nor reads more than 16384, joserfc 1.8.0 not 300000 or more; what joserfc
# writes with 100000 is therefore closed to jwcrypto. Both bound it since the reader does the work for a stranger.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'jwcrypto==1.6.1' 'joserfc==1.8.0'
"$work/venv/bin/python" -W ignore - <<'PY'
import json
from importlib.metadata import version

from joserfc import jwe
from joserfc.errors import InvalidHeaderValueError
from joserfc.jwk import OctKey
from jwcrypto.jwe import JWE, InvalidJWEData
from jwcrypto.jwk import JWK

password = "correct horse battery staple"
names = ["PBES2-HS256+A128KW", "A128GCM"]
joserfc_key, jwcrypto_key = OctKey.import_key(password), JWK.from_password(password)


def header(rounds):
    return {"alg": names[0], "enc": names[1], "p2c": rounds}


def joserfc_write(rounds):
    return jwe.encrypt_compact(header(rounds), b"text", joserfc_key, algorithms=names)


def jwcrypto_write(rounds):
    token = JWE(b"text", json.dumps(header(rounds)), algs=names)
    token.add_recipient(jwcrypto_key)
    return token.serialize(compact=True)


def jwcrypto_read(text):
    token = JWE(algs=names)
    token.deserialize(text, jwcrypto_key)
    return token.payload


def outcome(act, *args):
    try:
        act(*args)
    except (InvalidHeaderValueError, ValueError, InvalidJWEData) as error:
        return f"{type(error).__name__}: {error}"
    return "done"


seen = {
    "jwcrypto writes 16384": outcome(jwcrypto_write, 16384),
    "jwcrypto writes 16385": outcome(jwcrypto_write, 16385),
    "joserfc writes 100000": outcome(joserfc_write, 100_000),
    "jwcrypto reads joserfc's 100000": outcome(jwcrypto_read, joserfc_write(100_000)),
    "joserfc writes 600000": outcome(joserfc_write, 600_000),
}
print("jwcrypto", version("jwcrypto"), "joserfc", version("joserfc"))
for what, result in seen.items():
    print(f"{what}: {result}")
assert [result == "done" for result in seen.values()] == [True, False, True, False, False]
PY
