"""Accounts and their keys, stored rooms, messages of rooms."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the first tables."""
    _accounts()
    _rooms()
    _messages()


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", KEY_TEXT, primary_key=True),
        sa.Column("domain", KEY_TEXT, nullable=False),
        sa.Column("local", KEY_TEXT, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("admin", sa.Boolean, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("stamp", sa.Text, nullable=False),
    )
    op.create_index("accounts_by_address", "accounts", ["domain", "local"], unique=True)
    account = sa.ForeignKey("accounts.id", ondelete="CASCADE")
    op.create_table(
        "account_keys",
        sa.Column("account", KEY_TEXT, account, primary_key=True),
        sa.Column("kind", KEY_TEXT, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("iterations", sa.Integer, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )


def _rooms() -> None:
    op.create_table(
        "rooms",
        sa.Column("name", KEY_TEXT, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("guests", sa.Boolean),
        sa.Column("max_members", sa.Integer),
        sa.Column("stage", sa.Integer, nullable=False),
        sa.Column("audience", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("room", KEY_TEXT, primary_key=True),
        sa.Column("id", KEY_TEXT, primary_key=True),
        sa.Column("sender", KEY_TEXT, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("sent_at", sa.Double, nullable=False),
        sa.Column("origin_id", KEY_TEXT),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "messages_by_origin",
        "messages",
        ["room", "sender", "origin_id"],
        unique=True,
        sqlite_where=sa.text("origin_id IS NOT NULL"),
        postgresql_where=sa.text("origin_id IS NOT NULL"),
    )
