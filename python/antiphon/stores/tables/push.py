"""The table of subscriptions to push messages."""

from sqlalchemy import Column, Double, ForeignKey, Index, LargeBinary, Table, Text

from .base import KEY_TEXT, metadata

# `id` is made of account and endpoint: to subscribe again replaces.
push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    Column("id", KEY_TEXT, primary_key=True),
    Column("account", KEY_TEXT, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("device", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("auth", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    Index("push_subscriptions_by_account", "account", "created_at"),
)
