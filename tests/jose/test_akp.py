"""ML-DSA's keys, also where `cryptography` has none (RFC 9964)."""

import pytest

from flask_tokenguard.jose import akp, material
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.keys.generate import generate, to_jwk

each = pytest.mark.parametrize("alg", akp.PUBLIC_SIZES)
NOT_HERE = "which the installed cryptography cannot do; type `pip install 'cryptography>=48'`"


@pytest.fixture
def jwk(private_keys: dict[str, PrivateKey]) -> dict[str, str]:
    """A private key."""
    return to_jwk(private_keys["ML-DSA-65"], private=True)


@each
def test_a_private_key_is_written_as_its_seed(
    private_keys: dict[str, PrivateKey], alg: str
) -> None:
    written = to_jwk(private_keys[alg], private=True)
    assert list(written) == ["alg", "kty", "pub", "priv"]
    assert (written["kty"], written["alg"], len(written["priv"])) == ("AKP", alg, 43)
    assert to_jwk(material.from_jwk(written), private=True) == written


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"alg": None}, "has no text member alg"),
        ({"alg": "ML-DSA-66"}, "has an alg other than ML-DSA-44, ML-DSA-65, ML-DSA-87"),
        ({"alg": "ML-DSA-44"}, "is not a valid AKP key"),
        ({"pub": None}, "has no canonical base64url member pub"),
        ({"pub": "AAAA"}, "is not a valid AKP key"),
        ({"pub": "AB"}, "has no canonical base64url member pub"),
        ({"priv": 7}, "has no canonical base64url member priv"),
        ({"priv": "A" * 42}, "has a member priv that is not 32 octets long, the seed"),
        ({"priv": "A" * 5376}, "has a member priv that is not 32 octets long, the seed"),
        ({"priv": "A" * 43}, "is not a valid AKP key"),
    ],
)
def test_what_does_not_fit_is_refused(
    jwk: dict[str, str], change: dict[str, object], fault: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - that is asserted below
        material.from_jwk({**jwk, **change})
    assert (str(caught.value), caught.value.__cause__) == (fault, None)


@pytest.mark.usefixtures("old_cryptography")
def test_an_older_cryptography_is_named_where_a_key_is_read() -> None:
    with pytest.raises(ValueError, match=f"^is for ML-DSA-44, {NOT_HERE}$"):
        material.from_jwk({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"})


@pytest.mark.usefixtures("old_cryptography")
@each
def test_an_older_cryptography_is_named_where_a_key_is_made(alg: str) -> None:
    with pytest.raises(ValueError, match=f"^{alg} is an algorithm {NOT_HERE}$"):
        generate(alg)


@pytest.mark.usefixtures("old_cryptography")
def test_an_older_cryptography_reads_other_keys(private_keys: dict[str, PrivateKey]) -> None:
    assert material.kind_of(private_keys["EdDSA"]) == ("OKP", "Ed25519", 256)
