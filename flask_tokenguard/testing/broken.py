"""Broken tokens: one for each reason that a token alone can be refused for.

Each is a token of the app's own, taken apart, changed in one place and signed again by its key.
"""

from collections.abc import Callable, Mapping
from typing import Any, Unpack

from flask import Flask

from ..errors import ConfigurationError, Reason
from ..issue import ids
from ..issue.options import IssueOptions
from ..jose import base64url, compact, jwe, strict_json
from ..jose.jwk import Key
from ..web.parts import Parts
from .apps import parts_under_test
from .tokens import SUBJECT, token_for

_CTY = {"cty": "JWT"}
_LONGEST_LEEWAY = 300
_OUR_CALLS = {
    Reason.REVOKED: "revoked(app)",
    Reason.SESSION_ENDED: "session_ended(app)",
    Reason.SUBJECT_ENDED: "subject_ended(app)",
    Reason.USER_GONE: "user_gone(app)",
}


class Forge:
    """A good token of an app, to be written again with changes.

    Attributes:
        parts: Those of the app.
        header, claims: The token's.
        now: The time by the app's clock, in whole seconds.
    """

    def __init__(self, parts: Parts, key: Key, token: str) -> None:
        """Take a token apart."""
        self.parts = parts
        self._key = key
        self.now = int(parts.clock())
        if parts.encryption is not None:
            token = jwe.decrypt(token, parts.encryption.decrypting)
        parsed = compact.parse(token)
        self.header: dict[str, Any] = dict(parsed.header.members)
        self.claims = compact.parse_payload(parsed)

    def with_claims(self, **changes: Any) -> str:
        """Write the token with other claims; None leaves one out."""
        return self.seal(sign(self._key, self.header, _changed(self.claims, changes)))

    def with_header(self, **changes: Any) -> str:
        """Write the token with another header; None leaves a member out."""
        return self.seal(sign(self._key, _changed(self.header, changes), self.claims))

    def with_signature_of_zeros(self, **header: Any) -> str:
        """Write the token with a signature that no key made, which ends in zeros."""
        token = sign(self._key, {**self.header, **header}, self.claims)
        return self.seal(token[:-8] + "A" * 8)

    def unencrypted(self) -> str:
        """Write the token without the encryption that the app demands."""
        encryption = self.parts.encryption
        if encryption is None or not encryption.required:
            raise _needs(Reason.NOT_ENCRYPTED, "TOKENGUARD_ENCRYPTION")
        return sign(self._key, self.header, self.claims)

    def undecryptable(self) -> str:
        """Write an encrypted token whose tag is another's."""
        if self.parts.encryption is None:
            raise _needs(Reason.NOT_DECRYPTABLE, "TOKENGUARD_ENCRYPTION")
        return self.with_claims()[:-8] + "A" * 8

    def too_long_lived(self) -> str:
        """Write a token that lives for longer than the store remembers."""
        revocation = self.parts.revocation
        if revocation is None:
            raise _needs(Reason.LIVES_TOO_LONG, "TOKENGUARD_STORAGE_URI")
        longest = int(revocation.longest_lifetime.total_seconds())
        return self.with_claims(exp=self.now + longest + _LONGEST_LEEWAY)

    def older_than_store(self) -> str:
        """Write a token of the second before the store began."""
        store = self.parts.store
        if store is None:
            raise _needs(Reason.OLDER_THAN_STORE, "TOKENGUARD_STORAGE_URI")
        issuer = self.parts.issuer.issuer
        subject = ids.subject_id(issuer, self.claims["sub"])
        epoch = store.standing(ids.token_id(issuer, self.claims["jti"]), None, subject).epoch
        # Our own jti would hold the instant of its issue.
        return self.with_claims(iat=epoch // 1000 - 1, jti="older-than-the-store")

    def seal(self, token: str) -> str:
        """Encrypt a signed token where the app does."""
        encryption = self.parts.encryption
        return token if encryption is None else encryption.encrypting.encrypt(token.encode(), _CTY)


def sign(key: Key, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """Sign any claims under any header."""
    parts = [base64url.encode(strict_json.dump_object(part)) for part in (header, claims)]
    signing_input = b".".join(parts)
    return b".".join((signing_input, base64url.encode(key.sign(signing_input)))).decode()


def broken_token(
    app: Flask, reason: Reason | str, subject: str = SUBJECT, **options: Unpack[IssueOptions]
) -> str:
    """Make a token that the app refuses for a reason.

    Args:
        app: In testing mode; `not_encrypted` and `not_decryptable` need an app that encrypts,
            `lives_too_long` and `older_than_store` one that has a store.
        reason: A `Reason` that a token alone can have, or its text.
        subject: The `sub`.
        options: As for `token_for`.

    Raises:
        ConfigurationError: As `token_for` does, or the app lacks the setting for the reason.
        ValueError: A token alone cannot have this reason; the message lists those that it can.
    """
    make = _BROKEN.get(Reason(reason)) if reason in set(Reason) else None
    if make is None:
        raise ValueError(_advice(reason))
    parts = parts_under_test(app)
    token = token_for(app, subject, **options)
    key = parts.keys.signing
    assert key is not None  # noqa: S101 - a token was signed
    return make(Forge(parts, key, token))


def _changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**members, **changes}.items() if value is not None}


def _needs(reason: Reason, setting: str) -> ConfigurationError:
    return ConfigurationError(f"No token is refused as {reason} by an app without {setting}")


def _advice(reason: Reason | str) -> str:
    if reason in set(_OUR_CALLS):
        return f"a token is refused as {reason} by {_OUR_CALLS[Reason(reason)]}"
    return f"a token alone is never refused as {reason!s}, but as {', '.join(_BROKEN)}"


_BROKEN: dict[Reason, Callable[[Forge], str]] = {
    Reason.TOO_LARGE: lambda forge: "x" * (forge.parts.settings.max_token_size + 1),
    Reason.MALFORMED: lambda forge: forge.seal("x.y.z"),
    Reason.NOT_ENCRYPTED: Forge.unencrypted,
    Reason.NOT_DECRYPTABLE: Forge.undecryptable,
    Reason.UNKNOWN_KEY: lambda forge: forge.with_header(kid="no-key-of-this-app"),
    Reason.WRONG_ALGORITHM: lambda forge: forge.with_signature_of_zeros(alg="none"),
    Reason.BAD_SIGNATURE: Forge.with_signature_of_zeros,
    Reason.WRONG_TYPE: lambda forge: forge.with_header(typ="dpop+jwt"),
    Reason.WRONG_ISSUER: lambda forge: forge.with_claims(iss="https://wrong.example/"),
    Reason.WRONG_AUDIENCE: lambda forge: forge.with_claims(aud="https://wrong.example/api"),
    Reason.MISSING_CLAIM: lambda forge: forge.with_claims(exp=None),
    Reason.MALFORMED_CLAIM: lambda forge: forge.with_claims(exp="soon"),
    Reason.WRONG_CLAIM: lambda forge: forge.with_claims(cnf={"jkt": "of-another-client"}),
    Reason.EXPIRED: lambda forge: forge.with_claims(exp=forge.now - _LONGEST_LEEWAY),
    Reason.NOT_YET_VALID: lambda forge: forge.with_claims(
        nbf=forge.now + 2 * _LONGEST_LEEWAY, exp=forge.now + 4 * _LONGEST_LEEWAY
    ),
    Reason.LIVES_TOO_LONG: Forge.too_long_lived,
    Reason.OLDER_THAN_STORE: Forge.older_than_store,
}
