"""A view -> what it demands of a request, and whether a request meets it.

Start at `decorators.token_required`.
"""
