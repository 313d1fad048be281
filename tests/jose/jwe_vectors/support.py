"""The examples of RFC 7516 appendix A and RFC 7520 section 5: what the tests share."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from flask_tokenguard.jose import material
from flask_tokenguard.jose.jwe import EncryptionKey


def bound(jwk: Mapping[str, Any], alg: str | None, enc: str) -> EncryptionKey:
    """Bind the key in a JWK."""
    return EncryptionKey(material_of(json.dumps(jwk)), alg=alg, enc=enc, kid=jwk.get("kid"))


@cache
def material_of(jwk: str) -> material.Material:
    """Read a JWK once; to find the primes of the RFCs' RSA keys takes a second."""
    return material.from_jwk(json.loads(jwk))
