"""What outlives a token: refresh tokens, sessions, revocation (RFC 9700 section 4.14).

Start at `rotation.Sessions.rotate` for a refresh, at `revocation.Revocation.check` for a refusal.
"""
