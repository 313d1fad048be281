"""Behaviours of flask-jwt-extended 4.7.4 that clients and operators notice, and ours."""

from collections.abc import Mapping
from types import MappingProxyType

from .names import Name

BEHAVIOURS: Mapping[str, Name] = MappingProxyType(
    {
        "A bad token is a 422, an expired one a 401": Name(
            "401 with `invalid_token`",
            "RFC 6750 section 3.1: clients know by it that a new token helps.",
        ),
        "A missing token is a 401 without a challenge": Name(
            "401 with `WWW-Authenticate: Bearer`", "RFC 9110 section 15.5.2 demands one."
        ),
        "A malformed `Authorization: Bearer` is a 422": Name(
            "400 with `invalid_request`", "RFC 6750 section 3.1."
        ),
        "`bearer` in small letters is no token": Name(
            "it is one", "RFC 9110 section 11.1: a scheme counts in any case of its letters."
        ),
        "Of tokens in two places the first one counts": Name(
            "400; only beside a header a cookie does not count",
            "RFC 6750 section 2: a client uses one method.",
        ),
        "An endpoint without a decorator never looks at a token": Name(
            "`g.claims` is there if a good one came; a bad one is passed over",
            '`TOKENGUARD_PROTECT = "all"` closes what nobody decided about.',
        ),
        "An access token differs from a refresh token by the claim `type`": Name(
            "by the header's `typ`: `at+jwt`, `rt+jwt`",
            "RFC 8725 section 3.11. What else is signed with the key is no access token. Once the"
            " entry for old tokens is gone, new ones have no `type` to read.",
        ),
        "A token without `type` is an access token": Name(
            "it is refused", "A reset link that was signed with the same secret would log in."
        ),
        "A token may live for ever": Name(
            "a token without `exp` is refused", "Nothing ends it once it was stolen."
        ),
        "A refresh token gives access tokens until it expires": Name(
            'it is spent by its use; `TOKENGUARD_REFRESH_ROTATION = "off"` keeps it',
            "A stolen one is noticed when it comes a second time (RFC 9700 section 4.14.2).",
        ),
        "A refresh token goes in the header": Name(
            "the header, or `refresh_token` in a form or JSON",
            "`@refresh_required` takes both, `POST /token` the body alone (RFC 6749 section 6).",
        ),
        "A logout puts a `jti` into a list of the app's own": Name(
            "`end_session()`, `revoke_token(g.claims)`",
            "The list counts for old tokens alone: a view that only adds to it logs nobody out. The"
            " session's access and refresh tokens end together.",
        ),
        "A change of the password logs nobody out": Name(
            "`end_all_sessions(subject)`", "Every token that the subject has is refused."
        ),
        "Cookies are set and deleted at anybody's request": Name(
            "403 for a request that another site may have sent",
            "A form of another site could log your user in as somebody else. A script without"
            " `Origin` sends the header that it sends with every POST.",
        ),
        "A claim of the app may replace `sub`, `exp`, `type`": Name(
            "`IssueError`", "A registered claim has an argument that checks it."
        ),
        "OPTIONS is let through on a guarded view": Name(
            "only a CORS preflight is, and never reaches the view",
            "A view that answers OPTIONS itself is as guarded as by any other method.",
        ),
        "The config is read at each request": Name(
            "once, by `init_app`", "Set it before. Faults come when the app starts."
        ),
        "flask-restful makes a 500 of a refusal": Name(
            "its answer, in every framework", "An answer is finished before it is raised."
        ),
        "The blocklist is down: the exception is a 500": Name(
            "503 with `Retry-After`", "Nobody is logged out by our outage."
        ),
    }
)
