"""Tables of accounts: their keys, who is invited, and how they show themselves."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from .base import KEY_TEXT, metadata

# `storage`, `message_rate`, `sessions`: limits of this account; NULL: as configured.
accounts = Table(
    "accounts",
    metadata,
    Column("id", KEY_TEXT, primary_key=True),
    Column("domain", KEY_TEXT, nullable=False),
    Column("local", KEY_TEXT, nullable=False),
    Column("name", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("stamp", Text, nullable=False),
    Column("role", Text, nullable=False, server_default="user"),
    Column("storage", BigInteger),
    Column("message_rate", Double),
    Column("sessions", Integer),
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

# What happened lately, for the other processes that share the database. `what`: changed, voided or
# removed; `account`: its id; `author`: names the process; `at`: seconds since 1970.
account_changes = Table(
    "account_changes",
    metadata,
    Column("key", KEY_TEXT, primary_key=True),
    Column("account", KEY_TEXT, nullable=False),
    Column("domain", KEY_TEXT, nullable=False),
    Column("local", KEY_TEXT, nullable=False),
    Column("what", KEY_TEXT, nullable=False),
    Column("author", KEY_TEXT, nullable=False),
    Column("at", Double, nullable=False),
    Index("account_changes_by_time", "at"),
)

# One-time tokens are kept as their hashes: who reads the database cannot use them.
invitations = Table(
    "invitations",
    metadata,
    Column("id", KEY_TEXT, primary_key=True),
    Column("hash", KEY_TEXT, nullable=False),
    Column("role", Text, nullable=False),
    Column("room", Text),
    Column("made_by", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("invitations_by_hash", "hash", unique=True),
)

resets = Table(
    "resets",
    metadata,
    Column("hash", KEY_TEXT, primary_key=True),
    Column("account", KEY_TEXT, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("resets_by_account", "account"),
)

# `fields`: JSON, as `services/profiles` writes it.
profiles = Table(
    "profiles",
    metadata,
    Column("account", KEY_TEXT, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("fields", Text, nullable=False),
    Column("changed_at", Double, nullable=False),
)

avatars = Table(
    "avatars",
    metadata,
    Column("account", KEY_TEXT, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("id", KEY_TEXT, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("thumbnail", LargeBinary, nullable=False),
    Column("changed_at", Double, nullable=False),
    Index("avatars_by_id", "id"),
)
