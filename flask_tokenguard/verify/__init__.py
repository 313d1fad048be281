"""Text -> `VerifiedToken`.

Start at `verifier.TokenVerifier.verify`. No Flask from here down.
"""
