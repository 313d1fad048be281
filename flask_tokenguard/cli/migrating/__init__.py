"""The move from flask-jwt-extended: its names beside ours, a codemod, a reader of its config.

Start at `settings` and `names`, the table; `codemod` and `config` read it.
"""
