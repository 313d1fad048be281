"""Members: claims and header parameters of the app's own, none of them reserved, and their JSON."""

from collections.abc import Mapping
from typing import Any

from ..arguments.hints import OPTIONS, advise
from ..errors import IssueError
from ..jose import strict_json
from .options import IssueOptions, check_mapping

RESERVED_CLAIMS = frozenset(
    "iss sub aud exp iat nbf jti scope client_id sid cnf auth_time csrf".split()
)
RESERVED_HEADERS = frozenset("alg typ kid cty crit b64 jwk jku x5u x5c x5t x5t#S256 zip".split())


def add_own(
    target: dict[str, Any], members: Mapping[str, Any], reserved: frozenset[str], what: str
) -> None:
    """Add members of the app's own to those of a token.

    Args:
        target: The claims or the header of the token, to which they are added.
        members: What the app gave.
        reserved: The names that are ours to write.
        what: `claim` or `header`, for messages.

    Raises:
        IssueError: They are no mapping, or a name is no text or reserved.
    """
    check_mapping("claims" if what == "claim" else what, members)
    for name, value in members.items():
        if not isinstance(name, str):
            raise IssueError(f"the {what} name {name!r} is not a str")
        if name in reserved:
            raise IssueError(f"the {what} {name} is reserved; {_advice(name)}")
        target[name] = value


def _advice(name: str) -> str:
    if name not in RESERVED_CLAIMS | RESERVED_HEADERS:
        return "TOKENGUARD_FORMER_TOKENS has it written; name yours otherwise"
    if name in IssueOptions.__annotations__:
        return f"write {name}="
    otherwise = "see the arguments of issue_token"
    return advise(name, (), OPTIONS, shape="{}=", otherwise=otherwise)


def encode(members: Mapping[str, Any], what: str) -> bytes:
    """Encode members in JSON.

    Args:
        members: Claims, or those of a header.
        what: What they are, for the message.

    Raises:
        IssueError: A value cannot be written as JSON; the message names the place.
    """
    try:
        return strict_json.dump_object(members)
    except (TypeError, ValueError) as error:
        place = f"{what}{strict_json.find_fault(members)}"
        raise IssueError(f"{place} cannot be written as JSON: {error}") from error
