"""Own keys: those that verify, and the one among them that signs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from ..errors import ConfigurationError
from ..jose.algorithms import key_for
from ..jose.compact import Header
from ..jose.jwk import Key, KeySet, TooShort
from .entries import KeyEntry, ReadKey, State


class OwnKeys(Protocol):
    """Our own keys, configured or of a ring: a `KeySource` with the key that signs."""

    @property
    def signing(self) -> Key | None:
        """The key that signs now; None where there are only public ones."""
        ...

    def find(self, header: Header, use: str) -> Sequence[Key]:
        """Find the keys that may have made a token with this header."""
        ...

    def __contains__(self, key: object) -> bool:
        """Return whether a key still verifies."""
        ...

    def __iter__(self) -> Iterator[Key]:
        """List the keys that verify."""
        ...


class ConfiguredKeys(KeySet[Key]):
    """The configured keys that verify.

    Attributes:
        signing: The one that signs, or None.
        states: The configured state of each key, or None.
    """

    def __init__(
        self,
        keys: Iterable[Key],
        signing: Key | None,
        states: Mapping[Key, State | None] = MappingProxyType({}),
    ) -> None:
        """Index the keys.

        Raises:
            ValueError: Two keys share a `kid`; the message follows "the key set".
        """
        super().__init__(keys)
        self.signing = signing
        self.states = states


NO_KEYS = ConfiguredKeys((), None)


def choose_keys(
    read: Iterable[ReadKey], *, algorithm: str | None, on_fault: Callable[[str], None]
) -> ConfiguredKeys:
    """Bind the signature keys to their algorithms, and choose the one that signs.

    Args:
        read: The keys of the config; those for encryption are passed over.
        algorithm: `TOKENGUARD_ALGORITHM`, which the signing key must take.
        on_fault: Called with a sentence for each fault; the result is then not to be used.
    """
    bound: list[tuple[KeyEntry, Key]] = []
    for key in read:
        if key.metadata.get("use") != "enc":
            try:
                bound.append((key.entry, Key(key.material, **key.metadata)))
            except TooShort as error:
                on_fault(f"{key.entry.source}: the key {error}; {keygen(error.alg)}")
            except ValueError as error:
                on_fault(f"{key.entry.source}: the key {error}")
            except ConfigurationError as error:
                on_fault(str(error))
                break
    signing = _signing_key(bound, on_fault)
    if algorithm is not None and bound:
        _check_bound(signing or bound[0][1], algorithm, on_fault)
    try:
        states: dict[Key, State | None] = {key: entry.state for entry, key in bound}
        return ConfiguredKeys(states, signing, states)
    except ValueError as error:
        on_fault(f"the key set {error}")
        return NO_KEYS


def keygen(alg: str) -> str:
    """Return the command that makes a key for an algorithm."""
    return f"`flask tokenguard keygen --alg {alg} --out FILE` makes one for TOKENGUARD_KEY_FILE"


def _check_bound(key: Key, algorithm: str, on_fault: Callable[[str], None]) -> None:
    """Report a key that cannot serve `TOKENGUARD_ALGORITHM`."""
    if algorithm in key.algs:
        return
    given, wanted = key_for(key.alg), key_for(algorithm)
    if given == wanted:
        on_fault(
            f"TOKENGUARD_ALGORITHM is {algorithm}, and the key is for {key.alg}, which its `alg` or"
            f" its kind (RSA-PSS) demands; set {key.alg}, or give another key"
        )
        return
    on_fault(
        f"TOKENGUARD_ALGORITHM is {algorithm}, which takes {wanted}, and the key is {given};"
        f" {keygen(algorithm)}"
    )


def _signing_key(
    loaded: Iterable[tuple[KeyEntry, Key]], on_fault: Callable[[str], None]
) -> Key | None:
    active = [(entry, key) for entry, key in loaded if entry.state == "active"]
    for entry, key in active:
        if not key.is_private:
            on_fault(f"{entry.source}: the key is active and public; only a private key can sign")
    candidates = active or [
        (entry, key) for entry, key in loaded if entry.state is None and key.is_private
    ]
    if len(candidates) > 1:
        names = ", ".join(f"{entry.source} ({key!r})" for entry, key in candidates)
        on_fault(f'several keys could sign; give one of them alone "state": "active": {names}')
    return candidates[0][1] if candidates else None
