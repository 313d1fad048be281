"""Tokens of real issuers, accepted and refused."""
