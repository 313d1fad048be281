"""An app in testing mode -> tokens, good and broken, a clock and an issuer, for an app's own tests.

Start at `tokens.token_for`. `stores` has the tests of a store, and alone needs pytest.
"""

from .broken import broken_token
from .challenges import assert_challenge, challenge_parameters
from .clock import SettableClock, settable_clock
from .issuer import LoopbackIssuer
from .tokens import client_with, revoked, session_ended, subject_ended, token_for, user_gone

__all__ = [
    "LoopbackIssuer",
    "SettableClock",
    "assert_challenge",
    "broken_token",
    "challenge_parameters",
    "client_with",
    "revoked",
    "session_ended",
    "settable_clock",
    "subject_ended",
    "token_for",
    "user_gone",
]
