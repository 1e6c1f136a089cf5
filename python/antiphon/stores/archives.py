"""Statements that read archives. Messages come as rows for `stores.spelling.read_message`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, select

from .spelling import Part
from .tables import entries, marks, messages

# What a reader looks at, at most, when words or an id of the sender's are sought.
LOOKED_AT = 20_000

COLUMNS = (*messages.c,)
Rows = Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Part of an archive. `first` and `end`: ids from the first to before the end. `words`: folded
    by `fold`.
    """

    archive: str
    peer: str | None = None
    first: str = ""
    end: str | None = None
    words: tuple[str, ...] = ()
    latest: bool = True
    limit: int = 50


def read(connection: Connection, wanted: Wanted) -> Rows:
    """Up to `limit` messages, in the order in which they are read."""
    query = _matching(connection, wanted, select(*COLUMNS), wanted.limit)
    return connection.execute(query).all()


def count(connection: Connection, wanted: Wanted) -> int:
    """How many messages match, as far as they are looked at."""
    some = _matching(connection, wanted, select(entries.c.id), None).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def _matching(
    connection: Connection, wanted: Wanted, query: Select[Any], limit: int | None
) -> Select[Any]:
    where = [entries.c.archive == wanted.archive, entries.c.id >= wanted.first]
    if wanted.end is not None:
        where.append(entries.c.id < wanted.end)
    if wanted.peer is not None:
        where.append(entries.c.peer == wanted.peer)
    order = entries.c.id.desc() if wanted.latest else entries.c.id
    joined = messages.c.id == entries.c.id
    if not wanted.words:
        query = query.join_from(entries, messages, joined).where(*where).order_by(order)
        return query if limit is None else query.limit(limit)
    near = select(entries.c.id).where(*where).order_by(order).limit(LOOKED_AT).subquery()
    query = query.with_only_columns(*COLUMNS).select_from(near)
    query = query.join(messages, messages.c.id == near.c.id)
    query = query.where(*(_contains(connection, word) for word in wanted.words))
    query = query.order_by(messages.c.id.desc() if wanted.latest else messages.c.id)
    return query if limit is None else query.limit(limit)


def _contains(connection: Connection, word: str) -> ColumnElement[bool]:
    if connection.dialect.name == "postgresql":
        return func.strpos(func.lower(messages.c.text), word.lower()) > 0
    return func.instr(func.casefold(messages.c.text), word.casefold()) > 0


def by_id(connection: Connection, archive: str, id: str) -> Any | None:
    """One message of an archive."""
    query = select(*COLUMNS).join_from(entries, messages, messages.c.id == entries.c.id)
    here = (entries.c.archive == archive) & (entries.c.id == id)
    return connection.execute(query.where(here)).one_or_none()


def latest(
    connection: Connection,
    archive: str,
    limit: int,
    before: str | None = None,
    peer: str | None = None,
) -> Rows:
    """The latest messages of an archive (with a peer), the latest first."""
    return read(connection, Wanted(archive=archive, peer=peer, end=before, limit=limit))


def about(connection: Connection, archive: str, ids: Sequence[str], limit: int) -> Rows:
    """What changes these messages and is in the same archive, oldest first."""
    here = exists().where(entries.c.archive == archive, entries.c.id == messages.c.id)
    query = select(*COLUMNS).where(messages.c.about.in_(ids), here)
    return connection.execute(query.order_by(messages.c.id).limit(limit)).all()


def waiting(connection: Connection, archive: str, limit: int) -> Rows:
    """Messages that wait, oldest first."""
    query = select(*COLUMNS).join_from(entries, messages, messages.c.id == entries.c.id)
    query = query.where(entries.c.archive == archive, entries.c.waiting)
    return connection.execute(query.order_by(entries.c.id).limit(limit)).all()


def who_waits(connection: Connection, archives: Sequence[str]) -> Sequence[str]:
    """Those of these archives in which messages wait."""
    query = select(entries.c.archive).where(entries.c.archive.in_(archives), entries.c.waiting)
    return connection.execute(query.distinct()).scalars().all()


def conversations(
    connection: Connection, account: str, before: str | None, limit: int
) -> list[tuple[str, str]]:
    """(peer, id of the last message), the latest first."""
    last = func.max(entries.c.id)
    query = select(entries.c.peer, last).where(
        entries.c.archive == account, entries.c.peer.is_not(None), entries.c.part > Part.NONE
    )
    query = query.group_by(entries.c.peer).order_by(last.desc()).limit(limit)
    if before is not None:
        query = query.having(last < before)
    return [(peer, id) for peer, id in connection.execute(query)]


def by_ids(connection: Connection, ids: Sequence[str]) -> Rows:
    """Messages of these ids, in no order."""
    return connection.execute(select(*COLUMNS).where(messages.c.id.in_(ids))).all()


def unread(connection: Connection, account: str, peers: Sequence[str]) -> dict[str, int]:
    """How many messages of each of these peers come behind what the account has seen."""
    seen = and_(marks.c.account == entries.c.archive, marks.c.peer == entries.c.peer)
    query = select(entries.c.peer, func.count()).select_from(entries).outerjoin(marks, seen)
    query = query.where(
        entries.c.archive == account,
        entries.c.part == Part.PEERS,
        entries.c.peer.in_(peers),
        entries.c.id > func.coalesce(marks.c.displayed, ""),
    )
    found = connection.execute(query.group_by(entries.c.peer))
    return {row[0]: row[1] for row in found}


def read_marks(
    connection: Connection, account: str, peers: Sequence[str]
) -> dict[tuple[str, str], tuple[str, str]]:
    """(whose, of whom) → (received, displayed), of an account and of its peers with it."""
    query = select(marks)
    mine = query.where(marks.c.account == account, marks.c.peer.in_(peers))
    theirs = query.where(marks.c.account.in_(peers), marks.c.peer == account)
    return {
        (row.account, row.peer): (row.received, row.displayed)
        for half in (mine, theirs)
        for row in connection.execute(half)
    }
