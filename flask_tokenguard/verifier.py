"""From an untrusted string to a `VerifiedToken` (RFC 7519 section 7.2).

Parse, find the key, verify the signature, and only then read the claims and check them.
"""

from collections.abc import Iterable, Sequence

from .claims import Claims, VerifiedToken
from .errors import InvalidToken
from .jose import compact, jwe
from .jose.compact import Compact
from .jose.jwe import EncryptionKey
from .jose.jwk import Key, KeySource
from .validators import Validator


class TokenVerifier:
    """Verifies the tokens of one issuer, with its keys and rules."""

    def __init__(
        self,
        keys: KeySource[Key],
        validators: Iterable[Validator],
        *,
        max_size: int = 8192,
        decryption_keys: KeySource[EncryptionKey] | None = None,
        requires_encryption: bool = False,
    ) -> None:
        """Take the keys and the rules.

        Args:
            keys: Where keys are found.
            validators: The rules, in the order in which they are checked.
            max_size: The longest token that is looked at, in characters.
            decryption_keys: Where keys for encrypted tokens are found; None refuses them.
            requires_encryption: Whether a token that is only signed is refused.
        """
        self._keys = keys
        self._validators = tuple(validators)
        self._max_size = max_size
        self._decryption_keys = decryption_keys
        self._requires_encryption = requires_encryption

    def verify(self, token: str) -> VerifiedToken:
        """Verify a token of any content.

        Raises:
            InvalidToken: It is malformed, forged, or breaks a rule.
            Rejected: A rule of the app says so.
            Unavailable: A rule could not be checked.
        """
        verified = self.authenticate(token)
        for validate in self._validators:
            if validate(verified) is not None:
                raise TypeError(
                    f"{validate!r} returned a value; a validator raises, or returns None"
                )
        return verified

    def authenticate(self, token: str) -> VerifiedToken:
        """Verify who signed a token, and no rule; it may have expired, or be of another type.

        Raises:
            InvalidToken: It is malformed or forged.
        """
        parsed = self.parse(token)
        self.verify_signature(parsed)
        return VerifiedToken(parsed.header, Claims(compact.parse_payload(parsed)))

    def parse(self, token: str) -> Compact:
        """Check a token's size, decrypt it if need be, and parse what was signed; unverified.

        Raises:
            InvalidToken: It is malformed, or not encrypted as it must be.
        """
        if len(token) > self._max_size:
            raise InvalidToken("The token is too long")
        if self._decryption_keys is not None and token.count(".") == 4:
            token = jwe.decrypt(token, self._decryption_keys)
        elif self._requires_encryption:
            raise InvalidToken("The token is not encrypted")
        return compact.parse(token)

    def find_keys(self, parsed: Compact) -> Sequence[Key]:
        """Find the keys that may have signed, at least one.

        Raises:
            InvalidToken: None is known, or the one that is named has another algorithm.
        """
        header = parsed.header
        keys = self._keys.find(header, "sig")
        if not keys:
            raise InvalidToken("No key is known for the token's kid and alg")
        for key in keys:
            if header.alg not in key.algs:
                raise InvalidToken("The token's algorithm is not its key's")
        return keys

    def verify_signature(self, parsed: Compact) -> None:
        """Verify with the key that the header names.

        Raises:
            InvalidToken: The key is not known, or did not sign this.
        """
        for key in self.find_keys(parsed):
            if key.verify(parsed.signing_input, parsed.signature):
                return
        raise InvalidToken("The token's signature is not valid")
