#!/usr/bin/env bash
# RFC 9864 (2025) deprecates the signature name `EdDSA` for `Ed25519` and `Ed448`, which name the curve as well.
# Guess: four current libraries either all know the new name, or treat it as the same algorithm.
# Seen: joserfc 1.8.0 and jwcrypto 1.6.1 write and read it; PyJWT 2.15.1 and Authlib 1.9.10's `authlib.jose` do
# neither. PyJWT drops an Ed25519 key out of a JWK Set for its `alg` Ed25519; without `alg` it takes the key.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'PyJWT[crypto]==2.15.1' 'joserfc==1.8.0' 'jwcrypto==1.6.1' 'Authlib==1.9.10'
"$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import jwt
from authlib.jose import JsonWebToken
from authlib.jose.errors import UnsupportedAlgorithmError
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import OKPKey
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

name = "Ed25519"
key = JWK.generate(kty="OKP", crv=name, kid="one")
private, public = key.export_to_pem(True, None), key.export_to_pem()
token = joserfc_jwt.encode({"alg": name}, {"sub": "a"}, OKPKey.import_key(private), algorithms=[name])
readers = {
    "joserfc": lambda: joserfc_jwt.decode(token, OKPKey.import_key(public), algorithms=[name]).claims,
    "jwcrypto": lambda: JWT(jwt=token, key=key, algs=[name]).claims,
    "PyJWT": lambda: jwt.decode(token, public, [name]),
    "Authlib": lambda: JsonWebToken([name]).decode(token, public),
}
reads = {}
for library, read in readers.items():
    try:
        read()
        reads[library] = True
    except (jwt.InvalidAlgorithmError, UnsupportedAlgorithmError):
        reads[library] = False
    print(library, version(library), "reads alg Ed25519:", reads[library])
assert reads == {"joserfc": True, "jwcrypto": True, "PyJWT": False, "Authlib": False}

plain = key.export_public(as_dict=True)
other = JWK.generate(kty="EC", crv="P-256", kid="two").export_public(as_dict=True)
for alg in (None, "EdDSA", name):
    keys = [plain | ({"alg": alg} if alg else {}), other]
    kept = [jwk.key_id for jwk in jwt.PyJWKSet.from_dict({"keys": keys}).keys]
    print(f"PyJWT keeps of a set whose key one has alg {alg}:", kept)
    assert kept == (["two"] if alg == name else ["one", "two"])
PY
