"""What happened, as blinker signals; the sender is the app, and the token is never sent.

Attributes:
    token_issued: With `claims`, the dict that was signed.
    token_accepted: With `token`, the `VerifiedToken`.
    token_rejected: With `error`, the `Rejected` or `Unavailable`; its `reason` says why.
    refresh_reused: With `subject` and `sid`: a refresh token came twice, and its session has ended.
"""

from blinker import Namespace

_signals = Namespace()

token_issued = _signals.signal("token-issued")
token_accepted = _signals.signal("token-accepted")
token_rejected = _signals.signal("token-rejected")
refresh_reused = _signals.signal("refresh-reused")
