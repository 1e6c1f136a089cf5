"""The tables of messages: what was written, once, with the archives in which it stands."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text

from .base import KEY_TEXT, metadata

# `sender` and `target` are bare addresses; `more` is JSON of what is not searched for. When it was
# sent, `id` says. New rows come behind all others: that is the cheapest place.
#
# A message stands in the archives of its sender and of its target, as far as they keep it; of a
# message to oneself, that is the target's. `waiting`: the target has not had it yet. The numbers
# are those of the names (`stores.numbers`): what indices are made of, as a batch touches a page of
# each archive's part of them, and numbers make them small. `about` is there in what changes another
# message, and in nothing else.
messages = Table(
    "messages",
    metadata,
    Column("id", KEY_TEXT, primary_key=True),
    Column("sender", KEY_TEXT, nullable=False),
    Column("target", KEY_TEXT, nullable=False),
    Column("sender_number", BigInteger, nullable=False),
    Column("target_number", BigInteger, nullable=False),
    Column("sender_keeps", Boolean, nullable=False),
    Column("target_keeps", Boolean, nullable=False),
    Column("waiting", Boolean, nullable=False),
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

# A page of an archive is a walk along both of these. What comes behind the id saves those who count
# and who look for peers a look at the rows (SQLite 3.40 wants even the flag that is always true).
messages_sent = Index(
    "messages_sent",
    messages.c.sender_number,
    messages.c.id,
    messages.c.target_number,
    messages.c.about,
    messages.c.sender_keeps,
    sqlite_where=messages.c.sender_keeps,
    postgresql_where=messages.c.sender_keeps,
)

messages_received = Index(
    "messages_received",
    messages.c.target_number,
    messages.c.id,
    messages.c.sender_number,
    messages.c.about,
    messages.c.target_keeps,
    sqlite_where=messages.c.target_keeps,
    postgresql_where=messages.c.target_keeps,
)

messages_waiting = Index(
    "messages_waiting",
    messages.c.target_number,
    messages.c.id,
    sqlite_where=messages.c.waiting,
    postgresql_where=messages.c.waiting,
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
