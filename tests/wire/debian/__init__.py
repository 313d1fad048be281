"""Readers of our tokens that Debian brings, set up as docs/compatibility.md has it."""
