"""How long a token is at least, by algorithm, and what cannot fit."""

import secrets

import pytest
from flask import Flask

from flask_tokenguard import ConfigurationError, TokenGuard
from flask_tokenguard.issue.issuer import TokenIssuer
from flask_tokenguard.jose.akp import PUBLIC_SIZES

from ..conftest import MakeApp
from ..support import Config

COOKIE = 4096


def encryption() -> Config:
    """Encrypt to a shared secret, in the way that is shortest."""
    return {"key": {"kty": "oct", "k": secrets.token_urlsafe(32), "alg": "dir"}, "enc": "A256GCM"}


def issuer_of(app: Flask) -> TokenIssuer:
    """Get what issues an app's access tokens."""
    issuer: TokenIssuer = app.extensions["tokenguard"].issuer
    return issuer


@pytest.mark.parametrize(
    ("alg", "size"), [("ML-DSA-44", 3_446), ("ML-DSA-65", 4_631), ("ML-DSA-87", 6_389)]
)
def test_a_token_of_ml_dsa_is_nearly_all_signature(
    make_app: MakeApp, private_pems: dict[str, str], alg: str, size: int
) -> None:
    assert issuer_of(make_app(KEY=private_pems[alg])).least_size() == size


@pytest.mark.parametrize("nested", [False, True])
def test_only_the_shortest_of_ml_dsa_fits_a_cookie_if_not_nested(
    make_app: MakeApp, private_pems: dict[str, str], nested: bool
) -> None:
    settings = {"MAX_TOKEN_SIZE": 10_000, **({"ENCRYPTION": encryption()} if nested else {})}
    fitting = [
        alg
        for alg in PUBLIC_SIZES
        if issuer_of(make_app(KEY=private_pems[alg], **settings)).least_size() <= COOKIE
    ]
    assert fitting == ([] if nested else ["ML-DSA-44"])


def test_an_app_does_not_start_where_no_token_could_fit(
    make_app: MakeApp, private_pems: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_app(KEY=private_pems["ML-DSA-87"], ENCRYPTION=encryption())
    assert str(caught.value).startswith(
        "TOKENGUARD_MAX_TOKEN_SIZE is 8160, and the shortest token by ML-DSA-87 in"
        " TOKENGUARD_ENCRYPTION is 8"
    )


def test_a_bound_that_was_lowered_too_far_is_named(
    make_app: MakeApp, private_pems: dict[str, str]
) -> None:
    with pytest.raises(
        ConfigurationError, match="SIZE is 3000, and the shortest token by ML-DSA-44"
    ):
        make_app(KEY=private_pems["ML-DSA-44"], MAX_TOKEN_SIZE=3000)


def test_an_app_that_only_reads_starts_with_any_bound(
    make_app: MakeApp, public_pems: dict[str, str]
) -> None:
    app = make_app(KEY=public_pems["ML-DSA-87"], MAX_TOKEN_SIZE=256)
    assert issuer_of(app).least_size() == 0


def test_a_bound_that_was_raised_lets_the_longest_through(
    make_app: MakeApp, private_pems: dict[str, str]
) -> None:
    guard = TokenGuard()
    make_app(guard, KEY=private_pems["ML-DSA-87"], ENCRYPTION=encryption(), MAX_TOKEN_SIZE=9000)
    assert guard.verify(guard.issue_token("ada")).claims["sub"] == "ada"
