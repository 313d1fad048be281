"""One app in two versions that serve at once: a database, a secret, and a proxy before both."""
