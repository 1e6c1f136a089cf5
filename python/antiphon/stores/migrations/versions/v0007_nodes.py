"""Published items and private data of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "nodes",
        sa.Column("account", KEY_TEXT, primary_key=True),
        sa.Column("node", KEY_TEXT, primary_key=True),
        sa.Column("settings", sa.Text, nullable=False),
    )
    op.create_table(
        "node_items",
        sa.Column("account", KEY_TEXT, primary_key=True),
        sa.Column("node", KEY_TEXT, primary_key=True),
        sa.Column("item", KEY_TEXT, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("published_at", sa.Double, nullable=False),
        sa.Column("publisher", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
    )
    in_order = ["account", "node", "position"]
    op.create_index("node_items_in_order", "node_items", in_order, unique=True)
    op.create_table(
        "private_data",
        sa.Column("account", KEY_TEXT, primary_key=True),
        sa.Column("name", KEY_TEXT, primary_key=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
