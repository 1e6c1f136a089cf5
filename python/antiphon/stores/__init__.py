"""Where data lasts: one schema on SQLite or PostgreSQL.

Knows the core's records, and neither services nor protocols.
"""
