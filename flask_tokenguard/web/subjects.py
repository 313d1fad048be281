"""Subjects: an issuer and a name, since `sub` is unique within its issuer alone (RFC 7519 4.1.2).

What takes a subject takes the `Claims`, which hold both, or a text that is ours. The name in a
foreign token is no such text: another issuer's alice is not our alice.
"""

from typing import NamedTuple

from flask import has_request_context

from ..errors import InvalidToken, Reason
from ..issue.ids import subject_id
from ..verify.claims import Claims
from .authentication import current_request, find_authentication
from .parts import Parts


class Subject(NamedTuple):
    """The subject of a token: who it stands for.

    Attributes:
        issuer: The `iss` of its tokens; None for us where we have none.
        name: The `sub`.
    """

    issuer: str | None
    name: str

    @property
    def id(self) -> bytes:
        """Its id in a store."""
        return subject_id(self.issuer, self.name)


def read_subject(
    parts: Parts, subject: str | Claims, *, issuer: str | None = None, remedy: str = ""
) -> Subject:
    """Read a subject that a view names.

    Args:
        parts: Those of the app.
        subject: The claims of its token, or its name.
        issuer: Whose subject a name is; None for ours.
        remedy: What a view may do instead of passing the claims, for the error.

    Raises:
        InvalidToken: The claims have no `sub`, so that they mean nobody.
        TypeError: The subject is neither, the claims have an issuer beside them, or the name is
            that of a foreign token.
    """
    if isinstance(subject, Claims):
        if issuer is not None:
            raise TypeError("issuer= goes with a text; the claims hold their own iss")
        name = subject.subject
        if not isinstance(name, str) or not name:
            raise InvalidToken("The token has no sub", claim="sub", reason=Reason.MISSING_CLAIM)
        return Subject(subject.issuer, name)
    if not isinstance(subject, str):
        raise TypeError(
            "the subject must be the Claims of a token, such as g.claims, or a text that is ours;"
            f" it is of type {type(subject).__name__}"
        )
    if issuer is not None:
        return Subject(issuer, subject)
    check_ours("sub", subject, f"pass g.claims{remedy}")
    return Subject(parts.issuer.issuer, subject)


def check_ours(claim: str, text: str, remedy: str) -> None:
    """Refuse a text without an issuer that was taken from this request's foreign token.

    Args:
        claim: From which claim of the token it would be.
        text: What stands for one of ours.
        remedy: What to write instead.

    Raises:
        TypeError: It equals that claim.
    """
    if not has_request_context():
        return
    # Where nothing was verified for the request yet, the text is not from there.
    authentication = find_authentication(current_request())
    token = None if authentication is None else authentication.token
    if token is not None and not token.is_own and token.claims.get(claim) == text:
        raise TypeError(
            f"the text is the {claim} of this request's token, which another issuer made, and means"
            f" one of ours; {remedy}"
        )
