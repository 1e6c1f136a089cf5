"""The record of calls; a PIN for those who dial into a room."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what telephones need."""
    op.add_column("rooms", sa.Column("pin", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "calls",
        sa.Column("key", KEY_TEXT, primary_key=True),
        sa.Column("id", KEY_TEXT, nullable=False),
        sa.Column("node", KEY_TEXT, nullable=False),
        sa.Column("room", KEY_TEXT, nullable=False),
        sa.Column("caller", KEY_TEXT, nullable=False),
        sa.Column("caller_account", KEY_TEXT, nullable=False),
        sa.Column("caller_name", sa.Text, nullable=False),
        sa.Column("callee", KEY_TEXT, nullable=False),
        sa.Column("callee_account", KEY_TEXT, nullable=False),
        sa.Column("video", sa.Boolean, nullable=False),
        sa.Column("state", KEY_TEXT, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("answered_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("answered_by", KEY_TEXT),
        sa.Column("reason", KEY_TEXT),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("calls_by_id", "calls", ["id", "started_at"], unique=True)
    op.create_index("calls_by_caller", "calls", ["caller_account", "key"])
    op.create_index("calls_by_callee", "calls", ["callee_account", "key"])
    running = sa.text("state <> 'ended'")
    op.create_index(
        "calls_running", "calls", ["node"], sqlite_where=running, postgresql_where=running
    )
