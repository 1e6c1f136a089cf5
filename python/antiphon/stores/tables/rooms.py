"""The tables of rooms that were made to last, and of what accounts are to them."""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    false,
    true,
)

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
    Column("description", Text, nullable=False, server_default=""),
    Column("listed", Boolean, nullable=False, server_default=true()),
    Column("members_only", Boolean, nullable=False, server_default=false()),
    Column("moderated", Boolean, nullable=False, server_default=false()),
    Column("password", Text, nullable=False, server_default=""),
    Column("addresses_for", Text, nullable=False, server_default="listener"),
    Column("may_whisper", Text, server_default="listener"),
    Column("may_invite", Text, server_default="listener"),
    Column("may_set_subject", Text, server_default="moderator"),
    Column("archived", Boolean, nullable=False, server_default=true()),
    Column("history", Integer, nullable=False, server_default="50"),
    Column("subject", Text, nullable=False, server_default=""),
    Column("subject_by", Text),
    Column("subject_name", Text, nullable=False, server_default=""),
    Column("subject_at", Double, nullable=False, server_default="0"),
)

affiliations = Table(
    "affiliations",
    metadata,
    Column(
        "room",
        KEY_TEXT,
        ForeignKey("rooms.name", ondelete="CASCADE"),
        primary_key=True,
        nullable=False,
    ),
    Column("account", KEY_TEXT, primary_key=True, nullable=False),
    Column("affiliation", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("nick", Text, nullable=False, server_default=""),
)
# To list an account's rooms, and to forget it.
affiliations_by_account = Index("affiliations_by_account", affiliations.c.account)
rooms_by_owner = Index("rooms_by_owner", rooms.c.owner)
