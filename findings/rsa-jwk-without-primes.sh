#!/usr/bin/env bash
# A private RSA JWK may be `n`, `e` and `d` alone (RFC 7518 section 6.3.2: the primes are only recommended).
# Guess: a library that takes the key also signs with it.
# Seen: jwcrypto 1.6.1 takes it, calls it a private key, and ends in a TypeError when it signs;
# joserfc 1.8.0 and PyJWT 2.15.1 work the primes out of the three numbers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'jwcrypto==1.6.1' 'joserfc==1.8.0' 'PyJWT==2.15.1'
"$work/venv/bin/python" -W ignore - <<'PY'
import json
from importlib.metadata import version

import jwt
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

whole = json.loads(JWK.generate(kty="RSA", size=2048).export())
short = {name: whole[name] for name in ("kty", "n", "e", "d")}


def jwcrypto_sign():
    token = JWT(header={"alg": "RS256"}, claims={"sub": "a"})
    token.make_signed_token(JWK(**short))
    return token.serialize()


signers = {
    "jwcrypto": jwcrypto_sign,
    "joserfc": lambda: joserfc_jwt.encode({"alg": "RS256"}, {"sub": "a"}, joserfc_jwk.import_key(short)),
    "PyJWT": lambda: jwt.encode({"sub": "a"}, jwt.PyJWK(short, "RS256").key, "RS256"),
}
seen = {}
for name, sign in signers.items():
    try:
        token = sign()
        jwt.decode(token, jwt.PyJWK(whole, "RS256").key.public_key(), ["RS256"])
        seen[name] = "signs"
    except TypeError as error:
        seen[name] = f"TypeError: {error}"
    print(name, version(name), "with n, e, d:", seen[name])
print("jwcrypto calls the key private:", JWK(**short).has_private)
assert JWK(**short).has_private
assert seen["jwcrypto"].startswith("TypeError")
assert seen["joserfc"] == seen["PyJWT"] == "signs"
PY
