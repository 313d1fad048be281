#!/usr/bin/env bash
# An EC key whose coordinate begins with a zero octet (one key in 128 has such an x or y), written as a JWK.
# Guess: `x` and `y` are as long as the curve's field, zeros included (RFC 7518 section 6.2.1.2 demands it).
# Seen: Authlib 1.9.10's `authlib.jose` leaves the zero out. PyJWT 2.15.1 refuses that JWK, and the kid that
# Authlib makes by RFC 7638 differs from the thumbprint that joserfc 1.8.0 makes of the same key.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'Authlib==1.9.10' 'joserfc==1.8.0' 'PyJWT[crypto]==2.15.1' 'cryptography==50.0.2'
"$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import jwt
from authlib.jose import JsonWebKey
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

# The first number whose public point has such an x; as good a test key as any, and always the same.
for number in range(1, 100_000):
    key = ec.derive_private_key(number, ec.SECP256R1()).public_key()
    if key.public_numbers().x < 1 << 248:
        break
pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

written = JsonWebKey.import_key(pem, {"kty": "EC"}).as_dict()
other = ECKey.import_key(pem)
print("Authlib", version("Authlib"), "writes x in", len(written["x"]), "characters, kid", written["kid"])
print("joserfc", version("joserfc"), "writes x in", len(other.as_dict()["x"]), "characters, kid", other.thumbprint())
assert (len(written["x"]), len(other.as_dict()["x"])) == (42, 43)
assert written["kid"] != other.thumbprint()

print("PyJWT", version("PyJWT"), "takes joserfc's:", jwt.PyJWK(other.as_dict(), "ES256").key_type)
try:
    jwt.PyJWK(written, "ES256")
except jwt.PyJWTError as error:
    print("PyJWT", version("PyJWT"), "refuses Authlib's:", error)
else:
    raise AssertionError("PyJWT takes it now")
PY
