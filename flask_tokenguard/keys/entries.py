"""Key entries: the keys as the config names them, and what `text` reads of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..arguments.files import NamedFile
from ..jose.metadata import KeyOptions

if TYPE_CHECKING:
    from ..jose.material import Material

State = Literal["active", "next", "verify-only"]
# The metadata that names an issuer's key set: of OpenID Connect Discovery 1.0, of RFC 8414, or the
# first of both that is right.
DiscoveryKind = Literal["oidc", "oauth", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
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
    value: str | Mapping[str, Any] | None = field(default=None, repr=False)
    file: NamedFile | None = field(default=None, repr=False)
    env: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    password_file: NamedFile | None = field(default=None, repr=False)
    kid: str | None = None
    alg: str | None = None
    enc: str | None = None
    use: str | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReadKey:
    """A key that is not yet bound to an algorithm, with its metadata."""

    entry: KeyEntry
    material: "Material"
    metadata: KeyOptions
