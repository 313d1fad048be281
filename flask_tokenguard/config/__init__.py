"""TOKENGUARD_* settings -> `Settings`, checked, with every fault at once.

Start at `settings.Settings`: one field is one key. No Flask here.
"""
