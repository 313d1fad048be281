"""JOSE without policy: parsing, keys and signatures (RFC 7515, RFC 7517, RFC 7518).

Nothing here decides whether a token is acceptable; `verify` does that.
"""
