"""A subject and its options -> the text of a token.

Start at `issuer.TokenIssuer.issue`.
"""
