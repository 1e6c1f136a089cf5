"""The table of uploaded files; their bytes are elsewhere, by the same id."""

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, Table, Text

from .base import KEY_TEXT, metadata

# Without `stored_at` it is a slot that waits for its upload. A file whose account has gone has no
# account any more, and is deleted by the next sweep.
files = Table(
    "files",
    metadata,
    Column("id", KEY_TEXT, primary_key=True),
    Column("account", KEY_TEXT, ForeignKey("accounts.id", ondelete="SET NULL")),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("stored_at", Double),
    Column("expires_at", Double),
    Column("digest", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("thumbnail", Boolean, nullable=False),
    Index("files_by_account", "account", "created_at", "id"),
    Index("files_by_expiry", "expires_at"),
)
