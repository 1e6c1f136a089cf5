"""The tables of contacts: whom accounts know and block, and when they were last there."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Table, Text

from .base import KEY_TEXT, metadata

# `groups`: JSON. `request`: what somebody wrote who asks.
contacts = Table(
    "contacts",
    metadata,
    Column("account", KEY_TEXT, primary_key=True),
    Column("address", KEY_TEXT, primary_key=True),
    Column("name", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("sees", Boolean, nullable=False),
    Column("seen", Boolean, nullable=False),
    Column("asked", Boolean, nullable=False),
    Column("asking", Boolean, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("request", Text, nullable=False),
    Index("contacts_by_address", "address", "account"),
    sqlite_with_rowid=False,
)

# Another number after each change of a list.
contact_versions = Table(
    "contact_versions",
    metadata,
    Column("account", KEY_TEXT, primary_key=True),
    Column("version", BigInteger, nullable=False),
)

# `other`: a bare address, or a domain.
blocks = Table(
    "blocks",
    metadata,
    Column("account", KEY_TEXT, primary_key=True),
    Column("other", KEY_TEXT, primary_key=True),
    sqlite_with_rowid=False,
)

last_seen = Table(
    "last_seen",
    metadata,
    Column("account", KEY_TEXT, primary_key=True),
    Column("at", Double, nullable=False),
)
