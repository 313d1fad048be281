"""A request -> the one token that it carries, unverified, and whether it may come from there.

Start at `places.Places`: it makes the locations at which `authentication` looks.
"""
