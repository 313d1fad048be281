"""Tools that tests share and that flask_tokenguard.testing does not have."""
