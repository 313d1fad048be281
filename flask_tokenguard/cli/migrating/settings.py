"""Settings of flask-jwt-extended 4.7.4, and what to set in their place."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple

PREFIX = "JWT_"
_BOTH_CSRF = (
    "One claim `csrf` is in both tokens of a session. A list names several cookies that hold it."
)
_ONE_PATH = (
    "One path for all cookies: a path keeps out no script, which reads every page of its origin."
)
_OWN_PATH = (
    f"{_ONE_PATH} A cookie whose path was another gets another name: a browser would send both."
    " Where a logout deletes cookies, delete the old one by its path."
)
_ONE_NAME = "One name for both tokens."
_ISSUER = "One setting is written and demanded. Unset, a token with an `iss` is refused."
_AUDIENCE = "The first is written, any is accepted. Unset, a token with an `aud` is refused."


class Setting(NamedTuple):
    """A setting of flask-jwt-extended.

    Attributes:
        default: What it is there if it is not set.
        write: What to set or write here.
        differs: What differs, and why.
    """

    default: object
    write: str
    differs: str


SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        "ACCESS_TOKEN_EXPIRES": Setting(
            timedelta(minutes=15),
            "`TOKENGUARD_ACCESS_TOKEN_LIFETIME`",
            "`False` has no equal: a token without `exp` is refused, since nothing ends it once it"
            " was stolen.",
        ),
        "ACCESS_COOKIE_NAME": Setting(
            "access_token_cookie",
            "`TOKENGUARD_COOKIE_ACCESS_NAME`",
            "By default `__Host-access_token`, which no other host of the site can set. Keep the"
            " old name while cookies are out.",
        ),
        "ACCESS_COOKIE_PATH": Setting(
            "/",
            "`TOKENGUARD_COOKIE_PATH`; for one of its own"
            ' `TOKENGUARD_TOKEN_LOCATIONS = ["cookie", "cookie:NAME"]`',
            _OWN_PATH,
        ),
        "ACCESS_CSRF_COOKIE_NAME": Setting(
            "csrf_access_token", "`TOKENGUARD_COOKIE_CSRF_NAME`", _BOTH_CSRF
        ),
        "ACCESS_CSRF_COOKIE_PATH": Setting("/", "`TOKENGUARD_COOKIE_PATH`", _ONE_PATH),
        "ACCESS_CSRF_FIELD_NAME": Setting(
            "csrf_token", "`TOKENGUARD_COOKIE_CSRF_FIELD`", _ONE_NAME
        ),
        "ACCESS_CSRF_HEADER_NAME": Setting(
            "X-CSRF-TOKEN", "`TOKENGUARD_COOKIE_CSRF_HEADER`", _ONE_NAME
        ),
        "ALGORITHM": Setting(
            "HS256",
            "`TOKENGUARD_ALGORITHM`",
            "Unset, the key decides. Old tokens of HS256 and RS256 are taken; those of another"
            " algorithm are refused, and their users log in again.",
        ),
        "COOKIE_CSRF_PROTECT": Setting(
            default=True,
            write="nothing",
            differs="The check of requests from other sites cannot be switched off. Where a browser"
            " names the origin, it needs no header and no field.",
        ),
        "COOKIE_DOMAIN": Setting(
            None, "`TOKENGUARD_COOKIE_DOMAIN`", "Names that begin with `__Host-` have none."
        ),
        "COOKIE_SAMESITE": Setting(
            None,
            "`TOKENGUARD_COOKIE_SAMESITE`",
            "`Lax` unless it is set, and always written: without it some browsers send a fresh"
            " cookie with forms of other sites.",
        ),
        "COOKIE_SECURE": Setting(
            default=False,
            write="nothing; for development `TOKENGUARD_COOKIE_INSECURE`",
            differs="`Secure` always, since anybody on the way reads plain http. The switch works"
            " in debug and testing mode alone.",
        ),
        "CSRF_CHECK_FORM": Setting(
            default=False,
            write="nothing",
            differs="The field is looked at wherever the check needs it.",
        ),
        "CSRF_IN_COOKIES": Setting(
            default=True,
            write="nothing; `csrf_token()` in a template",
            differs="The cookie that scripts read is always set; alone it is of no use.",
        ),
        "CSRF_METHODS": Setting(
            ("POST", "PUT", "PATCH", "DELETE"),
            "nothing",
            "All but GET, HEAD, OPTIONS and TRACE are checked: a shorter list is a hole. A GET"
            " that changes something becomes a POST.",
        ),
        "DECODE_ALGORITHMS": Setting(
            None,
            "`TOKENGUARD_KEYS`, with an `alg` each",
            "A key is bound to one algorithm (RFC 8725 section 3.1), so that no header can choose.",
        ),
        "DECODE_AUDIENCE": Setting(None, "`TOKENGUARD_AUDIENCE`", _AUDIENCE),
        "DECODE_ISSUER": Setting(None, "`TOKENGUARD_ISSUER`", _ISSUER),
        "DECODE_LEEWAY": Setting(0, "`TOKENGUARD_LEEWAY`", "At most 300 seconds."),
        "ENCODE_AUDIENCE": Setting(
            None,
            "`TOKENGUARD_AUDIENCE`, and `audience` of `TOKENGUARD_FORMER_TOKENS`",
            _AUDIENCE,
        ),
        "ENCODE_ISSUER": Setting(
            None, "`TOKENGUARD_ISSUER`, and `issuer` of `TOKENGUARD_FORMER_TOKENS`", _ISSUER
        ),
        "ENCODE_NBF": Setting(
            default=True,
            write="`issue_token(..., not_before=0)` for readers that demand it",
            differs="No `nbf` unless it is asked for: `iat` bounds the same.",
        ),
        "ERROR_MESSAGE_KEY": Setting(
            "msg",
            "`@guard.error_response`",
            "The body is `error` and `error_description` (RFC 6749 section 5.2) unless that shapes"
            " it.",
        ),
        "HEADER_NAME": Setting(
            "Authorization",
            '`TOKENGUARD_TOKEN_LOCATIONS = ["header:X-Auth-Token"]`',
            "The challenge of a 401 stays that of `Bearer` (RFC 6750).",
        ),
        "HEADER_TYPE": Setting(
            "Bearer",
            '`TOKENGUARD_TOKEN_LOCATIONS = ["header:Authorization:Token"]`',
            "A scheme counts in any case of its letters (RFC 9110 section 11.1).",
        ),
        "IDENTITY_CLAIM": Setting(
            "sub",
            "`subject_claim` of `TOKENGUARD_FORMER_TOKENS`",
            "New tokens hold the subject as `sub` (RFC 7519 section 4.1.2).",
        ),
        "JSON_KEY": Setting(
            "access_token",
            '`TOKENGUARD_TOKEN_LOCATIONS = ["json:NAME"]`',
            "Never of a GET, and of bodies of bounded size alone.",
        ),
        "PRIVATE_KEY": Setting(
            None,
            "`TOKENGUARD_KEY`, or its file in `TOKENGUARD_KEY_FILE`",
            "The public key comes from it.",
        ),
        "PUBLIC_KEY": Setting(
            None,
            "`key` of `TOKENGUARD_FORMER_TOKENS`; alone also `TOKENGUARD_KEY`",
            "A public key alone means: verify only.",
        ),
        "QUERY_STRING_NAME": Setting(
            "jwt",
            '`TOKENGUARD_TOKEN_LOCATIONS = ["query:jwt"]`',
            "The answer is `Cache-Control: private`, and `doctor` warns: URLs end in logs.",
        ),
        "QUERY_STRING_VALUE_PREFIX": Setting(
            "",
            "`TokenGuard(locations=...)`, a function of the app's own",
            "A prefix is no part of any standard.",
        ),
        "REFRESH_COOKIE_NAME": Setting(
            "refresh_token_cookie",
            "`TOKENGUARD_COOKIE_REFRESH_NAME`",
            "By default `__Host-refresh_token`. Keep the old name while cookies are out.",
        ),
        "REFRESH_COOKIE_PATH": Setting(
            "/",
            "`TOKENGUARD_COOKIE_PATH`; for one of its own"
            ' `TOKENGUARD_COOKIE_REFRESH_NAME = ["__Host-refresh_token", "NAME"]`',
            _OWN_PATH,
        ),
        "REFRESH_CSRF_COOKIE_NAME": Setting(
            "csrf_refresh_token", "`TOKENGUARD_COOKIE_CSRF_NAME`", _BOTH_CSRF
        ),
        "REFRESH_CSRF_COOKIE_PATH": Setting("/", "`TOKENGUARD_COOKIE_PATH`", _ONE_PATH),
        "REFRESH_CSRF_FIELD_NAME": Setting(
            "csrf_token", "`TOKENGUARD_COOKIE_CSRF_FIELD`", _ONE_NAME
        ),
        "REFRESH_CSRF_HEADER_NAME": Setting(
            "X-CSRF-TOKEN", "`TOKENGUARD_COOKIE_CSRF_HEADER`", _ONE_NAME
        ),
        "REFRESH_JSON_KEY": Setting(
            "refresh_token",
            "`refresh_token`, its name in RFC 6749 section 6",
            "A form is read too. An entry `json:NAME` of `TOKENGUARD_TOKEN_LOCATIONS` adds one.",
        ),
        "REFRESH_TOKEN_EXPIRES": Setting(
            timedelta(days=30),
            "`TOKENGUARD_REFRESH_TOKEN_LIFETIME`",
            "Counts from the last refresh; `TOKENGUARD_SESSION_LIFETIME` ends a session in any"
            " case. `False` has no equal.",
        ),
        "SECRET_KEY": Setting(
            None,
            "`TOKENGUARD_KEY`, and `key` of `TOKENGUARD_FORMER_TOKENS`",
            "At least 32 octets for `TOKENGUARD_KEY`. Flask's `SECRET_KEY` never stands in for it:"
            " one key, one use.",
        ),
        "SESSION_COOKIE": Setting(
            default=True,
            write="`set_token_cookies(..., persistent=True)` for false",
            differs="Such cookies live for as long as the session lives unused, not for a year.",
        ),
        "TOKEN_LOCATION": Setting(
            ("headers",),
            "`TOKENGUARD_TOKEN_LOCATIONS`: `header`, `cookie`, `query`, `json`, `form`",
            "The order is of no account: two tokens in one request are a 400, but for a cookie"
            " beside a header, which does not count.",
        ),
        "VERIFY_SUB": Setting(
            default=True,
            write="nothing; `issue_token(str(user.id))`",
            differs="The subject is a text (RFC 7519 section 4.1.2). A whole number in an old token"
            " is read as text.",
        ),
    }
)
