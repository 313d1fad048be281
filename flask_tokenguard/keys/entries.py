"""Key entries: the keys as the config names them, and what `text` reads of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..jose.metadata import KeyOptions

if TYPE_CHECKING:
    from ..arguments.files import NamedFile
    from ..jose.material import Material

State = Literal["active", "next", "verify-only"]
# The metadata that names an issuer's key set: of OpenID Connect Discovery 1.0, of RFC 8414, or the
# first of both that is right.
DiscoveryKind = Literal["oidc", "oauth", "both"]


class KeyEntry(NamedTuple):
    """One key as the config names it; exactly one of `value`, `file` and `env` is given.

    Attributes:
        source: What messages call it, such as `TOKENGUARD_KEYS[1]`.
        value: The material itself.
        file: A file; one trailing newline is dropped.
        env: The name of an environment variable.
        password, password_file: Open an encrypted PEM.
        kid, alg, enc, use: Bind the key where its material leaves it open.
        state: `active` signs, `next` does not yet, `verify-only` no longer does.
    """

    source: str
    value: str | Mapping[str, Any] | None = None
    file: "NamedFile | None" = None
    env: str | None = None
    password: str | None = None
    password_file: "NamedFile | None" = None
    kid: str | None = None
    alg: str | None = None
    enc: str | None = None
    use: str | None = None
    state: State | None = None

    def __repr__(self) -> str:
        return f"<KeyEntry {self.source}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReadKey:
    """A key that is not yet bound to an algorithm, with its metadata."""

    entry: KeyEntry
    material: "Material"
    metadata: KeyOptions
