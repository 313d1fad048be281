"""A request -> the one token that it carries, unverified, and whether it may come from there.

Start at `locations.find_token`.
"""
