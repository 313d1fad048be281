"""The apps that are compared, one module each, which imports nothing that its app does not need.

All serve the same view, which does not look at the claims, and each is configured as its own
documentation says. Beside them are the keys that they take, and what runs one of them in a process
of its own: for one request, or behind gunicorn.
"""
