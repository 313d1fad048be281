"""The apps that are compared, one module each, which imports nothing that its app does not need.

All serve the same view, which does not look at the claims, and each is configured as its own
documentation says.
"""
