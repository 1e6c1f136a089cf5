"""What happened to accounts lately, for the other processes that share the database."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "account_changes",
        sa.Column("key", KEY_TEXT, primary_key=True),
        sa.Column("account", KEY_TEXT, nullable=False),
        sa.Column("domain", KEY_TEXT, nullable=False),
        sa.Column("local", KEY_TEXT, nullable=False),
        sa.Column("what", KEY_TEXT, nullable=False),
        sa.Column("author", KEY_TEXT, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
    op.create_index("account_changes_by_time", "account_changes", ["at"])
