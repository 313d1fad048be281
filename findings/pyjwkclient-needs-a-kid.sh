#!/usr/bin/env bash
# A JWK Set of one key without `kid`, which RFC 7517 section 4.5 allows, and a token without `kid` signed by it.
# Guess: with one key there is nothing to choose, so a client for JWK Sets takes it.
# Seen: PyJWT 2.15.1's PyJWKClient reports that the endpoint has no signing keys, for it counts keys with a kid only;
# joserfc 1.8.0 and jwcrypto 1.6.1 verify the token with the same set.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'PyJWT[crypto]==2.15.1' 'joserfc==1.8.0' 'jwcrypto==1.6.1'
"$work/venv/bin/python" -W ignore - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from jwcrypto.jwk import JWK, JWKSet
from jwcrypto.jwt import JWT

key = JWK.generate(kty="EC", crv="P-256")
public = {name: value for name, value in key.export_public(as_dict=True).items() if name != "kid"}
document = json.dumps({"keys": [public]})
token = jwt.encode({"sub": "a"}, key.export_to_pem(True, None), "ES256")


class Endpoint(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/jwk-set+json")
        self.end_headers()
        self.wfile.write(document.encode())

    def log_message(self, *args):
        pass


with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = jwt.PyJWKClient(f"http://127.0.0.1:{server.server_port}/")
    print("keys in PyJWT's own set of this document:", len(client.get_jwk_set().keys))
    try:
        client.get_signing_key_from_jwt(token)
    except jwt.PyJWKClientError as error:
        print("PyJWT", version("PyJWT"), "PyJWKClient:", error)
        assert "did not contain any signing keys" in str(error)
    else:
        raise AssertionError("PyJWKClient takes the key now")
    server.shutdown()

print("joserfc", version("joserfc"), joserfc_jwt.decode(token, KeySet.import_key_set(json.loads(document))).claims)
print("jwcrypto", version("jwcrypto"), JWT(jwt=token, key=JWKSet.from_json(document)).claims)
PY
