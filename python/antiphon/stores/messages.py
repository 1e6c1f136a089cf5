"""Statements that write messages and archives; the caller gives rows and begins transactions."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from .engines import driver_connection
from .spelling import emptied, kind_of
from .tables import entries, marks, messages

# Ids in one statement: SQLite takes a condition of less than a thousand parts.
AT_ONCE = 500
# Rows in one statement, for the whole of which a thread leaves the others alone.
MOST_ROWS = 256

# Any number that other programs in the same database are unlikely to lock.
_LOCK = 0x416E7469_61726368

_NEWEST = "SELECT max(id) FROM messages"

Row = tuple[Any, ...]


def newest(connection: Connection) -> str | None:
    """The newest id of all messages; it is that until the caller's transaction ends.

    On SQLite the caller is the only writer already. Elsewhere nodes write one after the other, in
    their own time and in large batches: else a message that is sent again by way of another node
    could be stored twice, and readers might never see an id that appears behind later ones.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        return connection.execute(select(func.max(messages.c.id))).scalar()
    # Asked for each batch: the toolkit takes longer to ask than SQLite to answer.
    found: str | None = driver_connection(connection).execute(_NEWEST).fetchone()[0]
    return found


def insert_messages(connection: Connection, rows: Sequence[Row], places: Sequence[Row]) -> None:
    """Add messages (`message_row`) and their places in archives (archive, id, peer, part, waiting),
    sorted by archive and id.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(insert(messages), [_named(messages, row) for row in rows])
        connection.execute(insert(entries), [_named(entries, row) for row in places])
        return
    raw = driver_connection(connection)
    for table, values in ((messages, rows), (entries, places)):
        done = 0
        while done < len(values):
            # Powers of two: so the driver knows the statement from before.
            count = min(MOST_ROWS, 1 << (len(values) - done).bit_length() - 1)
            some = values[done : done + count]
            raw.execute(_values(table, count), [value for row in some for value in row])
            done += count


@cache
def _values(table: Table, count: int) -> str:
    names = ", ".join(column.name for column in table.columns)
    row = f"({', '.join('?' * len(table.columns))})"
    return f"INSERT INTO {table.name} ({names}) VALUES {', '.join([row] * count)}"  # noqa: S608


def _named(table: Table, row: Row) -> dict[str, Any]:
    return {column.name: value for column, value in zip(table.columns, row, strict=True)}


def wipe(connection: Connection, id: str) -> None:
    """Empty a message that was taken back, and its corrections, wherever they are kept."""
    query = select(messages.c.id, messages.c.more).where(
        or_(messages.c.id == id, messages.c.about == id)
    )
    for row in connection.execute(query).all():
        if row.id == id or kind_of(row.more) == "correction":
            change = update(messages).where(messages.c.id == row.id)
            connection.execute(change.values(text="", more=emptied(row.more)))


def set_waiting(
    connection: Connection,
    archive: str,
    waiting: bool,
    *,
    ids: Sequence[str] | None = None,
    until: str | None = None,
) -> None:
    """Let messages of an archive wait, or not any more: of these ids, or all up to one."""
    change = update(entries).where(entries.c.archive == archive)
    if not waiting:
        change = change.where(entries.c.waiting)
    if until is not None:
        change = change.where(entries.c.id <= until)
    if ids is not None:
        change = change.where(entries.c.id.in_(ids))
    connection.execute(change.values(waiting=waiting))


def forget(
    connection: Connection, archive: str, peer: str | None = None, id: str | None = None
) -> int:
    """Delete up to `AT_ONCE` places of an archive, and messages that no archive keeps then; how
    many places.
    """
    query = select(entries.c.id).where(entries.c.archive == archive)
    if peer is not None:
        query = query.where(entries.c.peer == peer)
    if id is not None:
        query = query.where(entries.c.id == id)
    ids = connection.execute(query.limit(AT_ONCE)).scalars().all()
    if ids:
        mine = (entries.c.archive == archive) & entries.c.id.in_(ids)
        connection.execute(delete(entries).where(mine))
        kept = exists().where(
            entries.c.id == messages.c.id,
            entries.c.archive.in_([messages.c.sender, messages.c.target]),
        )
        connection.execute(delete(messages).where(messages.c.id.in_(ids), ~kept))
    return len(ids)


def forget_marks(connection: Connection, account: str) -> None:
    """Delete how far an account is, and how far others are with it."""
    about_it = (marks.c.account == account) | (marks.c.peer == account)
    connection.execute(delete(marks).where(about_it))


def prune(connection: Connection, before: str) -> int:
    """Delete up to `AT_ONCE` of the oldest messages with lesser ids, in all archives; how many."""
    query = select(messages.c.id, messages.c.sender, messages.c.target)
    old = connection.execute(
        query.where(messages.c.id < before).order_by(messages.c.id).limit(AT_ONCE)
    ).all()
    if old:
        ids = [row.id for row in old]
        archives = {archive for row in old for archive in (row.sender, row.target)}
        for some in _parts(sorted(archives)):
            there = entries.c.archive.in_(some) & entries.c.id.in_(ids)
            connection.execute(delete(entries).where(there))
        connection.execute(delete(messages).where(messages.c.id.in_(ids)))
    return len(old)


def _parts(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[first : first + AT_ONCE] for first in range(0, len(values), AT_ONCE)]


def upsert(connection: Connection, table: Table, keys: Sequence[str], row: dict[str, Any]) -> None:
    """Add a row, or replace what is there under its keys."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table).values(row)
    rest = {name: statement.excluded[name] for name in row if name not in keys}
    if rest:
        statement = statement.on_conflict_do_update(index_elements=[*keys], set_=rest)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=[*keys])
    connection.execute(statement)
