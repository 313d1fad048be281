"""An app's parts -> the risks in its configuration: why each is one, and what to set instead.

Start at `findings.examine`. Each topic is a file, with the table of its risks and what finds them.
"""
