"""Former keys: the key of another program's tokens, which verifies them and signs nothing.

A secret of that program is as it is. Asymmetric key material is refused in its place, since anyone
with the public key could sign; every other rule of a secret is a warning.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from ...errors import ConfigurationError
from ...jose import material
from ...jose.jwk import Key, KeySet
from ...jose.material import Material
from ..entries import KeyEntry
from ..secret import check_secret
from ..text import is_pem, parse_jwk, read_jwk, read_material, text_of, utf8

_OF_SECRETS = "HS256"
_LEAST_OCTETS = 32


class FormerKeys(NamedTuple):
    """The key of another program, and its risks.

    Attributes:
        keys: The one key.
        warnings: Each goes on from "the key", without a secret.
    """

    keys: KeySet[Key]
    warnings: tuple[str, ...] = ()


def read_former_keys(
    entry: KeyEntry, *, algorithms: Collection[str], on_fault: Callable[[str], None]
) -> FormerKeys:
    """Read the key of another program's tokens.

    Args:
        entry: The key, or its file.
        algorithms: Those that may be used.
        on_fault: Called with a sentence for a fault; the result is then not to be used.
    """
    try:
        text = text_of(entry)
        key = _read(text, algorithms)
        if not isinstance(key, bytes):
            # The public part alone, so that nothing is signed with a pair either.
            (of_pairs,) = set(algorithms) - {_OF_SECRETS}
            return FormerKeys(KeySet([Key(material.public_part(key), alg=of_pairs)]))
        verifying = Key.only_verifying(key, _OF_SECRETS)
        return FormerKeys(KeySet([verifying]), _warnings(key, is_text=isinstance(text, str)))
    except ValueError as error:
        on_fault(f"{entry.source}: the key {error}")
    except ConfigurationError as error:
        on_fault(str(error))
    return FormerKeys(KeySet(()))


def _read(text: str | Mapping[str, Any], algorithms: Collection[str]) -> Material:
    if isinstance(text, str) and is_pem(text):
        return read_material(text)[0][0]
    jwk = parse_jwk(text)
    if jwk is None:
        return utf8(str(text))
    if "keys" in jwk:
        raise ValueError("is a JWKS; give the one key of these tokens")
    if jwk.get("alg") not in (None, *algorithms):
        raise ValueError(f"has another alg; these tokens have {' or '.join(algorithms)}")
    return material.from_jwk(jwk) if jwk.get("kty") == "oct" else read_jwk(jwk, {})[0]


def _warnings(secret: bytes, *, is_text: bool) -> tuple[str, ...]:
    warnings = []
    if len(secret) < _LEAST_OCTETS:
        warnings.append(f"is {len(secret)} octets long, and {_OF_SECRETS} takes {_LEAST_OCTETS}")
    try:
        check_secret(secret, is_text=is_text)
    except ValueError as error:
        # What to do about a new secret is no help with an old one.
        warnings.append(str(error).partition(";")[0])
    return tuple(warnings)
