"""Servers and proxies: what reaches an app through each, and what becomes of the connection."""
