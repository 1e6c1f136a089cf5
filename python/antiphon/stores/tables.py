"""The tables, as the newest migration leaves them. Says nothing of who uses them."""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

# Keys are compared byte by byte on every database: their order is part of what pages promise.
KEY_TEXT = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData()

accounts = Table(
    "accounts",
    metadata,
    Column("id", KEY_TEXT, primary_key=True),
    Column("domain", KEY_TEXT, nullable=False),
    Column("local", KEY_TEXT, nullable=False),
    Column("name", Text, nullable=False),
    Column("admin", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("stamp", Text, nullable=False),
    Index("accounts_by_address", "domain", "local", unique=True),
)

account_keys = Table(
    "account_keys",
    metadata,
    Column("account", KEY_TEXT, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", KEY_TEXT, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("iterations", Integer, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

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
)

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
