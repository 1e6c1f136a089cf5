"""Statements that write messages and archives; the caller gives rows and begins transactions."""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from .engines import driver_connection
from .numbers import number_of
from .spelling import emptied, kind_of
from .tables import marks, messages

# Ids in one statement: SQLite takes a condition of less than a thousand parts.
AT_ONCE = 500
# Rows in one statement, for the whole of which a thread leaves the others alone.
MOST_ROWS = 256

# Any number that other programs in the same database are unlikely to lock.
_LOCK = 0x416E7469_61726368

_NEWEST = "SELECT max(id) FROM messages"
_NAMES = tuple(column.name for column in messages.columns)

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


def insert_messages(connection: Connection, rows: Sequence[Row]) -> None:
    """Add messages (`message_row`), in the order of their ids."""
    if connection.dialect.name == "postgresql":
        connection.execute(insert(messages), [dict(zip(_NAMES, row, strict=True)) for row in rows])
        return
    raw, done = driver_connection(connection), 0
    while done < len(rows):
        # Powers of two: so the driver knows the statement from before.
        count = min(MOST_ROWS, 1 << (len(rows) - done).bit_length() - 1)
        some = rows[done : done + count]
        raw.execute(_insertion(count), tuple(chain.from_iterable(some)))
        done += count


@cache
def _insertion(count: int) -> str:
    row = f"({', '.join('?' * len(_NAMES))})"
    return f"INSERT INTO messages ({', '.join(_NAMES)}) VALUES {', '.join([row] * count)}"  # noqa: S608


def stands_in(archive: str) -> ColumnElement[bool]:
    """Whether a message stands in an archive."""
    return or_(_sent_by(archive), received_by(archive))


def _sent_by(archive: str) -> ColumnElement[bool]:
    columns = messages.c
    return and_(
        columns.sender_keeps,
        columns.sender_number == number_of(archive),
        columns.sender == archive,
    )


def received_by(archive: str) -> ColumnElement[bool]:
    """Whether a message stands in an archive since it was for it."""
    columns = messages.c
    return and_(
        columns.target_keeps,
        columns.target_number == number_of(archive),
        columns.target == archive,
    )


def wipe(connection: Connection, id: str) -> None:
    """Empty a message that was taken back, and its corrections, wherever they are kept."""
    query = select(messages.c.id, messages.c.more).where(
        or_(messages.c.id == id, messages.c.about == id)
    )
    for row in connection.execute(query).all():
        if row.id == id or kind_of(row.more) == "correction":
            change = update(messages).where(messages.c.id == row.id)
            connection.execute(change.values(text="", more=emptied(row.more)))


def keeps_any(connection: Connection, archive: str) -> bool:
    """Whether anything stands in an archive."""
    halves = (exists().where(half) for half in (received_by(archive), _sent_by(archive)))
    return bool(connection.execute(select(or_(*halves))).scalar_one())


def set_waiting(
    connection: Connection,
    archive: str,
    waiting: bool,
    *,
    ids: Sequence[str] | None = None,
    until: str | None = None,
) -> None:
    """Let messages that an archive received wait, or not any more: these, or all up to an id."""
    change = update(messages).where(received_by(archive))
    if not waiting:
        change = change.where(messages.c.waiting)
    if until is not None:
        change = change.where(messages.c.id <= until)
    if ids is not None:
        change = change.where(messages.c.id.in_(ids))
    connection.execute(change.values(waiting=waiting))


def forget(
    connection: Connection, archive: str, peer: str | None = None, id: str | None = None
) -> int:
    """Take up to `AT_ONCE` messages out of each half of an archive, and delete those that no
    archive keeps then; how many were taken out.
    """
    columns, taken = messages.c, 0
    halves = (
        (_sent_by(archive), columns.target, {"sender_keeps": False}),
        (received_by(archive), columns.sender, {"target_keeps": False, "waiting": False}),
    )
    for mine, other, change in halves:
        query = select(columns.id).where(mine)
        if peer is not None:
            query = query.where(other == peer)
        if id is not None:
            query = query.where(columns.id == id)
        ids = connection.execute(query.limit(AT_ONCE)).scalars().all()
        if not ids:
            continue
        here = columns.id.in_(ids)
        connection.execute(update(messages).where(here).values(change))
        nobodys = not_(or_(columns.sender_keeps, columns.target_keeps))
        connection.execute(delete(messages).where(here, nobodys))
        taken += len(ids)
    return taken


def forget_marks(connection: Connection, account: str) -> None:
    """Delete how far an account is, and how far others are with it."""
    about_it = (marks.c.account == account) | (marks.c.peer == account)
    connection.execute(delete(marks).where(about_it))


def prune(connection: Connection, before: str) -> int:
    """Delete up to `AT_ONCE` of the oldest messages with lesser ids, in all archives; how many."""
    query = select(messages.c.id).where(messages.c.id < before)
    old = connection.execute(query.order_by(messages.c.id).limit(AT_ONCE)).scalars().all()
    if old:
        connection.execute(delete(messages).where(messages.c.id.in_(old)))
    return len(old)


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
