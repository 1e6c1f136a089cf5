"""The table of telephones' registered contacts."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, Table, Text

from .base import KEY_TEXT, metadata

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
