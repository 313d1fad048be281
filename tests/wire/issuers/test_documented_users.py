"""Tokens of users, as their issuers' documents show them."""

from typing import Any

from .contract import Issued
from .documented import JWT, Document, DocumentedContract, Token

KEYCLOAK = "https://id.example.com/realms/notes"
TENANT = "00000000-0000-0000-0000-000000000000"
_SESSION: dict[str, Any] = {"sid": "1", "azp": "frontend", "jti": "1"}
_KEYCLOAK_OTHERS: dict[str, Token] = {
    "ID token": (JWT, {"typ": "ID", "aud": "frontend", "sub": "1", "at_hash": "x", **_SESSION}),
    "refresh token": (JWT, {"typ": "Refresh", "aud": KEYCLOAK, "sub": "1", **_SESSION}),
    "offline token": (JWT, {"typ": "Offline", "aud": KEYCLOAK, "sub": "1", **_SESSION}),
    "logout token": (
        {"typ": "logout+jwt"},
        {"typ": "Logout", "aud": "frontend", "sub": "1", "sid": "1", "jti": "1", "events": {}},
    ),
}


class TestKeycloak(DocumentedContract):
    NAME = "Keycloak"
    MIND = "a client scope with an *Audience* mapper names the API in `aud`"
    DOCUMENT = Document(
        source=(
            "[Audience support](https://www.keycloak.org/docs/latest/server_admin/#audience-support)"
        ),
        issuer=KEYCLOAK,
        entry={"profile": "keycloak", "audience": "notes-api"},
        audience=("notes-api", "account"),
        scopes=frozenset({"openid", "email"}),
        access=(
            JWT,
            {
                "typ": "Bearer",
                "aud": ["notes-api", "account"],
                "sub": "1",
                "acr": "1",
                "scope": "openid email",
                "email_verified": True,
                "preferred_username": "alice",
                "allowed-origins": ["https://notes.example.com"],
                "realm_access": {"roles": ["editor"]},
                "resource_access": {"notes-api": {"roles": ["writer"]}},
                **_SESSION,
            },
        ),
        others=_KEYCLOAK_OTHERS,
    )

    def test_its_key_for_encryption_is_passed_over(self, issued: Issued) -> None:
        (key,) = issued.entry["keys"]["keys"]
        further = {**key, "kid": "2", "use": "enc", "alg": "RSA-OAEP"}
        assert issued.api(keys={"keys": [further, key]}).get(issued.access).status_code == 200


class TestKeycloakWithoutAudience(DocumentedContract):
    NAME = "Keycloak without an audience mapper"
    MIND = (
        "`aud` is `account` or missing, so any client of the realm gets in: demand "
        '`claims={"azp": [...]}` of each view; an *Audience* mapper is better'
    )
    DOCUMENT = Document(
        source=TestKeycloak.DOCUMENT.source,
        issuer=KEYCLOAK,
        entry={"profile": "keycloak", "audience": False, "requires": ["azp", "sub"]},
        audience=("account",),
        scopes=frozenset({"openid"}),
        access=(
            JWT,
            {"typ": "Bearer", "aud": "account", "sub": "1", "scope": "openid", **_SESSION},
        ),
        others=_KEYCLOAK_OTHERS,
    )


class TestKeycloakLightweight(DocumentedContract):
    NAME = "Keycloak, lightweight access tokens"
    MIND = (
        "no `sub`, no `aud`, no roles, unless their mappers have *Add to lightweight access token* "
        "on: switch it on for audience and subject; without `sub` nobody is known, and no "
        "subject's sessions can be ended"
    )
    DOCUMENT = Document(
        source=(
            "[Using lightweight access token]"
            "(https://www.keycloak.org/docs/latest/server_admin/#_using_lightweight_access_token)"
        ),
        issuer=KEYCLOAK,
        entry={"profile": "keycloak", "audience": "notes-api", "requires": ["sub"]},
        audience=("notes-api",),
        scopes=frozenset({"openid"}),
        access=(
            JWT,
            {"typ": "Bearer", "aud": "notes-api", "sub": "1", "scope": "openid", **_SESSION},
        ),
        others={
            "without these mappers": (JWT, {"typ": "Bearer", "scope": "openid", **_SESSION}),
            **_KEYCLOAK_OTHERS,
        },
    )


class TestAuth0(DocumentedContract):
    NAME = "Auth0"
    MIND = "a client that names no audience gets an opaque token"
    DOCUMENT = Document(
        source=(
            "[Access token profiles]"
            "(https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles)"
        ),
        issuer="https://tenant.eu.auth0.com/",
        entry={"profile": "auth0", "audience": "https://notes.example.com"},
        audience=("https://notes.example.com", "https://tenant.eu.auth0.com/userinfo"),
        scopes=frozenset({"openid", "read:notes"}),
        access=(
            JWT,
            {
                "aud": ["https://notes.example.com", "https://tenant.eu.auth0.com/userinfo"],
                "sub": "auth0|1",
                "azp": "frontend",
                "scope": "openid read:notes",
            },
        ),
        others={
            "ID token": (JWT, {"aud": "frontend", "sub": "auth0|1", "sid": "1"}),
            "ID token with a nonce": (JWT, {"aud": "frontend", "sub": "auth0|1", "nonce": "n"}),
        },
    )


class TestEntra(DocumentedContract):
    NAME = "Microsoft Entra, version 2"
    MIND = "set `accessTokenAcceptedVersion` of the API to 2"
    DOCUMENT = Document(
        source=(
            "[Access token claims]"
            "(https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference)"
        ),
        issuer=f"https://login.microsoftonline.com/{TENANT}/v2.0",
        entry={"profile": "entra", "audience": "1111"},
        audience=("1111",),
        scopes=frozenset({"Notes.Read"}),
        access=(
            JWT,
            {
                "aud": "1111",
                "sub": "s",
                "azp": "2222",
                "azpacr": "0",
                "nbf": 1,
                "oid": "3333",
                "scp": "Notes.Read",
                "tid": TENANT,
                "uti": "u",
                "ver": "2.0",
            },
        ),
        others={
            "ID token": (JWT, {"aud": "1111", "sub": "s", "oid": "3", "tid": TENANT, "ver": "2.0"}),
            "token of version 1": (JWT, {"aud": "1111", "sub": "s", "appid": "2222", "ver": "1.0"}),
        },
    )


class TestOkta(DocumentedContract):
    NAME = "Okta, custom authorization server"
    MIND = "tokens of the org's own server are for Okta alone"
    DOCUMENT = Document(
        source="[OpenID Connect API](https://developer.okta.com/docs/reference/api/oidc/)",
        issuer="https://example.okta.com/oauth2/default",
        entry={"profile": "okta", "audience": "api://default"},
        audience=("api://default",),
        scopes=frozenset({"notes:read", "openid"}),
        access=(
            {},
            {
                "ver": 1,
                "jti": "AT.1",
                "aud": "api://default",
                "sub": "alice@example.org",
                "cid": "0oa1",
                "uid": "00u1",
                "scp": ["openid", "notes:read"],
            },
        ),
        others={
            "ID token": (
                {},
                {"ver": 1, "jti": "ID.1", "aud": "0oa1", "sub": "00u1", "amr": ["pwd"]},
            )
        },
    )


class TestGoogle(DocumentedContract):
    NAME = "Google"
    MIND = "access tokens are opaque; what is read here are ID tokens, for your own client"
    DOCUMENT = Document(
        source=(
            "[Verify the Google ID token]"
            "(https://developers.google.com/identity/gsi/web/guides/verify-google-id-token)"
        ),
        issuer="https://accounts.google.com",
        entry={"profile": "google", "audience": "1234-abc.apps.googleusercontent.com"},
        audience=("1234-abc.apps.googleusercontent.com",),
        access=(
            JWT,
            {
                "aud": "1234-abc.apps.googleusercontent.com",
                "azp": "1234-abc.apps.googleusercontent.com",
                "sub": "1",
                "email": "alice@example.org",
                "email_verified": True,
                "nonce": "n",
            },
        ),
    )


class TestApple(DocumentedContract):
    NAME = "Apple"
    MIND = (
        "only ID tokens, for your own client, without a `typ`: the profile `google` with other "
        "`types`; `email_verified` and others are a truth value or its text"
    )
    DOCUMENT = Document(
        source=(
            "[Identity token]"
            "(https://developer.apple.com/documentation/signinwithapple/authenticating-users-with-sign-in-with-apple)"
        ),
        issuer="https://appleid.apple.com",
        entry={"profile": "google", "types": [None], "audience": "org.example.notes"},
        audience=("org.example.notes",),
        access=(
            {},
            {
                "aud": "org.example.notes",
                "sub": "000001.1",
                "auth_time": 1,
                "at_hash": "x",
                "email": "alice@example.org",
                "email_verified": "true",
                "is_private_email": "true",
                "nonce": "n",
                "nonce_supported": True,
            },
        ),
    )


class TestAzureB2c(DocumentedContract):
    NAME = "Azure AD B2C"
    MIND = "its metadata is at the policy's address, not the issuer's; ID tokens have no `scp`"
    DOCUMENT = Document(
        source=(
            "[Tokens overview](https://learn.microsoft.com/azure/active-directory-b2c/tokens-overview)"
        ),
        issuer=f"https://notes.b2clogin.com/{TENANT}/v2.0/",
        entry={
            "profile": "oidc-access",
            "audience": "1111",
            "metadata_url": (
                "https://notes.b2clogin.com/notes.onmicrosoft.com/B2C_1_sign_in/v2.0/"
                ".well-known/openid-configuration"
            ),
            "requires": ["azp", "scp"],
        },
        audience=("1111",),
        scopes=frozenset({"notes.read"}),
        access=(
            JWT,
            {
                "aud": "1111",
                "sub": "s",
                "azp": "2222",
                "nbf": 1,
                "scp": "notes.read",
                "tfp": "B2C_1_signupsignin1",
                "ver": "1.0",
            },
        ),
        others={
            "ID token": (
                JWT,
                {
                    "aud": "1111",
                    "sub": "s",
                    "auth_time": 1,
                    "tfp": "B2C_1_signupsignin1",
                    "ver": "1.0",
                },
            )
        },
    )


class TestSupabase(DocumentedContract):
    NAME = "Supabase"
    MIND = (
        "change the project to signing keys first: its secret, HS256, could issue tokens; `aud` is "
        "`authenticated` for every user; `is_anonymous` may be true, so demand it false"
    )
    DOCUMENT = Document(
        source="[JWT claims reference](https://supabase.com/docs/guides/auth/jwt-fields)",
        issuer="https://project-ref.supabase.co/auth/v1",
        alg="ES256",
        entry={
            "profile": "oidc-access",
            "audience": "authenticated",
            "jwks_url": "https://project-ref.supabase.co/auth/v1/.well-known/jwks.json",
            "requires": ["session_id", "role"],
        },
        audience=("authenticated",),
        access=(
            JWT,
            {
                "aud": "authenticated",
                "sub": "1",
                "role": "authenticated",
                "aal": "aal1",
                "amr": [{"method": "password", "timestamp": 1}],
                "session_id": "1",
                "email": "alice@example.org",
                "phone": "",
                "is_anonymous": False,
                "app_metadata": {"provider": "email"},
                "user_metadata": {},
            },
        ),
    )
