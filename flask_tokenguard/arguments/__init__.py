"""What people write in calls, settings and commands -> a value, or an error with what to write.

Start at `hints.advise`; `files.NamedFile` is for names of files.
"""
