"""Issuers: risks of the other issuers that an app trusts."""

from ...quoting import quote
from ...web.parts import Parts
from .risk import Places, Risk


def issuers_without_keys(parts: Parts) -> Places:
    """List the issuers whose keys cannot be fetched now, and why."""
    if not parts.settings.issuers:
        return []
    from .key_sets import issuers_without_keys  # noqa: PLC0415 - imported when used: it brings HTTP

    return issuers_without_keys(parts)


def issuers_for_any_audience(parts: Parts) -> Places:
    """List the issuers whose tokens may be meant for others."""
    issuers = parts.settings.issuers or {}
    return [{"issuer": repr(name)} for name, entry in issuers.items() if entry.audience is None]


def issuers_of_untyped_tokens(parts: Parts) -> Places:
    """List the issuers whose access tokens have no type of their own."""
    issuers = parts.settings.issuers or {}
    return [
        {"issuer": repr(name)}
        for name, entry in issuers.items()
        if not entry.profile.types <= {"at+jwt"}
    ]


def issuers_that_differ_by_a_slash(parts: Parts) -> Places:
    """List the pairs of accepted issuers of which one is probably a slip."""
    settings = parts.settings
    names = {name for name in (settings.issuer, *(settings.issuers or {})) if name}
    return [
        {"one": quote(name), "other": quote(f"{name}/")}
        for name in sorted(names)
        if f"{name}/" in names
    ]


def ends_of_foreign_subjects(parts: Parts) -> Places:
    """Return for how long `end_all_sessions` holds for subjects of other issuers, if any."""
    if parts.revocation is None or not parts.settings.issuers:
        return []
    return [{"days": str(parts.revocation.longest_lifetime.days)}]


def plain_http(parts: Parts) -> Places:
    """List from where keys may come unprotected, outside of debug mode."""
    allowed = parts.settings.allow_insecure_http
    if not allowed or parts.app.debug:
        return []
    hosts = ", ".join(allowed) if isinstance(allowed, tuple) else ""
    return [{"hosts": f"this machine, {hosts}" if hosts else "this machine"}]


RISKS: tuple[Risk, ...] = (
    Risk(
        "warning",
        "issuer_without_keys",
        "TOKENGUARD_ISSUERS[{issuer}]",
        "{fault}.",
        "Compare the entry with what `curl -i {url}` prints on this machine.",
        issuers_without_keys,
    ),
    Risk(
        "warning",
        "issuer_any_audience",
        "TOKENGUARD_ISSUERS[{issuer}]",
        "Tokens that this issuer gave for any other service are accepted.",
        "Name the audience that its tokens have for you.",
        issuers_for_any_audience,
    ),
    Risk(
        "advice",
        "issuer_untyped_tokens",
        "TOKENGUARD_ISSUERS[{issuer}]",
        "An access token has no type of its own: an ID token may have the same.",
        "Let the issuer write at+jwt (RFC 9068) if it can; else name claims that its access tokens"
        " alone have in requires, and those of its ID tokens in forbids.",
        issuers_of_untyped_tokens,
    ),
    Risk(
        "warning",
        "issuers_differ_by_slash",
        "TOKENGUARD_ISSUERS",
        "{one} and {other} differ by a slash at the end, and are two issuers.",
        "Leave the one that no token has as its iss; `flask tokenguard inspect` shows it.",
        issuers_that_differ_by_a_slash,
    ),
    Risk(
        "advice",
        "foreign_ends_forgotten",
        "TOKENGUARD_ISSUERS",
        "The end of a subject is remembered for {days} days; a token of another issuer that lives"
        " longer is accepted again after that.",
        "Let other issuers write shorter lifetimes.",
        ends_of_foreign_subjects,
    ),
    Risk(
        "warning",
        "plain_http",
        "TOKENGUARD_ALLOW_INSECURE_HTTP",
        "Keys may come over plain http, which nothing protects on its way, from: {hosts}.",
        "Leave it out where others are served.",
        plain_http,
    ),
)
