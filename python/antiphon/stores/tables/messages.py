"""The tables of messages: what was written, once, and in which archives it stands."""

from sqlalchemy import Boolean, Column, Index, SmallInteger, Table, Text

from .base import KEY_TEXT, metadata

# `sender` and `target` are bare addresses; `more` is JSON of what is not searched for. When it was
# sent, `id` says. New rows come behind all others: that is the cheapest place.
messages = Table(
    "messages",
    metadata,
    Column("id", KEY_TEXT, primary_key=True),
    Column("sender", KEY_TEXT, nullable=False),
    Column("target", KEY_TEXT, nullable=False),
    Column("text", Text, nullable=False),
    Column("about", KEY_TEXT),
    Column("more", Text, nullable=False),
    sqlite_with_rowid=False,
)

messages_about = Index(
    "messages_about",
    messages.c.about,
    sqlite_where=messages.c.about.is_not(None),
    postgresql_where=messages.c.about.is_not(None),
)

# A page of an archive is one walk along the primary key, which on SQLite is the table itself. An
# archive belongs to the sender or to the target of each of its messages. `peer`: with whom, NULL in
# a room's archive. `part`: what the message is in the conversation (`stores.messages.Part`).
entries = Table(
    "archive_entries",
    metadata,
    Column("archive", KEY_TEXT, primary_key=True),
    Column("id", KEY_TEXT, primary_key=True),
    Column("peer", KEY_TEXT),
    Column("part", SmallInteger, nullable=False),
    Column("waiting", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

entries_waiting = Index(
    "archive_entries_waiting",
    entries.c.archive,
    entries.c.id,
    sqlite_where=entries.c.waiting,
    postgresql_where=entries.c.waiting,
)

# How far `account` is with what `peer` wrote: ids of messages.
marks = Table(
    "marks",
    metadata,
    Column("account", KEY_TEXT, primary_key=True),
    Column("peer", KEY_TEXT, primary_key=True),
    Column("received", KEY_TEXT, nullable=False),
    Column("displayed", KEY_TEXT, nullable=False),
    sqlite_with_rowid=False,
)

# What archives keep; one that is not here keeps everything. `always`, `never`: JSON.
keepings = Table(
    "archive_keepings",
    metadata,
    Column("account", KEY_TEXT, primary_key=True),
    Column("keep", Text, nullable=False),
    Column("always", Text, nullable=False),
    Column("never", Text, nullable=False),
)
