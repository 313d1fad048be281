"""Names of flask-jwt-extended 4.7.4 that code holds, and what to write in their place.

A name with `=` is an argument of the function before it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_ONE_CALLBACK = "One callback shapes every refusal, in every framework; it goes by the class."
_UNVERIFIED = "Nothing that is not verified is worth reading."
_NEVER_OFF = "No check can be switched off."
_IN_A_HELPER = "It returns the claims alone."


class Name(NamedTuple):
    """A name of flask-jwt-extended.

    Attributes:
        write: What to write here.
        differs: What differs, and why.
    """

    write: str
    differs: str


DECORATORS: Mapping[str, Name] = MappingProxyType(
    {
        "jwt_required": Name(
            "`@token_required`",
            "With or without brackets. Below the route, as before; what stands above it, such as a"
            " cache, runs after it.",
        ),
        "jwt_required(optional=)": Name(
            "`@token_required(optional=True)`", "`g.claims` is then None, not an empty dict."
        ),
        "jwt_required(fresh=)": Name(
            "`@token_required(max_age=900)`",
            "The view decides how long ago the login may be (RFC 9470), not the login. The default"
            " here is that of an access token's life.",
        ),
        "jwt_required(refresh=)": Name(
            "`@refresh_required`, and `refresh_token_pair()` in the view",
            "`g.claims` is None there: the refresh token names the subject by itself. Take out what"
            " reads it.",
        ),
        "jwt_required(locations=)": Name(
            '`@token_required(locations=["header"])`', "By the names of the setting."
        ),
        "jwt_required(verify_type=)": Name(
            "two views, `@token_required` and `@refresh_required`",
            f"{_NEVER_OFF} A refresh token that passes for an access token lives for weeks.",
        ),
        "jwt_required(skip_revocation_check=)": Name("nothing", _NEVER_OFF),
        "verify_jwt_in_request": Name(
            "`require_token()`", f"{_IN_A_HELPER} OPTIONS is no exception in a `before_request`."
        ),
        "verify_jwt_in_request(optional=)": Name("`require_token(optional=True)`", _IN_A_HELPER),
        "verify_jwt_in_request(fresh=)": Name("`require_token(max_age=900)`", _IN_A_HELPER),
        "verify_jwt_in_request(refresh=)": Name(
            "`refresh_token_pair()`", "It verifies and spends the refresh token in one step."
        ),
        "verify_jwt_in_request(locations=)": Name(
            '`require_token(locations=["header"])`', "By the names of the setting."
        ),
        "verify_jwt_in_request(verify_type=)": Name("nothing", _NEVER_OFF),
        "verify_jwt_in_request(skip_revocation_check=)": Name("nothing", _NEVER_OFF),
    }
)

LOADERS: Mapping[str, Name] = MappingProxyType(
    {
        "additional_claims_loader": Name(
            "`@guard.default_claims`",
            "It gets the subject, a text, and is asked at each refresh too. What a call names comes"
            " first.",
        ),
        "additional_headers_loader": Name(
            "`issue_token(..., header={...})`", "No member that selects or carries a key."
        ),
        "decode_key_loader": Name(
            "`TOKENGUARD_KEYS`, or `TokenGuard(issuer_resolver=...)` for tenants",
            "A `kid` or an `iss` chooses among keys that are trusted; unverified claims do not.",
        ),
        "encode_key_loader": Name(
            "`TOKENGUARD_KEY`, or a key ring",
            "One key signs. A claim keeps tenants apart, not a secret each.",
        ),
        "expired_token_loader": Name(
            "`@guard.error_response`: `reason` is `expired`", _ONE_CALLBACK
        ),
        "invalid_token_loader": Name("`@guard.error_response`: `InvalidToken`", _ONE_CALLBACK),
        "needs_fresh_token_loader": Name(
            "`@guard.error_response`: `InsufficientAuthentication`", _ONE_CALLBACK
        ),
        "revoked_token_loader": Name(
            "`@guard.error_response`: `reason` is `revoked`", _ONE_CALLBACK
        ),
        "token_in_blocklist_loader": Name(
            "`@guard.former_token_revoked` for old tokens; `revoke_token`, `end_session` for ours",
            "The store (`TOKENGUARD_STORAGE_URI`) knows what was revoked, so that no view can"
            " forget to ask.",
        ),
        "token_verification_failed_loader": Name(
            "`@guard.error_response`: `reason` is `app_rule`", _ONE_CALLBACK
        ),
        "token_verification_loader": Name(
            "`TokenGuard(validators=[...])`",
            "A function of the `VerifiedToken` that raises a `Rejected`; one that cannot know"
            " raises `Unavailable`.",
        ),
        "unauthorized_loader": Name("`@guard.error_response`: `TokenMissing`", _ONE_CALLBACK),
        "user_identity_loader": Name(
            "`issue_token(str(user.id))`", "The subject is a text, made where it is known."
        ),
        "user_lookup_error_loader": Name(
            "`@guard.error_response`: `reason` is `user_gone`", _ONE_CALLBACK
        ),
        "user_lookup_loader": Name(
            "`@guard.user_loader`",
            "It gets the claims alone, and is asked when `current_user` is touched, unless the view"
            " demands `user=True`.",
        ),
    }
)

FUNCTIONS: Mapping[str, Name] = MappingProxyType(
    {
        "JWTManager": Name("`TokenGuard`", "A second one for the same app is an error."),
        "JWTManager(add_context_processor=)": Name(
            "nothing", "Templates always have `current_user`."
        ),
        "JWTManager.init_app": Name(
            "`TokenGuard.init_app`", "It reads the config once, and names every fault at once."
        ),
        "create_access_token": Name(
            "`issue_token(subject)`; `issue_token_pair(subject)` beside a refresh token",
            "An access token of a login is one of a session, which a logout ends.",
        ),
        "create_access_token(fresh=)": Name(
            "`auth_time=time.time()`; nothing with `issue_token_pair`",
            "The token holds when the login was (RFC 9068 section 2.2.1), and each view asks how"
            " long ago that may be.",
        ),
        "create_access_token(expires_delta=)": Name(
            "`lifetime=`", "`False` has no equal: every token expires."
        ),
        "create_access_token(additional_claims=)": Name(
            "`claims=`", "Registered claims are refused there: each has an argument of its own."
        ),
        "create_access_token(additional_headers=)": Name(
            "`header=`", "No member that selects or carries a key."
        ),
        "create_refresh_token": Name(
            "`issue_token_pair(subject)`",
            "A refresh token begins a session, and comes with its access token. Sessions need a"
            " store: set `TOKENGUARD_STORAGE_URI`.",
        ),
        "create_refresh_token(expires_delta=)": Name(
            "`TOKENGUARD_REFRESH_TOKEN_LIFETIME`", "One lifetime for all."
        ),
        "create_refresh_token(additional_claims=)": Name(
            "`issue_token_pair(subject, claims=...)`",
            "The access tokens of the session have them too.",
        ),
        "create_refresh_token(additional_headers=)": Name(
            "`issue_token_pair(subject, header=...)`",
            "The access tokens of the session have them too.",
        ),
        "current_user": Name(
            "`current_user`", "Falsy on an open route without a good token, where there it raised."
        ),
        "decode_token": Name(
            "`guard.verify(token).claims`",
            "Everything is checked, revocation too. A refresh token is not taken: `sessions_of`"
            " lists what they belong to.",
        ),
        "decode_token(csrf_value=)": Name(
            "nothing", "The check of requests from other sites is the hook's."
        ),
        "decode_token(allow_expired=)": Name(
            "nothing", f"{_NEVER_OFF} A logout by an expired token goes by the refresh token."
        ),
        "get_csrf_token": Name(
            "`csrf_token()`", "Of the request's cookie, or of the pair that the answer sets."
        ),
        "get_current_user": Name(
            "`current_user`", "It stands for the user; `is None` is never true of it: write `not`."
        ),
        "get_jti": Name(
            "`guard.verify(token).claims.id`; nothing for a list of tokens that are out",
            "The store knows its sessions, and `sessions_of` lists them.",
        ),
        "get_jwt": Name(
            "`g.claims`", "None where no token came; on an open route that of a good one is there."
        ),
        "get_jwt_header": Name("`current_token.header`", "None where no token came."),
        "get_jwt_identity": Name("`g.claims.subject`", "Always a text."),
        "get_jwt_request_location": Name(
            "`current_token.location`",
            "By the names of the setting: `header`, `cookie`, `query`, `json`.",
        ),
        "get_unverified_jwt_headers": Name("`current_token.header`", _UNVERIFIED),
        "set_access_cookies": Name(
            "`set_token_cookies(response, pair)`",
            'All cookies in one call; an access token alone is `{"access_token": token}`.',
        ),
        "set_access_cookies(max_age=)": Name(
            "`persistent=True`", "For as long as the session lives unused."
        ),
        "set_access_cookies(domain=)": Name("`TOKENGUARD_COOKIE_DOMAIN`", "One for all cookies."),
        "set_refresh_cookies": Name("`set_token_cookies(response, pair)`", "The same call."),
        "set_refresh_cookies(max_age=)": Name(
            "`persistent=True`", "For as long as the session lives unused."
        ),
        "set_refresh_cookies(domain=)": Name("`TOKENGUARD_COOKIE_DOMAIN`", "One for all cookies."),
        "unset_access_cookies": Name(
            "`unset_token_cookies(response)`", "All of them; `end_session()` ends the session."
        ),
        "unset_access_cookies(domain=)": Name("`TOKENGUARD_COOKIE_DOMAIN`", "One for all cookies."),
        "unset_jwt_cookies": Name(
            "`unset_token_cookies(response)`", "`end_session()` ends the session besides."
        ),
        "unset_jwt_cookies(domain=)": Name("`TOKENGUARD_COOKIE_DOMAIN`", "One for all cookies."),
        "unset_refresh_cookies": Name(
            "`unset_token_cookies(response)`", "All of them; `end_session()` ends the session."
        ),
        "unset_refresh_cookies(domain=)": Name(
            "`TOKENGUARD_COOKIE_DOMAIN`", "One for all cookies."
        ),
    }
)

EXCEPTIONS: Mapping[str, Name] = MappingProxyType(
    {
        "CSRFError": Name("`CrossSiteRequest`", "403, not 401: another login changes nothing."),
        "FreshTokenRequired": Name(
            "`InsufficientAuthentication`", "401, with `max_age` in the challenge (RFC 9470)."
        ),
        "InvalidHeaderError": Name("`InvalidRequest`", "400, not 422 (RFC 6750 section 3.1)."),
        "InvalidQueryParamError": Name("`InvalidToken`", "401, not 422."),
        "JWTDecodeError": Name("`InvalidToken`", "401, not 422 (RFC 6750 section 3.1)."),
        "JWTExtendedException": Name(
            "`Refusal`", "What is answered; `TokenGuardError` is the root of all."
        ),
        "NoAuthorizationError": Name("`TokenMissing`", "401, with a challenge."),
        "RevokedTokenError": Name("`InvalidToken`: `reason` is `revoked`", "401."),
        "UserClaimsVerificationError": Name(
            "a `Rejected` of the app's own, raised by a validator",
            "401, unless its `code` is another; there it was 400.",
        ),
        "UserLookupError": Name("`InvalidToken`: `reason` is `user_gone`", "401."),
        "WrongTokenError": Name("`InvalidToken`: `reason` is `wrong_type`", "401, not 422."),
    }
)
