#!/usr/bin/env bash
# A compact JWS over an unencoded payload (`b64` false, RFC 7797), such as the JSON of a webhook.
# Guess: one call gives one form, with the payload in the token, or an error for a payload that it cannot hold (a dot).
# Seen: joserfc 1.8.0's serialize_compact puts in a payload of URL-safe characters, and leaves out any other without
# an error: the token is detached, and one without its payload beside it is a bad signature to the reader. A test with
# "order-42" passes, and JSON fails. jwcrypto 1.6.1 puts in all but the dot, which it refuses; joserfc reads those tokens.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'joserfc==1.8.0' 'jwcrypto==1.6.1'
"$work/venv/bin/python" - <<'PY'
import json
from importlib.metadata import version

from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import OctKey
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

HEADER = {"alg": "HS256", "b64": False, "crit": ["b64"]}
key = OctKey.generate_key(256)


def by_joserfc(payload):
    return jws.serialize_compact(HEADER, payload, key)


def by_jwcrypto(payload):
    token = JWS(payload)
    token.add_signature(JWK(**key.as_dict()), protected=json.dumps(HEADER))
    try:
        return token.serialize(compact=True)
    except JWException as error:
        return type(error).__name__


def read(token, payload=None):
    try:
        return jws.deserialize_compact(token, key, payload=payload).payload.decode()
    except BadSignatureError as error:
        return type(error).__name__


print("joserfc", version("joserfc"), "jwcrypto", version("jwcrypto"))
for text, is_put_in in {"order-42": True, "order/42": False, '{"order": 42}': False, "v1.2": False}.items():
    payload = text.encode()
    token = by_joserfc(payload)
    middle = token.partition(".")[2].rpartition(".")[0]
    alone, beside = read(token), read(token, payload)
    print(f"{text} by joserfc: in the token {middle!r}, read alone {alone!r}, with the payload {beside!r}")
    assert middle == (text if is_put_in else "")
    assert alone == (text if is_put_in else "BadSignatureError")
    assert beside == text

    token = by_jwcrypto(payload)
    print(f"{text} by jwcrypto, read alone: {token if '.' in text else read(token)!r}")
    assert token == "InvalidJWSOperation" if "." in text else read(token) == text
PY
