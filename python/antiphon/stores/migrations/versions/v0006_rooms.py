"""Affiliations and further settings of rooms."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables. Rooms that there are behave as before."""
    for name in ("description", "password", "subject", "subject_name"):
        op.add_column("rooms", sa.Column(name, sa.Text, nullable=False, server_default=""))
    for name, value in (("listed", True), ("members_only", False), ("moderated", False)):
        _boolean(name, value)
    _boolean("archived", True)
    listener = sa.Column("addresses_for", sa.Text, nullable=False, server_default="listener")
    op.add_column("rooms", listener)
    op.add_column("rooms", sa.Column("history", sa.Integer, nullable=False, server_default="50"))
    op.add_column("rooms", sa.Column("subject_by", sa.Text))
    op.add_column("rooms", sa.Column("subject_at", sa.Double, nullable=False, server_default="0"))
    roles = (
        ("may_whisper", "listener"),
        ("may_invite", "listener"),
        ("may_set_subject", "moderator"),
    )
    for name, role in roles:
        # Empty means nobody: what is there already must not be that.
        op.add_column("rooms", sa.Column(name, sa.Text, server_default=role))
    op.create_index("rooms_by_owner", "rooms", ["owner"])
    _affiliations()


def _boolean(name: str, value: bool) -> None:
    default = sa.true() if value else sa.false()
    op.add_column("rooms", sa.Column(name, sa.Boolean, nullable=False, server_default=default))


def _affiliations() -> None:
    op.create_table(
        "affiliations",
        sa.Column(
            "room",
            KEY_TEXT,
            sa.ForeignKey("rooms.name", ondelete="CASCADE"),
            primary_key=True,
            nullable=False,
        ),
        sa.Column("account", KEY_TEXT, primary_key=True, nullable=False),
        sa.Column("affiliation", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("nick", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("affiliations_by_account", "affiliations", ["account"])
