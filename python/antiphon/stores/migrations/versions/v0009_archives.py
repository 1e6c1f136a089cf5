"""The places of archives become part of the messages themselves."""

from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
AT_ONCE = 500

_BEFORE = sa.text(
    "SELECT id, sender, target, text, about, more FROM messages_before"
    " WHERE id > :id ORDER BY id LIMIT :limit"
)
# Of a message to oneself the place is the sender's, and so the target's.
_PLACES = sa.text(
    "SELECT p.id, p.archive, p.part, p.waiting FROM messages_before m"
    " JOIN archive_entries p ON p.id = m.id AND p.archive IN (m.sender, m.target)"
    " WHERE m.id > :first AND m.id <= :last"
)


def upgrade() -> None:
    """Make the table anew, with what the former two say."""
    op.drop_index("messages_about", "messages")
    op.rename_table("messages", "messages_before")
    _make()
    _bring_over(op.get_bind())
    op.drop_index("archive_entries_waiting", "archive_entries")
    op.drop_table("archive_entries")
    op.drop_table("messages_before")
    _index()


def _make() -> None:
    flags = ("sender_keeps", "target_keeps", "waiting")
    op.create_table(
        "messages",
        sa.Column("id", KEY_TEXT, nullable=False),
        sa.Column("sender", KEY_TEXT, nullable=False),
        sa.Column("target", KEY_TEXT, nullable=False),
        sa.Column("sender_number", sa.BigInteger, nullable=False),
        sa.Column("target_number", sa.BigInteger, nullable=False),
        *(sa.Column(flag, sa.Boolean, nullable=False) for flag in flags),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("about", KEY_TEXT),
        sa.Column("more", sa.Text, nullable=False),
        # The table before has the name that an earlier migration gave.
        sa.PrimaryKeyConstraint("id", name="messages_in_order"),
        sqlite_with_rowid=False,
    )


def _index() -> None:
    """Once all is there: that is faster."""
    about = sa.text("about IS NOT NULL")
    op.create_index(
        "messages_about", "messages", ["about"], sqlite_where=about, postgresql_where=about
    )
    for name, columns, flag in (
        ("messages_sent", ["sender_number", "id", "target_number", "about"], "sender_keeps"),
        ("messages_received", ["target_number", "id", "sender_number", "about"], "target_keeps"),
        ("messages_waiting", ["target_number", "id"], "waiting"),
    ):
        # SQLite 3.40 looks at the rows if the index does not have the flag itself.
        columns = columns if flag == "waiting" else [*columns, flag]
        op.create_index(
            name,
            "messages",
            columns,
            # As queries have it: SQLite takes no other spelling for the same.
            sqlite_where=sa.text(f"{flag} = 1"),
            postgresql_where=sa.text(flag),
        )


def _bring_over(connection: sa.Connection) -> None:
    names = (
        "id, sender, target, sender_number, target_number, sender_keeps, target_keeps, waiting,"
        " text, about, more"
    )
    values = ", ".join(f":{name.strip()}" for name in names.split(","))
    insert = sa.text(f"INSERT INTO messages ({names}) VALUES ({values})")  # noqa: S608
    last = ""
    while batch := connection.execute(_BEFORE, {"id": last, "limit": AT_ONCE}).all():
        span = {"first": last, "last": batch[-1].id}
        places: dict[str, list[Any]] = {}
        for place in connection.execute(_PLACES, span):
            places.setdefault(place.id, []).append(place)
        last = batch[-1].id
        rows = [_row(row, places[row.id]) for row in batch if row.id in places]
        if rows:
            connection.execute(insert, rows)


def _row(row: Any, places: list[Any]) -> dict[str, Any]:
    archives = {place.archive for place in places}
    return {
        "id": row.id,
        "sender": row.sender,
        "target": row.target,
        "sender_number": _number(row.sender),
        "target_number": _number(row.target),
        "sender_keeps": row.sender in archives and row.sender != row.target,
        "target_keeps": row.target in archives,
        "waiting": any(place.waiting and place.archive == row.target for place in places),
        "text": row.text,
        # What is a part of its conversation changes no other message, whatever it names.
        "about": None if any(place.part for place in places) else row.about,
        "more": row.more,
    }


def _number(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) >> 1
