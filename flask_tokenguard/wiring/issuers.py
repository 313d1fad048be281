"""Other trusted issuers: their settings -> `Issuers`, each with its keys and rules."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

from ..clock import Clock
from ..config.issuers import SETTING, IssuerEntry, read_issuer
from ..config.readers import Fault
from ..config.settings import Settings
from ..deadline import Reserve
from ..errors import ConfigurationError
from ..fetching import Fetch
from ..jose.jwk import Key, KeySet, KeySource
from ..keys.remote.configured import read_key_set
from ..verify import validators
from ..verify.claims import ClaimNames
from ..verify.issuers import Issuers, Resolve
from ..verify.trusted import TrustedIssuer
from ..verify.validators import Validator


def build_issuers(
    settings: Settings,
    *,
    folder: Path,
    live_rules: Iterable[Validator],
    resolve: Resolve | None,
    fetch: Fetch | None,
    clock: Clock,
) -> Issuers:
    """Build the table of other trusted issuers.

    Args:
        settings: Those of the app.
        folder: Where a relative `jwks_file` of a resolved entry starts.
        live_rules: Rules for every token.
        resolve: Finds further issuers for the app.
        fetch: The app's own, in place of ours.
        clock: Seconds since the epoch, UTC.

    Raises:
        ConfigurationError: With every fault of the entries.
    """
    entries, faults = settings.issuers or {}, list[str]()
    if settings.issuer in entries:
        faults.append(f"{SETTING} names TOKENGUARD_ISSUER, whose tokens are our own")
    rules, reserve = tuple(live_rules), Reserve()

    def build(
        entry: IssuerEntry, on_fault: Callable[[str], None], reserve: Reserve | None = None
    ) -> TrustedIssuer:
        keys = _keys_of(entry, settings, fetch=fetch, on_fault=on_fault, reserve=reserve)
        return trusted_issuer(entry, keys, live_rules=rules, leeway=settings.leeway, clock=clock)

    def resolved(issuer: str, entry: object) -> TrustedIssuer:
        faults: list[str] = []
        try:
            read = read_issuer(issuer, entry, folder)
            if read.header is not None:
                faults.append(f"{SETTING} alone may have entries with a header")
            built = build(read, faults.append, reserve)
        except Fault as fault:
            raise ConfigurationError(fault.of("")) from None
        if faults:
            raise ConfigurationError(*faults)
        return built

    table = {issuer: build(entry, faults.append) for issuer, entry in entries.items()}
    if faults:
        raise ConfigurationError(*faults)
    return Issuers(table, resolve=resolve, build=resolved)


def _keys_of(
    entry: IssuerEntry,
    settings: Settings,
    *,
    fetch: Fetch | None,
    on_fault: Callable[[str], None],
    reserve: Reserve | None,
) -> KeySource[Key]:
    if entry.key is not None:
        return read_key_set(
            entry.key,
            issuer=entry.issuer,
            algorithms=entry.profile.algorithms,
            on_fault=on_fault,
        )
    from .remote import build_remote_keys  # noqa: PLC0415 - imported when used

    try:
        return build_remote_keys(
            entry, fetch=fetch, insecure_http=settings.allow_insecure_http, reserve=reserve
        )
    except ValueError as error:
        on_fault(f"{SETTING}[{entry.issuer!r}]: {error}")
        return KeySet(())


def trusted_issuer(
    entry: IssuerEntry,
    keys: KeySource[Key],
    *,
    live_rules: Iterable[Validator],
    leeway: timedelta,
    clock: Clock,
) -> TrustedIssuer:
    """Build a trusted issuer from its entry and its profile.

    Args:
        entry: The issuer.
        keys: Its keys.
        live_rules: The app's own rules, and revocation.
        leeway: The app's, where the entry has none.
        clock: Seconds since the epoch, UTC.
    """
    profile = entry.profile
    seconds = int((leeway if entry.leeway is None else entry.leeway).total_seconds())
    rules = {
        "typ": validators.has_type(profile.types),
        "iss": validators.has_issuer(entry.issuer),
        **_audience_rules(entry),
        "exp": validators.is_current(seconds, clock),
        "nbf": validators.is_begun("nbf", seconds, clock),
        "iat": validators.is_begun("iat", seconds, clock),
        "claims": validators.has_claims(sorted(profile.required)),
        "kind": validators.has_none_of(sorted(profile.absent), remedies=profile.remedies),
        "values": validators.has_values(profile.equals),
        "cnf": validators.is_bearer,
    }
    names = ClaimNames(profile.scope_claims, profile.roles_claim, audience=profile.audience_claim)
    return TrustedIssuer(keys, rules, name=entry.issuer, live_rules=live_rules, names=names)


def _audience_rules(entry: IssuerEntry) -> dict[str, Validator]:
    if entry.audience is None:
        return {}
    claim = entry.profile.audience_claim
    rules = {claim: validators.has_audience(entry.audience, claim)}
    if claim != "aud":
        # Where there is an aud all the same, it must name us too (RFC 7519 section 4.1.3).
        rules["aud"] = _unless_absent("aud", validators.has_audience(entry.audience))
    return rules


def _unless_absent(claim: str, rule: Validator) -> Validator:
    return lambda token: rule(token) if claim in token.claims else None
