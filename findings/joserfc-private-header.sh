#!/usr/bin/env bash
# A token whose header holds a parameter of the issuer's own, as some gateways write it.
# Guess: what is not understood is ignored (RFC 7515 section 4: it MUST be, unless `crit` lists it).
# Seen: joserfc 1.8.0 refuses the token, and does not write one either, until the registry is made with
# strict_check_header=False; PyJWT 2.15.1 and jwcrypto 1.6.1 read it.
# Documented: joserfc's guide, page "Registry".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'joserfc==1.8.0' 'PyJWT==2.15.1' 'jwcrypto==1.6.1'
"$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.errors import UnsupportedHeaderError
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

secret = "a secret of 32 octets or a few more"
token = jwt.encode({"sub": "a"}, secret, "HS256", headers={"tenant": "blue"})
key = OctKey.import_key(secret)

print("PyJWT", version("PyJWT"), "reads", jwt.decode(token, secret, ["HS256"]))
print("jwcrypto", version("jwcrypto"), "reads", JWT(jwt=token, key=JWK.from_password(secret)).claims)
for what, act in {
    "reading": lambda: joserfc_jwt.decode(token, key),
    "writing": lambda: joserfc_jwt.encode({"alg": "HS256", "tenant": "blue"}, {"sub": "a"}, key),
}.items():
    try:
        act()
    except UnsupportedHeaderError as error:
        print("joserfc", version("joserfc"), what, "raises", error)
    else:
        raise AssertionError(f"{what} passes now")
lenient = joserfc_jwt.decode(token, key, registry=JWSRegistry(strict_check_header=False))
print("joserfc with strict_check_header=False reads", lenient.claims)
assert lenient.claims == {"sub": "a"}
PY
