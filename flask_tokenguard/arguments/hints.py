"""Hints: what people write in place of a name of ours -> what to write instead.

Add a row for what others call something, such as other packages for the same purpose. A row names
what to type, and the tests look up that there is such an argument or setting.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

_BY_CONFIG = "it is no matter of one view; set "

# The settings, by their names without the prefix.
SETTINGS = {
    "SECRET|SECRET_KEY|JWT_SECRET.*|HMAC.*|SIGNING_KEY": (
        "a secret goes into TOKENGUARD_KEY, its file into TOKENGUARD_KEY_FILE:"
        " `flask tokenguard keygen --alg HS256 --out FILE` makes one"
    ),
    "(PRIVATE|PUBLIC)_KEY.*|PEM.*|CERT.*": (
        "a private or public key goes into TOKENGUARD_KEY, its file into TOKENGUARD_KEY_FILE, and"
        " several go into TOKENGUARD_KEYS"
    ),
    "(KEY_?)?(FILE_?)?(PATH|NAME)|KEY_LOCATION": (
        "a key's file goes into TOKENGUARD_KEY_FILE, and a key itself into TOKENGUARD_KEY"
    ),
    "ALGO?": "set TOKENGUARD_ALGORITHM",
    "TOKEN_LOCATION": (
        "set TOKENGUARD_TOKEN_LOCATIONS, where headers is header, cookies is cookie and"
        " query_string is query"
    ),
    "HEADER(_TYPE|_NAME|S)?|SCHEME|AUTH_TYPE": (
        "a token comes as `Authorization: Bearer ...` (RFC 6750); else name the header, and its"
        " scheme if there is one, in TOKENGUARD_TOKEN_LOCATIONS: header:X-Auth-Token,"
        " header:Authorization:Token"
    ),
    "QUERY(_STRING)?(_NAME|_VALUE_PREFIX)?": (
        "name the parameter in TOKENGUARD_TOKEN_LOCATIONS, as in query:jwt; it holds a token alone"
    ),
    "(REFRESH_)?JSON_KEY": "name the member in TOKENGUARD_TOKEN_LOCATIONS, as in json:token",
    "(ACCESS_|REFRESH_)?(CSRF|XSRF)_COOKIE_NAME": (
        "set TOKENGUARD_COOKIE_CSRF_NAME; several names each hold the same"
    ),
    "(ACCESS_|REFRESH_)(CSRF_)?COOKIE_PATH": "set TOKENGUARD_COOKIE_PATH, one for all cookies",
    "(ACCESS_|REFRESH_)?COOKIES?|(ACCESS_|REFRESH_)COOKIE_NAME": (
        "name a cookie by TOKENGUARD_COOKIE_ACCESS_NAME or TOKENGUARD_COOKIE_REFRESH_NAME"
    ),
    "COOKIE_(SECURE|HTTPONLY)": (
        "cookies always have it; TOKENGUARD_COOKIE_INSECURE drops Secure in debug mode"
    ),
    "(SESSION_COOKIE|COOKIE_(MAX_AGE|PERSISTENT|SESSION))": (
        "write set_token_cookies(..., persistent=...); set TOKENGUARD_REFRESH_TOKEN_LIFETIME"
    ),
    "(COOKIE_)?(CSRF|XSRF)(_PROTECT.*|_CHECK.*|_METHODS|_IN_COOKIES)?": (
        "no check can be switched off; other origins are named in TOKENGUARD_TRUSTED_ORIGINS"
    ),
    "(COOKIE_|ACCESS_|REFRESH_)?(CSRF|XSRF)_HEADER(_NAME)?": "set TOKENGUARD_COOKIE_CSRF_HEADER",
    "(COOKIE_|ACCESS_|REFRESH_)?(CSRF|XSRF)_FIELD(_NAME)?": "set TOKENGUARD_COOKIE_CSRF_FIELD",
    "(CORS_|ALLOWED_|CSRF_TRUSTED_)?ORIGINS?": "set TOKENGUARD_TRUSTED_ORIGINS",
    "JWKS_(URL|URI)|DISCOVERY.*|OIDC.*|METADATA.*|AUTHORITY|DOMAIN|TENANT.*": (
        "another issuer's keys are found by its entry in TOKENGUARD_ISSUERS"
    ),
    "(ACCESS_|REFRESH_)?(TOKEN_)?(EXPIRE.*|EXPIRATION.*|EXPIRY|TTL|MAX_AGE|LIFETIME)": (
        "tokens live for TOKENGUARD_ACCESS_TOKEN_LIFETIME and TOKENGUARD_REFRESH_TOKEN_LIFETIME"
    ),
    "(BLACK|BLOCK|DENY|REVO).*|(REDIS|VALKEY|SQLITE|DATABASE|STORE|SESSION_STORE).*": (
        "revoked tokens and sessions are kept where TOKENGUARD_STORAGE_URI names"
    ),
    "VERIFY.*|ALLOW_NONE|(SKIP|DISABLE|IGNORE|NO)_.*": "no check can be switched off",
}

# Of `token_required` and `require_token`.
DEMANDS = {
    "scopes|permissions?|required_scopes?": 'write scope="a b", or any_scope= for one of several',
    "any_scopes|any_of|one_of": 'write any_scope="a b"',
    "roles|groups|roles_required": "write role=; several mean one of them",
    "fresh|fresh_required|auth_time": "write max_age=300 for a login within five minutes",
    "iss|issuer": 'write issuers="https://id.example.com/", or issuers="own" for us',
    "claim|required_claims": 'write claims={"role": "admin"}',
    "sub|subject|identity": 'write claims={"sub": ...}',
    "aud|audience": 'set TOKENGUARD_AUDIENCE, or write claims={"aud": ...}',
    "validators?|func|function|condition|predicate": "write check=, a function of the claims",
    "load_user|current_user": "write user=True",
    "required|allow_anonymous|anonymous": "write optional=True where no token is fine",
    "refresh": "write @refresh_required: a refresh token never passes here",
    "location|token_locations?|places?": 'write locations=["cookie"]',
    "verify_type|typ|types": f"{_BY_CONFIG}TOKENGUARD_TYPES",
    "leeway": f"{_BY_CONFIG}TOKENGUARD_LEEWAY",
    "alg|algorithms?": f"{_BY_CONFIG}TOKENGUARD_ALGORITHM",
    "realm": f"{_BY_CONFIG}TOKENGUARD_REALM",
    "verify.*|(skip|check|ignore|no)_.*": "no check can be switched off",
}

# Of `issue_token` and `issue_token_pair`.
OPTIONS = {
    "role|roles|groups": (
        'write claims={"roles": ["admin"]}, which token_required(role="admin") reads'
    ),
    "scopes|permissions?": 'write scope="a b"',
    "claim|additional_claims|user_claims|extra|payload": 'write claims={"name": ...}',
    "(additional_)?headers": 'write header={"name": ...}',
    "aud|audiences": "write audience=",
    "exp|expir.*|ttl|max_age": "write lifetime=, a timedelta or seconds",
    "identity|sub|user|user_id|uid": "the subject comes first: issue_token(str(user.id))",
    "fresh": "write auth_time=, the instant of the login, which max_age= of a view asks for",
    "iss|issuer": "set TOKENGUARD_ISSUER",
    "key|secret": "set TOKENGUARD_KEY",
    "alg|algorithm": "set TOKENGUARD_ALGORITHM",
    "typ|type|token_type": "set TOKENGUARD_TYPES",
    "encrypt|encryption": "set TOKENGUARD_ENCRYPTION",
    "nbf|valid_from|delay": "write not_before=, a timedelta or seconds from now",
    "jti|iat|sid": "it is never chosen by the caller",
    "origin": "issue_token_pair(origin=...) takes it, for sessions_of",
}


def advise(
    name: str, known: Iterable[str], advice: Mapping[str, str], *, shape: str, otherwise: str
) -> str:
    """Return what to write in place of a name that is not known.

    Args:
        name: What was written.
        known: The names that exist.
        advice: For a pattern of some others, what to write.
        shape: How a name that exists is written.
        otherwise: What to write if the name resembles none of both.
    """
    for pattern, remedy in advice.items():
        if re.fullmatch(pattern, name):
            return remedy
    near = get_close_matches(name, list(known), 1)
    return f"did you mean {shape.format(near[0])}?" if near else otherwise


def unknown_argument(
    name: str, known: Iterable[str], advice: Mapping[str, str], *, otherwise: str
) -> TypeError:
    """Make the error for an argument that does not exist; the arguments are those of `advise`."""
    remedy = advise(name, known, advice, shape="{}=", otherwise=otherwise)
    return TypeError(f"there is no argument {name}=; {remedy}")
