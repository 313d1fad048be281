"""What the profiles say of each issuer's tokens, on tokens as their documentation shows them."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from flask_tokenguard.issuer_profiles import DEFAULT_PROFILE, PROFILES, Profile
from flask_tokenguard.jose.algorithms import SIGNATURE_ALGORITHMS
from flask_tokenguard.jose.compact import media_type

Token = tuple[str | None, dict[str, Any]]

TIMES = {"iat": 1, "exp": 2}
# The typ in the header, and the claims that the provider's documentation shows.
ACCESS_TOKENS: dict[str, Token] = {
    "rfc9068": (
        "at+jwt",
        {"iss": "i", "aud": "api", "sub": "s", "client_id": "c", "jti": "1", **TIMES},
    ),
    "oidc-access": ("JWT", {"aud": "api", **TIMES}),
    "keycloak": ("JWT", {"aud": "api", "typ": "Bearer", "azp": "c", **TIMES}),
    "auth0": ("JWT", {"aud": ["api", "userinfo"], "sub": "auth0|1", "azp": "c", **TIMES}),
    "entra": ("JWT", {"aud": "api", "azp": "c", "ver": "2.0", **TIMES}),
    "entra-v1": ("JWT", {"aud": "api://api", "appid": "c", "ver": "1.0", **TIMES}),
    "cognito": (None, {"client_id": "c", "token_use": "access", "sub": "s", **TIMES}),
    "google": ("JWT", {"aud": "c", "azp": "c", "sub": "s", **TIMES}),
    "okta": (None, {"aud": "api", "cid": "c", "sub": "s", "jti": "AT.1", "ver": 1, **TIMES}),
}
ID_TOKENS: dict[str, Token] = {
    "rfc9068": ("JWT", {"iss": "i", "aud": "c", "sub": "s", **TIMES}),
    "oidc-access": ("JWT", {"aud": "c", "sub": "s", "at_hash": "h", **TIMES}),
    "keycloak": ("JWT", {"aud": "c", "typ": "ID", "azp": "c", **TIMES}),
    "auth0": ("JWT", {"aud": "c", "sub": "auth0|1", "nonce": "n", **TIMES}),
    "entra": ("JWT", {"aud": "api", "sub": "s", "ver": "2.0", **TIMES}),
    "entra-v1": ("JWT", {"aud": "api", "sub": "s", "ver": "1.0", **TIMES}),
    "cognito": (None, {"aud": "c", "token_use": "id", "sub": "s", **TIMES}),
    "okta": (None, {"aud": "c", "sub": "s", "jti": "ID.1", "ver": 1, **TIMES}),
}
each_profile = pytest.mark.parametrize("name", PROFILES)


def fits(profile: Profile, token: Token) -> bool:
    """Tell whether a token is what a profile describes, whoever it is for."""
    typ, claims = token
    return (
        (None if typ is None else media_type(typ)) in profile.types
        and profile.required <= claims.keys()
        and not profile.absent & claims.keys()
        and all(claims.get(name) == value for name, value in profile.equals.items())
    )


@each_profile
def test_a_profile_takes_the_access_token_that_its_provider_documents(name: str) -> None:
    assert fits(PROFILES[name], ACCESS_TOKENS[name])


@pytest.mark.parametrize("name", ID_TOKENS)
def test_a_profile_does_not_take_its_providers_id_token(name: str) -> None:
    assert not fits(PROFILES[name], ID_TOKENS[name])


def test_only_google_has_no_token_but_an_id_token() -> None:
    assert PROFILES.keys() - ID_TOKENS.keys() == {"google"}


def test_the_default_demands_all_that_rfc_9068_demands() -> None:
    typ, claims = ACCESS_TOKENS["rfc9068"]
    assert DEFAULT_PROFILE == "rfc9068"
    for name in claims:
        without = {other: value for other, value in claims.items() if other != name}
        assert not fits(PROFILES[DEFAULT_PROFILE], (typ, without))


@pytest.mark.parametrize("typ", [None, "JWT", "rt+jwt", "application/okta-internal-at+jwt"])
def test_the_default_takes_no_other_type(typ: str | None) -> None:
    assert not fits(PROFILES[DEFAULT_PROFILE], (typ, ACCESS_TOKENS["rfc9068"][1]))


def test_the_default_takes_its_type_in_either_spelling() -> None:
    claims = ACCESS_TOKENS["rfc9068"][1]
    assert fits(PROFILES[DEFAULT_PROFILE], ("application/at+jwt", claims))
    assert fits(PROFILES[DEFAULT_PROFILE], ("AT+JWT", claims))


@pytest.mark.parametrize("typ", ["Refresh", "Offline", "ID", "Logout", None])
def test_keycloak_tells_its_other_tokens_by_the_claim_typ(typ: str | None) -> None:
    header_typ, claims = ACCESS_TOKENS["keycloak"]
    assert not fits(PROFILES["keycloak"], (header_typ, {**claims, "typ": typ}))


@pytest.mark.parametrize("name", ["keycloak", "auth0"])
def test_a_preset_goes_on_when_its_provider_turns_to_rfc_9068(name: str) -> None:
    assert fits(PROFILES[name], ("at+jwt", ACCESS_TOKENS[name][1]))


def test_the_versions_of_entra_do_not_mix() -> None:
    assert not fits(PROFILES["entra"], ACCESS_TOKENS["entra-v1"])
    assert not fits(PROFILES["entra-v1"], ACCESS_TOKENS["entra"])


@each_profile
def test_every_profile_demands_an_expiry(name: str) -> None:
    assert "exp" in PROFILES[name].required


@each_profile
def test_no_profile_takes_a_symmetric_algorithm(name: str) -> None:
    algorithms = PROFILES[name].algorithms
    assert algorithms
    assert all(SIGNATURE_ALGORITHMS[alg].kty != "oct" for alg in algorithms)


@each_profile
def test_the_types_are_written_as_they_are_compared(name: str) -> None:
    types = [typ for typ in PROFILES[name].types if typ is not None]
    assert types == [media_type(typ) for typ in types]


@each_profile
def test_no_profile_demands_what_must_be_absent(name: str) -> None:
    profile = PROFILES[name]
    assert not profile.absent & (profile.required | profile.equals.keys())


@each_profile
def test_the_way_of_discovery_is_one_that_there_is(name: str) -> None:
    assert PROFILES[name].discovery in {True, "oidc", "oauth"}


def test_only_cognito_has_its_audience_elsewhere() -> None:
    elsewhere = {name for name, row in PROFILES.items() if row.audience_claim != "aud"}
    assert elsewhere == {"cognito"}
    assert PROFILES["cognito"].audience_claim in PROFILES["cognito"].required


@pytest.mark.parametrize(
    ("name", "scopes", "roles"),
    [
        ("rfc9068", ("scope",), ("roles",)),
        ("oidc-access", ("scope", "scp"), None),
        ("keycloak", ("scope",), ("realm_access", "roles")),
        ("auth0", ("scope",), None),
        ("entra", ("scp",), ("roles",)),
        ("cognito", ("scope",), ("cognito:groups",)),
        ("google", (), None),
        ("okta", ("scp",), None),
    ],
)
def test_a_profile_says_where_scopes_and_roles_are(
    name: str, scopes: tuple[str, ...], roles: tuple[str, ...] | None
) -> None:
    assert (PROFILES[name].scope_claims, PROFILES[name].roles_claim) == (scopes, roles)


def test_a_profile_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        PROFILES["okta"].types = frozenset()  # type: ignore[misc]  # what the test is about
    with pytest.raises(TypeError):
        PROFILES["okta"].equals["cid"] = "mine"  # type: ignore[index]  # what the test is about
    with pytest.raises(TypeError):
        PROFILES["mine"] = PROFILES["okta"]  # type: ignore[index]  # what the test is about
