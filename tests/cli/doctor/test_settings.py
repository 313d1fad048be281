"""`flask tokenguard doctor`: settings."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli.readers import WITHOUT_EDDSA, WITHOUT_ML_DSA

from ...conftest import MakeApp
from ...support import Config
from .support import examine, findings, oct_jwk, rows_of


def test_a_safe_app_has_no_risk(make_app: MakeApp, safe: Config) -> None:
    result = examine(make_app(**safe))
    assert (result.exit_code, result.output) == (0, "")


def test_a_safe_app_has_no_risk_for_programs(make_app: MakeApp, safe: Config) -> None:
    result = examine(make_app(**safe), "--json")
    assert (result.exit_code, result.stdout) == (0, "[]\n")


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ({"KEY": "0123401234" * 8}, [("warning", "KEY"), ("advice", "KEY")]),
        ({"KEY": "0123456789" * 8}, [("advice", "KEY")]),
        ({"ISSUER": None}, [("advice", "ISSUER, TOKENGUARD_AUDIENCE")]),
        ({"AUDIENCE": None}, [("advice", "ISSUER, TOKENGUARD_AUDIENCE")]),
        ({"TYPES": ["at+jwt", "JWT"]}, [("warning", "TYPES")]),
        ({"TYPES": ["at+jwt", None]}, [("warning", "TYPES")]),
        ({"TYPES": ["at+jwt", "other+jwt"]}, []),
        ({"REQUIRED_CLAIMS": ["iat", "sub"]}, [("advice", "REQUIRED_CLAIMS")]),
        ({"REQUIRED_CLAIMS": ["iat", "sub", "jti", "role"]}, []),
        ({"ACCESS_TOKEN_LIFETIME": 3601}, [("warning", "ACCESS_TOKEN_LIFETIME")]),
        ({"ACCESS_TOKEN_LIFETIME": 3600}, []),
        ({"LEEWAY": 61}, [("advice", "LEEWAY")]),
        ({"LEEWAY": 60}, []),
        ({"REFRESH_ROTATION": "off"}, [("advice", "REFRESH_ROTATION")]),
        ({"TOKEN_LOCATIONS": ["header", "query"]}, [("warning", "TOKEN_LOCATIONS")]),
        ({"TOKEN_LOCATIONS": ["header", "query:jwt"]}, [("warning", "TOKEN_LOCATIONS")]),
        ({"TOKEN_LOCATIONS": ["header", "form"]}, []),
        ({"TOKEN_LOCATIONS": ["cookie"]}, []),
        (
            {"TOKEN_LOCATIONS": ["cookie"], "COOKIE_REFRESH_NAME": "__Secure-r"},
            [("advice", "COOKIE_ACCESS_NAME")],
        ),
        ({"TOKEN_LOCATIONS": ["cookie:a"]}, [("advice", "COOKIE_ACCESS_NAME")]),
        ({"TOKEN_LOCATIONS": ["cookie", "cookie:a"]}, [("advice", "COOKIE_ACCESS_NAME")]),
        ({"TRUSTED_ORIGINS": ["https://a.example", "http://localhost:5173"]}, []),
        ({"TRUSTED_ORIGINS": "http://a.example"}, [("warning", "TRUSTED_ORIGINS")]),
    ],
)
def test_a_risky_setting_is_found(
    make_app: MakeApp, safe: Config, setting: Config, found: list[tuple[str, str]]
) -> None:
    assert findings(make_app(**safe | setting)) == [
        (level, f"TOKENGUARD_{about}") for level, about in found
    ]


def test_cookies_over_plain_http_are_found(safe: Config) -> None:
    app = Flask(__name__)
    app.debug = True
    settings = safe | {"TOKEN_LOCATIONS": ["cookie"], "COOKIE_INSECURE": True}
    app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
    TokenGuard(app)
    assert findings(app) == [("warning", "TOKENGUARD_COOKIE_INSECURE")]


def test_an_rsa_key_of_2048_bits_is_found(
    make_app: MakeApp, safe: Config, private_pems: dict[str, str]
) -> None:
    app = make_app(**safe | {"KEY": private_pems["RS256"]})
    assert findings(app) == [("advice", "TOKENGUARD_KEY")]


def test_an_rsa_key_of_3072_bits_is_no_risk(make_app: MakeApp, safe: Config) -> None:
    key = rsa.generate_private_key(65537, 3072)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert findings(make_app(**safe | {"KEY": pem})) == []


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_an_elliptic_key_is_no_risk(
    make_app: MakeApp, safe: Config, private_pems: dict[str, str], alg: str
) -> None:
    assert findings(make_app(**safe | {"KEY": private_pems[alg]})) == []


@pytest.mark.parametrize("name", ["EdDSA", "Ed25519"])
def test_a_key_for_eddsa_is_found_with_who_cannot_read_it(
    make_app: MakeApp, safe: Config, private_pems: dict[str, str], name: str
) -> None:
    (row,) = rows_of(make_app(**safe | {"KEY": private_pems["EdDSA"], "ALGORITHM": name}))
    assert (row["level"], row["about"]) == ("advice", "TOKENGUARD_KEY")
    assert WITHOUT_EDDSA in row["why"]


@pytest.mark.parametrize("alg", ["ML-DSA-44", "ML-DSA-87"])
def test_a_key_for_ml_dsa_is_found_with_who_can_read_it(
    make_app: MakeApp, safe: Config, private_pems: dict[str, str], alg: str
) -> None:
    (row,) = rows_of(make_app(**safe | {"KEY": private_pems[alg]}))
    assert row["why"] == f"The key that signs is for {alg}, which is not read by {WITHOUT_ML_DSA}."


def test_a_public_key_for_eddsa_is_no_risk(
    make_app: MakeApp, safe: Config, public_pems: dict[str, str]
) -> None:
    assert findings(make_app(**safe | {"KEY": public_pems["EdDSA"]})) == []


def test_a_secret_in_a_jwk_is_found(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe | {"KEY": oct_jwk(32, alg="HS256")})
    assert findings(app) == [("advice", "TOKENGUARD_KEY")]
