"""Tables of accounts and what their passwords were turned into."""

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, LargeBinary, Table, Text

from .base import KEY_TEXT, metadata

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
