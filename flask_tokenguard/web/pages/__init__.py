"""A person at a browser: a session that goes on by itself.

Start at `sliding.authenticate_sliding`.
"""
