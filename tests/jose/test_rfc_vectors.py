"""The examples of RFC 7515, RFC 8037 and RFC 9964, each in appendix A, and RFC 7638 section 3.1."""

import json
from pathlib import Path

import pytest

from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.jose import base64url, compact, material
from flask_tokenguard.jose.jwk import Key, KeySet

A1_TOKEN = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTk"
    "zODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbU"
    "JU1p1r_wW1gFWFOEjXk"
)
A1_KEY = {
    "kty": "oct",
    "k": ("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"),
}
A2_TOKEN = (
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9"
    "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2Vt"
    "Qgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKB"
    "YNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN"
    "9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI"
    "8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)
A2_KEY = {
    "kty": "RSA",
    "n": (
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJ"
        "PMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0"
        "LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD"
        "Zlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"
        "PAcDTW9gb54h4FRWyuXpoQ"
    ),
    "e": "AQAB",
    "d": (
        "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9S"
        "E-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVd"
        "xzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQ"
        "UShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjn"
        "czT0QU91p1DhOVRuOopznQ"
    ),
    "p": (
        "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQT"
        "a9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV"
        "5z-y2XDwGUc"
    ),
    "q": (
        "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7"
        "C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rj"
        "cJIDEz9RWdc"
    ),
    "dp": (
        "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_P"
        "I7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1Xs"
        "mvkxHQAdYo0"
    ),
    "dq": (
        "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oK"
        "r6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTd"
        "lqvd0tIiTHU"
    ),
    "qi": (
        "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_"
        "QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0J"
        "KSHuLFkuQ3U"
    ),
}
A3_TOKEN = (
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9"
    "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXF"
    "CgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
A3_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
}
A4_TOKEN = (
    "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOY"
    "aRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8Kp"
    "EHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
)
A4_KEY = {
    "kty": "EC",
    "crv": "P-521",
    "x": (
        "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk"
    ),
    "y": (
        "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"
    ),
    "d": (
        "AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPAxerEzgdRhajnu0ferB0d53vM9mE15j2C"
    ),
}
A5_TOKEN = (
    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9l"
    "eGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
)
CRIT_TOKEN = (
    "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQog"
    "Imh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA."
)
RFC8037_TOKEN = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1P"
    "POt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
RFC8037_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
RFC7638_N = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1"
    "L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4"
    "QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbO"
    "pbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csF"
    "Cur-kEgU8awapJzKnqDKgw"
)

RFC7638_THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
RFC8037_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
RFC9964 = json.loads(Path(__file__).with_name("rfc9964.json").read_text())
RFC9964_PAYLOAD = "It\u2019s a dangerous business, Frodo, going out your door."
JWT_PAYLOAD = b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'

EXAMPLES = [
    pytest.param(A1_TOKEN, A1_KEY, "HS256", JWT_PAYLOAD, id="RFC 7515 A.1"),
    pytest.param(A2_TOKEN, A2_KEY, "RS256", JWT_PAYLOAD, id="RFC 7515 A.2"),
    pytest.param(A3_TOKEN, A3_KEY, "ES256", JWT_PAYLOAD, id="RFC 7515 A.3"),
    pytest.param(A4_TOKEN, A4_KEY, "ES512", b"Payload", id="RFC 7515 A.4"),
    pytest.param(
        RFC8037_TOKEN, RFC8037_KEY, "EdDSA", b"Example of Ed25519 signing", id="RFC 8037 A.5"
    ),
    *(
        pytest.param(
            example["jws"], example["jwk"], alg, RFC9964_PAYLOAD.encode(), id=f"RFC 9964 A.1 {alg}"
        )
        for alg, example in RFC9964.items()
    ),
]
# These signatures have no random part, so there is only one that is right.
REPEATABLE = [EXAMPLES[0], EXAMPLES[1], EXAMPLES[4]]
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "priv"}


def json_serialization(*tokens: str) -> str:
    """Write several compact tokens of one payload as one in the general JSON serialization."""
    parts = [token.split(".") for token in tokens]
    signatures = [
        {"protected": header, "header": {"kid": "k"}, "signature": signature}
        for header, _, signature in parts
    ]
    return json.dumps({"payload": parts[0][1], "signatures": signatures})


def flattened(token: str) -> str:
    """Write a compact token in the flattened JSON serialization."""
    header, payload, signature = token.split(".")
    return json.dumps({"payload": payload, "protected": header, "signature": signature})


@pytest.mark.parametrize(("token", "jwk", "alg", "payload"), EXAMPLES)
def test_an_example_is_verified(token: str, jwk: dict[str, str], alg: str, payload: bytes) -> None:
    parsed = compact.parse(token)
    # Their secrets are known to all, so that no config may hold them.
    (key,) = KeySet([Key.from_jwk(jwk)]).find(parsed.header, "sig")
    assert key.verify(parsed.signing_input, parsed.signature)
    assert (parsed.header.alg, parsed.payload) == (alg, payload)


@pytest.mark.parametrize(("token", "jwk", "alg", "payload"), EXAMPLES[1:])
def test_an_example_is_verified_with_its_public_key(
    token: str, jwk: dict[str, str], alg: str, payload: bytes
) -> None:
    public = {name: value for name, value in jwk.items() if name not in PRIVATE_MEMBERS}
    parsed = compact.parse(token)
    key = Key.from_jwk(public)
    assert (key.alg, key.is_private, parsed.payload) == (alg, False, payload)
    assert key.verify(parsed.signing_input, parsed.signature)


@pytest.mark.parametrize(("token", "jwk", "alg", "payload"), EXAMPLES)
def test_a_changed_example_is_not_verified(
    token: str, jwk: dict[str, str], alg: str, payload: bytes
) -> None:
    parsed = compact.parse(token)
    key = Key.from_jwk(jwk, alg=alg)
    assert not key.verify(parsed.signing_input + payload[:1], parsed.signature)


@pytest.mark.parametrize(("token", "jwk", "alg", "payload"), REPEATABLE)
def test_an_example_is_signed_as_it_was(
    token: str, jwk: dict[str, str], alg: str, payload: bytes
) -> None:
    signing_input, _, signature = token.rpartition(".")
    assert signing_input.endswith("." + base64url.encode(payload).decode())
    assert base64url.encode(Key.from_jwk(jwk, alg=alg).sign(signing_input.encode())) == (
        signature.encode()
    )


def test_the_claims_of_an_example_are_read() -> None:
    assert compact.parse_payload(compact.parse(A1_TOKEN)) == {
        "iss": "joe",
        "exp": 1300819380,
        "http://example.com/is_root": True,
    }


def test_the_unsecured_example_finds_no_key() -> None:
    # RFC 7515 A.5.
    parsed = compact.parse(A5_TOKEN)
    assert (parsed.header.alg, parsed.signature) == ("none", b"")
    assert list(KeySet([Key.from_jwk(A1_KEY)]).find(parsed.header, "sig")) == []


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(json_serialization(A2_TOKEN, A3_TOKEN), id="A.6"),
        pytest.param(flattened(A3_TOKEN), id="A.7"),
    ],
)
def test_an_example_in_the_json_serialization_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken, match="not a compact JWS"):
        compact.parse(token)


def test_the_example_with_a_critical_extension_is_refused() -> None:
    # RFC 7515 appendix E.
    with pytest.raises(InvalidToken, match="extension"):
        compact.parse(CRIT_TOKEN)


def test_the_example_of_an_rsa_thumbprint() -> None:
    jwk = {"kty": "RSA", "n": RFC7638_N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    public = material.from_jwk(jwk)
    assert material.thumbprint(public) == RFC7638_THUMBPRINT  # type: ignore[arg-type]  # public


def test_the_example_of_an_ed25519_thumbprint() -> None:
    assert Key.from_jwk(RFC8037_KEY).kid == RFC8037_THUMBPRINT


@pytest.mark.parametrize("alg", RFC9964)
def test_the_example_of_a_thumbprint_of_ml_dsa(alg: str) -> None:
    jwk = RFC9964[alg]["jwk"]
    unnamed = {name: value for name, value in jwk.items() if name != "kid"}
    assert Key.from_jwk(unnamed).kid == jwk["kid"]
