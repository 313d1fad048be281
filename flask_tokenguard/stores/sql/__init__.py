"""The store in a database: PostgreSQL, MariaDB or MySQL, by SQLAlchemy Core.

Start at `store.SQLStore`; what the databases write in their own ways is in `dialects`.
"""
