"""`Settings` -> `Parts`, the objects that serve one app.

Start at `app.build_parts`. Only this folder knows both the settings and the classes they configure.
"""
