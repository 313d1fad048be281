"""Servers that are made of an issuer's library, each run as a program of its own."""
