"""Lookalikes: texts that stand where a secret should, and what to do with each.

A random secret must not be taken for one of them. Base64 holds `/` and begins with it once in 64
times, the secrets of Django hold `(`, `$`, `%` and `=`; so each pattern wants more than its first
character, or words.
"""

from collections.abc import Collection
from typing import NamedTuple

# Words and numbers, with what stands between them. Random base64 of 32 characters looks so once in
# 2**29 times, of 43 once in 2**40, and not all of these have a slash.
_PIECE = r"(?:[A-Z]?[a-z]+|[A-Z]+)?[0-9]*"
_WORDS = rf"{_PIECE}(?:[-_.@+~]+{_PIECE})*"
_FILE_TYPES = "pem|key|pub|crt|cer|der|p8|p12|pfx|jwks?|json|ya?ml|toml|ini|cfg|conf|env|secret|txt"
_PLACEHOLDER_WORDS = (
    r"(?i:your|change[-_.]?(?:this|it|me)|placeholder|insert|replace[-_.]?(?:this|it|me|with))"
)
_SCHEMES = (
    "vault|arn|op|ssm|aws|gcp|azure|akv|kv|sm|gcpsm|awssm|keyvault|secretsmanager|parameterstore"
    r"|sops|doppler|bws?|env|file|var|secrets?|secretref|config|keyring|pass|k8s|docker"
    r"|ref(?:\+\w+)?|enc"
)
_LOWER_CASE_NAMES = (
    r"(?:[a-z]+[-_])*(?:secret|signing|private|public|jwt|app|api|hmac)[-_]key|jwt[-_]secret"
)
_PUT_IT_THERE = (
    "put the secret itself there, which `flask tokenguard keygen --alg HS256 --out FILE` makes, or"
    " name its variable as `env` in TOKENGUARD_KEYS"
)


class Lookalike(NamedTuple):
    """A kind of text that is no secret.

    Attributes:
        name: What a secret looks like, for messages.
        pattern: To be matched from its first character on.
        marks: One of them is in every such text, in lower case. To compile the pattern takes half a
            millisecond or more, and most secrets have none of them.
        remedy: What to do instead.
    """

    name: str
    pattern: str
    marks: Collection[str]
    remedy: str


def _lookalike(name: str, *patterns: str, marks: Collection[str], remedy: str) -> Lookalike:
    return Lookalike(name, "|".join(patterns), marks, remedy)


LOOKALIKES = (
    _lookalike(
        "a URL",
        rf"(?!(?:{_SCHEMES}):(?<!file:))[A-Za-z][A-Za-z0-9+.-]{{1,20}}://",
        r"(?:data|urn|mailto):\w",
        r"[\w.-]+:\d{2,5}/",
        marks=":",
        remedy="nothing is fetched from it; keys of another issuer go to TOKENGUARD_ISSUERS, as"
        " `jwks_url`",
    ),
    _lookalike(
        "a reference or a placeholder",
        r"\$\{\w",
        r".*\$\{[A-Z][A-Z0-9_]{2,}\}",
        r"\$(?:env:)?[A-Z_][A-Z0-9_]*\Z",
        r"\$\((?=.*[A-Z./<])[\w./< -]*\)\Z",
        r"%\([A-Z_]{3,}\w*\)[sd]\Z",
        r"([@$%~#])\1[A-Z]\w+\1\1\Z",
        r"%[A-Z_][A-Z0-9_]*%\Z",
        r".*\{\{[^{}]*\}\}",
        r"[#@]?\{[\w.: -]+\}#?\Z",
        r"[<\[][\w.,: -]+[>\]]\Z",
        r"@\w+\.[\w.]+\(.*\)\Z",
        rf"(?:{_SCHEMES}):\S",
        r"ENC[\[(].*[\])]\Z",
        r"\$ANSIBLE_VAULT;",
        r"projects/[\w-]+/secrets/",
        marks="$%@~#{<[(:/",
        remedy=_PUT_IT_THERE,
    ),
    _lookalike(
        "a reference or a placeholder",
        r"[A-Z]+(?:_[A-Z]+)+\Z",
        r"__[A-Z]+(?:_[A-Z]+)*__\Z",
        marks="_",
        remedy=_PUT_IT_THERE,
    ),
    _lookalike(
        "a reference or a placeholder",
        rf"(?=.*(?:\b|_){_PLACEHOLDER_WORDS}(?:\b|_)){_WORDS}\Z",
        marks=("your", "change", "placeholder", "insert", "replace"),
        remedy=_PUT_IT_THERE,
    ),
    _lookalike(
        "the path of a file",
        rf"(?:~|\.{{1,2}}|[A-Za-z]:)?[/\\]?{_WORDS}(?:[/\\]{_WORDS})+\Z",
        rf"[\w ./\\~@+-]+\.(?:{_FILE_TYPES})\Z",
        r"(?:~|\.{1,2}|[A-Za-z]:)[/\\]\w",
        r"\\\\\w+\\\w",
        r"(?:\$[A-Z_]{3,}|%[A-Z_]{3,}%)[/\\]",
        # No base64 has - or _ or a dot, hardly any is without capitals.
        r"/(?:etc|run|var|home|root|opt|usr|srv|mnt|tmp|nix|data|app|secrets|Users)/"
        r"(?:(?=.*[-_.])[\w./@~+-]+|[a-z0-9/]+)\Z",
        marks="/\\.",
        remedy="TOKENGUARD_KEY_FILE takes a file's name, as do `file` in TOKENGUARD_KEYS,"
        " `key_file` in TOKENGUARD_ENCRYPTION and `jwks_file` in TOKENGUARD_ISSUERS",
    ),
    _lookalike(
        "a line of a .env file",
        # What follows is no padding of base32 or base64.
        rf"(?:export\s+)?(?:(?:[A-Z][A-Z0-9]*_)+[A-Z0-9]+|KEY|SECRET|PASSWORD|TOKEN"
        rf"|{_LOWER_CASE_NAMES})\s*=\s*[^=\s]",
        marks="=",
        remedy="give what stands after the = alone",
    ),
    _lookalike(
        "markup or source code",
        r"<[?!]?[A-Za-z].*>\Z",
        r"#!/",
        r"\{\s*[\"']\w+[\"']\s*:",
        r"\[\s*[\[{\"'].*\]\Z",
        r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+[\[(].*[\])];?\Z",
        r"[A-Za-z_]\w*[\[(][\"'].*[\])];?\Z",
        r"[A-Za-z_][\w.]*\s*(?:=|:|:=|=>)\s*([\"'`]).*\1[;,]?\Z",
        r"(?:process\.env|import\.meta\.env|secrets|env)\.[A-Z_]+\Z",
        marks="<#[(=:.",
        remedy="give the secret alone",
    ),
)
