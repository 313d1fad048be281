"""The embedded store: one SQLite file for all processes of one machine.

Start at `store.SqliteStore`.
"""
