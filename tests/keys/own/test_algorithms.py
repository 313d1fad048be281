"""The keys of a config: which algorithm."""

import pytest

from ...conftest import MakeApp
from ...support import status_of
from ..conftest import FaultsOf
from .support import OTHER_SECRET, SECRET, entry, load, signing_key, token_of


@pytest.mark.parametrize("alg", ["RS256", "ES256", "ES384", "ES512", "EdDSA"])
def test_a_key_decides_the_algorithm(
    make_app: MakeApp, private_pems: dict[str, str], alg: str
) -> None:
    assert signing_key(make_app(KEY=private_pems[alg])).alg == alg


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [("RS256", "PS512"), ("RS256", "RS384"), ("EdDSA", "Ed25519"), ("ES384", "ES384")],
)
def test_the_algorithm_chooses_where_a_key_admits_several(
    make_app: MakeApp, private_pems: dict[str, str], name: str, algorithm: str
) -> None:
    app = make_app(KEY=private_pems[name], ALGORITHM=algorithm)
    assert signing_key(app).alg == algorithm
    assert status_of(app, token_of(app)) == 200


def test_the_algorithm_leaves_a_key_alone_that_names_its_own() -> None:
    keys = load(
        entry(SECRET, kid="a", state="active"), entry(OTHER_SECRET, alg="HS384"), algorithm="HS512"
    )
    assert [key.alg for key in keys] == ["HS512", "HS384"]


@pytest.mark.parametrize(
    ("name", "given", "algorithm", "wanted"),
    [
        ("RS256", "an RSA key", "HS256", "a secret"),
        ("ES256", "an EC key on P-256", "ES384", "an EC key on P-384"),
        ("ES256", "an EC key on P-256", "HS256", "a secret"),
        ("EdDSA", "an Ed25519 key", "RS256", "an RSA key"),
        ("HS256", "a secret", "RS256", "an RSA key"),
        ("HS256", "a secret", "Ed25519", "an Ed25519 key"),
    ],
)
def test_an_algorithm_that_the_key_does_not_take_is_a_fault(
    faults_of: FaultsOf,
    private_pems: dict[str, str],
    name: str,
    given: str,
    algorithm: str,
    wanted: str,
) -> None:
    (fault,) = faults_of(KEY=private_pems.get(name, SECRET), ALGORITHM=algorithm)
    assert fault == (
        f"TOKENGUARD_ALGORITHM is {algorithm}, which takes {wanted}, and the key is {given};"
        f" `flask tokenguard keygen --alg {algorithm} --out FILE` makes one for TOKENGUARD_KEY_FILE"
    )
