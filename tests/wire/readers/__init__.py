"""Real readers of our tokens, from our key set and from our PEM."""
