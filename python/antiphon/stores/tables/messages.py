"""The table of messages."""

from sqlalchemy import Column, Double, Index, Table, Text

from .base import KEY_TEXT, metadata

# A page of a room is one walk along the primary key, which on SQLite is the table itself.
messages = Table(
    "messages",
    metadata,
    Column("room", KEY_TEXT, primary_key=True),
    Column("id", KEY_TEXT, primary_key=True),
    Column("sender", KEY_TEXT, nullable=False),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("sent_at", Double, nullable=False),
    Column("origin_id", KEY_TEXT),
    sqlite_with_rowid=False,
)

# NULLs are distinct: messages without an origin id never collide.
messages_by_origin = Index(
    "messages_by_origin",
    messages.c.room,
    messages.c.sender,
    messages.c.origin_id,
    unique=True,
    sqlite_where=messages.c.origin_id.is_not(None),
    postgresql_where=messages.c.origin_id.is_not(None),
)
