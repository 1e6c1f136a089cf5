"""The table of rooms that were made to last."""

from sqlalchemy import Boolean, Column, Double, Integer, Table, Text

from .base import KEY_TEXT, metadata

rooms = Table(
    "rooms",
    metadata,
    Column("name", KEY_TEXT, primary_key=True),
    Column("title", Text, nullable=False),
    Column("owner", Text),
    Column("guests", Boolean),
    Column("max_members", Integer),
    Column("stage", Integer, nullable=False),
    Column("audience", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("pin", Text, nullable=False, server_default=""),
)
