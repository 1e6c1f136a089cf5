"""Roles, invitations, profiles, files and push."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _accounts()
    _one_time_tokens()
    _profiles()
    _files()
    _push()


def _accounts() -> None:
    op.add_column("accounts", sa.Column("role", sa.Text, nullable=False, server_default="user"))
    op.add_column("accounts", sa.Column("storage", sa.BigInteger))
    op.add_column("accounts", sa.Column("message_rate", sa.Double))
    op.add_column("accounts", sa.Column("sessions", sa.Integer))
    op.execute("UPDATE accounts SET role = 'admin' WHERE admin")
    op.drop_column("accounts", "admin")


def _account(*, primary_key: bool) -> sa.Column[str]:
    there = sa.ForeignKey("accounts.id", ondelete="CASCADE")
    return sa.Column("account", KEY_TEXT, there, primary_key=primary_key, nullable=False)


def _one_time_tokens() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", KEY_TEXT, primary_key=True),
        sa.Column("hash", KEY_TEXT, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("room", sa.Text),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
    )
    op.create_index("invitations_by_hash", "invitations", ["hash"], unique=True)
    op.create_table(
        "resets",
        sa.Column("hash", KEY_TEXT, primary_key=True),
        _account(primary_key=False),
        sa.Column("expires_at", sa.Double, nullable=False),
    )
    op.create_index("resets_by_account", "resets", ["account"])


def _profiles() -> None:
    op.create_table(
        "profiles",
        _account(primary_key=True),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
    )
    op.create_table(
        "avatars",
        _account(primary_key=True),
        sa.Column("id", KEY_TEXT, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("thumbnail", sa.LargeBinary, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
    )
    op.create_index("avatars_by_id", "avatars", ["id"])


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("id", KEY_TEXT, primary_key=True),
        sa.Column("account", KEY_TEXT, sa.ForeignKey("accounts.id", ondelete="SET NULL")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("stored_at", sa.Double),
        sa.Column("expires_at", sa.Double),
        sa.Column("digest", sa.Text),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("thumbnail", sa.Boolean, nullable=False),
    )
    op.create_index("files_by_account", "files", ["account", "created_at", "id"])
    op.create_index("files_by_expiry", "files", ["expires_at"])


def _push() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("id", KEY_TEXT, primary_key=True),
        _account(primary_key=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("auth", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index(
        "push_subscriptions_by_account", "push_subscriptions", ["account", "created_at"]
    )
