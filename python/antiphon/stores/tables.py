"""The tables, as the newest migration leaves them. Says nothing of who uses them."""

from sqlalchemy import (
    BigInteger,
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
    Column("pin", Text, nullable=False, server_default=""),
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

# Registered contacts of telephones; `place` numbers those of an account.
bindings = Table(
    "bindings",
    metadata,
    Column("domain", KEY_TEXT, primary_key=True),
    Column("local", KEY_TEXT, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("uri", Text, nullable=False),
    Column("transport", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("nat", Boolean, nullable=False),
    Column("path", Text, nullable=False),
    Column("instance", Text, nullable=False),
    Column("reg_id", BigInteger, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("cseq", BigInteger, nullable=False),
    Column("priority", Double, nullable=False),
    Column("agent", Text, nullable=False),
    Column("expires_at", Double, nullable=False),
    sqlite_with_rowid=False,
)
