"""What the profiles say of each issuer's tokens, on tokens as their documentation shows them."""

from dataclasses import FrozenInstanceError
from datetime import timedelta
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pytest

from flask_tokenguard.config.issuers import IssuerEntry, read_issuer
from flask_tokenguard.config.profiles import DEFAULT_PROFILE, PROFILES, Profile
from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.jose.algorithms import SIGNATURE_ALGORITHMS
from flask_tokenguard.jose.compact import Header, media_type
from flask_tokenguard.jose.jwk import KeySet
from flask_tokenguard.testing.profiles import SHAPES
from flask_tokenguard.verify.claims import Claims, VerifiedToken
from flask_tokenguard.wiring.issuers import trusted_issuer

from ..support import SettableClock

Token = tuple[str | None, dict[str, Any]]

TIMES = {"iat": 1, "exp": 2}
# The typ in the header, and the claims; the kit has what the provider's documentation shows.
ACCESS_TOKENS: dict[str, Token] = {
    name: (
        shape.typ,
        {
            "iss": "i",
            "sub": "s",
            "jti": "1",
            PROFILES[name].audience_claim: "c",
            **TIMES,
            **shape.claims,
        },
    )
    for name, shape in SHAPES.items()
}
ID_TOKENS: dict[str, Token] = {
    "rfc9068": ("JWT", {"iss": "i", "aud": "c", "sub": "s", **TIMES}),
    "oidc-access": ("JWT", {"iss": "i", "aud": "c", "sub": "s", **TIMES}),
    "keycloak": ("JWT", {"aud": "c", "typ": "ID", "azp": "c", **TIMES}),
    "auth0": ("JWT", {"aud": "c", "sub": "auth0|1", **TIMES}),
    "entra": ("JWT", {"aud": "api", "sub": "s", "ver": "2.0", **TIMES}),
    "entra-v1": ("JWT", {"aud": "api", "sub": "s", "ver": "1.0", **TIMES}),
    "cognito": (None, {"aud": "c", "token_use": "id", "sub": "s", **TIMES}),
    "google": ("JWT", {"aud": "c", "azp": "c", "sub": "s", **TIMES}),
    "okta": (None, {"aud": "c", "sub": "s", "jti": "ID.1", "ver": 1, **TIMES}),
}
# What the ID token of each flow must have besides, by its response type (OpenID Connect Core 1.0,
# sections 3.1.3.6, 3.2.2.10 and 3.3.2.11). With "code token" it comes from the token endpoint, as
# with "code"; there nonce is for a client that sent one, and at_hash is optional.
FLOWS: dict[str, set[str]] = {
    "code": set(),
    "id_token": {"nonce"},
    "id_token token": {"nonce", "at_hash"},
    "code id_token": {"nonce", "c_hash"},
    "code token": set(),
    "code id_token token": {"nonce", "at_hash", "c_hash"},
}
# What each is refused by, in the order of the flows, where our audience is the client's id; None
# where nothing but another audience would keep it out.
REFUSED_BY: dict[str, list[str | None]] = {
    "rfc9068": ["typ"] * 6,
    "oidc-access": [None, "nonce", "at_hash", "c_hash", None, "at_hash"],
    "keycloak": ["typ"] * 6,
    "auth0": [None, "nonce", "at_hash", "c_hash", None, "at_hash"],
    "entra": ["azp"] * 6,
    "entra-v1": ["appid"] * 6,
    "cognito": ["client_id"] * 6,
    "google": [None] * 6,
    "okta": ["cid"] * 6,
}
each_profile = pytest.mark.parametrize("name", PROFILES)


def fits(profile: Profile, token: Token) -> bool:
    """Return whether a token is what a profile describes, for any audience."""
    typ, claims = token
    return (
        (None if typ is None else media_type(typ)) in profile.types
        and profile.required <= claims.keys()
        and not profile.absent & claims.keys()
        and all(claims.get(name) == value for name, value in profile.equals.items())
    )


@each_profile
def test_a_profile_takes_the_access_token_its_provider_documents(name: str) -> None:
    assert fits(PROFILES[name], ACCESS_TOKENS[name])


def id_token(name: str, flow: str) -> Token:
    """Write the ID token of a provider and a flow, with no claim that need not be there."""
    typ, claims = ID_TOKENS[name]
    return typ, {"iss": "i", **claims, **dict.fromkeys(FLOWS[flow], "x")}


def refused_by(profile: Profile, token: Token) -> str | None:
    """Find the claim, or the header's `typ`, by which a profile refuses a token for us."""
    typ, claims = token
    entry = IssuerEntry(issuer="i", audience=("api", "api://api", "c"), profile=profile)
    trusted = trusted_issuer(
        entry, KeySet(()), live_rules=(), leeway=timedelta(0), clock=SettableClock(TIMES["iat"])
    )
    header = Header("RS256", None, None if typ is None else media_type(typ), {})
    verified = VerifiedToken(header, Claims(claims))
    try:
        for rule in trusted.rules.values():
            rule(verified)
    except InvalidToken as error:
        return error.claim or "typ"
    return None


@each_profile
def test_an_id_token_of_each_flow_is_refused_by_what_only_it_has(name: str) -> None:
    assert [refused_by(PROFILES[name], id_token(name, flow)) for flow in FLOWS] == REFUSED_BY[name]


@each_profile
def test_the_access_token_beside_it_is_accepted(name: str) -> None:
    typ, claims = ACCESS_TOKENS[name]
    assert refused_by(PROFILES[name], (typ, {"iss": "i", **claims})) is None


@pytest.mark.parametrize("name", ["oidc-access", "auth0"])
@pytest.mark.parametrize("flow", FLOWS)
def test_another_audience_keeps_every_id_token_out(name: str, flow: str) -> None:
    typ, claims = id_token(name, flow)
    assert refused_by(PROFILES[name], (typ, claims | {"aud": "another client"})) is not None


@pytest.mark.parametrize("name", ["oidc-access", "auth0", "google"])
@pytest.mark.parametrize("flow", FLOWS)
def test_a_claim_that_an_entry_requires_keeps_every_id_token_out(name: str, flow: str) -> None:
    entry = {"audience": "c", "profile": name, "requires": ["scope"]}
    profile = read_issuer("https://id", entry, Path()).profile
    assert refused_by(profile, id_token(name, flow)) is not None


def test_of_several_claims_that_lack_the_first_is_named() -> None:
    entry = {"audience": "c", "profile": "google", "requires": sorted(ascii_lowercase)}
    profile = read_issuer("https://id", entry, Path()).profile
    assert refused_by(profile, id_token("google", "code")) == "a"


@each_profile
def test_optional_claims_let_no_id_token_in(name: str) -> None:
    typ, claims = id_token(name, "code")
    for optional in ({"nonce": "x"}, {"at_hash": "x"}, {"nonce": "x", "at_hash": "x"}):
        refusal = refused_by(PROFILES[name], (typ, claims | optional))
        assert (refusal is None) == (name == "google")


def test_keycloaks_access_token_may_have_a_nonce() -> None:
    typ, claims = ACCESS_TOKENS["keycloak"]
    token = typ, {"iss": "i", **claims, "nonce": "x"}
    assert refused_by(PROFILES["keycloak"], token) is None
    assert refused_by(PROFILES["oidc-access"], token) == "nonce"


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


def test_cognitos_doubles_write_a_type() -> None:
    assert fits(PROFILES["cognito"], ("JWT", ACCESS_TOKENS["cognito"][1]))
    assert not fits(PROFILES["cognito"], ("JWT", ID_TOKENS["cognito"][1]))


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
    assert PROFILES[name].discovery in {"both", "oidc", "oauth"}


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
    profile = PROFILES[name]
    assert (profile.scope_claims, profile.roles_claim) == (scopes, (roles,) if roles else ())


def test_a_profile_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        PROFILES["okta"].types = frozenset()  # type: ignore[misc]  # what the test is about
    with pytest.raises(TypeError):
        PROFILES["okta"].equals["cid"] = "mine"  # type: ignore[index]  # what the test is about
    with pytest.raises(TypeError):
        PROFILES["mine"] = PROFILES["okta"]  # type: ignore[index]  # what the test is about
