"""The table of calls."""

from sqlalchemy import Boolean, Column, Double, Index, Table, Text

from .base import KEY_TEXT, metadata

# `key` sorts by time; `id` may be the caller's own, who may use it again. Addresses stand twice:
# with their device, and as the account that pages are asked for.
calls = Table(
    "calls",
    metadata,
    Column("key", KEY_TEXT, primary_key=True),
    Column("id", KEY_TEXT, nullable=False),
    Column("node", KEY_TEXT, nullable=False),
    Column("room", KEY_TEXT, nullable=False),
    Column("caller", KEY_TEXT, nullable=False),
    Column("caller_account", KEY_TEXT, nullable=False),
    Column("caller_name", Text, nullable=False),
    Column("callee", KEY_TEXT, nullable=False),
    Column("callee_account", KEY_TEXT, nullable=False),
    Column("video", Boolean, nullable=False),
    Column("state", KEY_TEXT, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("answered_at", Double),
    Column("ended_at", Double),
    Column("answered_by", KEY_TEXT),
    Column("reason", KEY_TEXT),
    Column("text", Text, nullable=False),
    Index("calls_by_id", "id", "started_at", unique=True),
    Index("calls_by_caller", "caller_account", "key"),
    Index("calls_by_callee", "callee_account", "key"),
)

# Few calls run; a node asks for its own once, when it starts.
calls_running = Index(
    "calls_running",
    calls.c.node,
    sqlite_where=calls.c.state != "ended",
    postgresql_where=calls.c.state != "ended",
)
