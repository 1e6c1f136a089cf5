"""Archives of accounts beside those of rooms, contacts and read marks."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
AT_ONCE = 500


def upgrade() -> None:
    """Make the tables, and bring over the messages of rooms."""
    op.drop_index("messages_by_origin", "messages")
    op.rename_table("messages", "messages_before")
    _messages()
    _bring_over()
    op.drop_table("messages_before")
    _archives()
    _contacts()


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", KEY_TEXT, nullable=False),
        sa.Column("sender", KEY_TEXT, nullable=False),
        sa.Column("target", KEY_TEXT, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("about", KEY_TEXT),
        sa.Column("more", sa.Text, nullable=False),
        # The table before has the name that PostgreSQL would give.
        sa.PrimaryKeyConstraint("id", name="messages_by_id"),
        sqlite_with_rowid=False,
    )
    about = sa.text("about IS NOT NULL")
    op.create_index(
        "messages_about", "messages", ["about"], sqlite_where=about, postgresql_where=about
    )
    op.create_table(
        "archive_entries",
        sa.Column("archive", KEY_TEXT, primary_key=True),
        sa.Column("id", KEY_TEXT, primary_key=True),
        sa.Column("peer", KEY_TEXT),
        sa.Column("part", sa.SmallInteger, nullable=False),
        sa.Column("waiting", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    waiting = sa.text("waiting")
    op.create_index(
        "archive_entries_waiting",
        "archive_entries",
        ["archive", "id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def _bring_over() -> None:
    connection = op.get_bind()
    message = sa.text(
        "INSERT INTO messages (id, sender, target, text, more)"
        " VALUES (:id, :sender, :target, :text, :more) ON CONFLICT DO NOTHING"
    )
    # Ids tell messages of all rooms apart, as each node counts its own; should two be the same all
    # the same, only one is kept.
    entry = sa.text(
        "INSERT INTO archive_entries (archive, id, part, waiting)"
        " SELECT target, id, 1, false FROM messages WHERE id = :id AND target = :target"
    )
    for batch in _batches(connection):
        rows = [_row(row) for row in batch]
        connection.execute(message, rows)
        connection.execute(entry, rows)


def _batches(connection: sa.Connection) -> Iterator[list[Any]]:
    some = sa.text(
        "SELECT room, id, sender, name, text, origin_id FROM messages_before"
        " WHERE room > :room OR (room = :room AND id > :id) ORDER BY room, id LIMIT :limit"
    )
    last: dict[str, Any] = {"room": "", "id": "", "limit": AT_ONCE}
    while batch := list(connection.execute(some, last)):
        yield batch
        last |= {"room": batch[-1].room, "id": batch[-1].id}


def _row(row: Any) -> dict[str, Any]:
    sender, _, device = row.sender.partition("/")
    more = {"name": row.name, "device": device, "origin": row.origin_id}
    return {
        "id": row.id,
        "sender": sender,
        "target": row.room,
        "text": row.text,
        "more": json.dumps({key: value for key, value in more.items() if value}),
    }


def _archives() -> None:
    op.create_table(
        "marks",
        sa.Column("account", KEY_TEXT, primary_key=True),
        sa.Column("peer", KEY_TEXT, primary_key=True),
        sa.Column("received", KEY_TEXT, nullable=False),
        sa.Column("displayed", KEY_TEXT, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "archive_keepings",
        sa.Column("account", KEY_TEXT, primary_key=True),
        sa.Column("keep", sa.Text, nullable=False),
        sa.Column("always", sa.Text, nullable=False),
        sa.Column("never", sa.Text, nullable=False),
    )


def _contacts() -> None:
    flags = ("sees", "seen", "asked", "asking", "approved", "listed")
    op.create_table(
        "contacts",
        sa.Column("account", KEY_TEXT, primary_key=True),
        sa.Column("address", KEY_TEXT, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("groups", sa.Text, nullable=False),
        *(sa.Column(flag, sa.Boolean, nullable=False) for flag in flags),
        sa.Column("request", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("contacts_by_address", "contacts", ["address", "account"])
    op.create_table(
        "contact_versions",
        sa.Column("account", KEY_TEXT, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "blocks",
        sa.Column("account", KEY_TEXT, primary_key=True),
        sa.Column("other", KEY_TEXT, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "last_seen",
        sa.Column("account", KEY_TEXT, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
    )
