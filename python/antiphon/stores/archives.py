"""Statements that read archives. Messages come as rows for `stores.spelling.read_message`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select, union_all

from .messages import received_by, stands_in
from .numbers import number_of
from .tables import marks, messages

# What a reader looks at, at most, when words or an id of the sender's are sought.
LOOKED_AT = 20_000

# Those of a row that `read_message` takes.
COLUMNS = (
    messages.c.id,
    messages.c.sender,
    messages.c.target,
    messages.c.text,
    messages.c.about,
    messages.c.more,
)
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
    if not wanted.words:
        return connection.execute(_either(wanted, COLUMNS, wanted.limit)).all()
    found = _with_words(connection, wanted).limit(wanted.limit)
    return connection.execute(found.order_by(_order(wanted))).all()


def count(connection: Connection, wanted: Wanted) -> int:
    """How many messages match, as far as they are looked at."""
    if wanted.words:
        some = _with_words(connection, wanted).subquery()
        return connection.execute(select(func.count()).select_from(some)).scalar_one()
    halves = (select(func.count()).where(*_half(wanted, sent)) for sent in (True, False))
    return sum(connection.execute(half).scalar_one() for half in halves)


def _with_words(connection: Connection, wanted: Wanted) -> Select[Any]:
    """Those whose text has all the words, of the first that come."""
    near = _either(wanted, (messages.c.id,), LOOKED_AT).subquery()
    query = select(*COLUMNS).join_from(near, messages, messages.c.id == near.c.id)
    return query.where(*(_contains(connection, word) for word in wanted.words))


def _either(wanted: Wanted, columns: Sequence[ColumnElement[Any]], limit: int) -> Select[Any]:
    """The first that come of what an archive sent and received."""
    halves = [
        select(*columns).where(*_half(wanted, sent), *_names(wanted, sent))
        .order_by(_order(wanted)).limit(limit).subquery()
        for sent in (True, False)
    ]  # fmt: skip
    both = union_all(*(select(half) for half in halves)).subquery()
    id = both.c.id
    return select(both).order_by(id.desc() if wanted.latest else id).limit(limit)


def _half(wanted: Wanted, sent: bool) -> list[ColumnElement[bool]]:
    """What an index alone can say."""
    number, keeps, peer = _sides(sent)
    where = [keeps, number == number_of(wanted.archive), messages.c.id >= wanted.first]
    if wanted.end is not None:
        where.append(messages.c.id < wanted.end)
    if wanted.peer is not None:
        where.append(peer == number_of(wanted.peer))
    return where


def _names(wanted: Wanted, sent: bool) -> list[ColumnElement[bool]]:
    """What must hold of the rows, should two names have the same number."""
    own, other = messages.c.sender, messages.c.target
    if not sent:
        own, other = other, own
    where = [own == wanted.archive]
    if wanted.peer is not None:
        where.append(other == wanted.peer)
    return where


def _sides(
    sent: bool,
) -> tuple[ColumnElement[int], ColumnElement[bool], ColumnElement[int]]:
    """Of the messages that an archive sent, or received: its number, whether it keeps, the peer."""
    columns = messages.c
    if sent:
        return columns.sender_number, columns.sender_keeps, columns.target_number
    return columns.target_number, columns.target_keeps, columns.sender_number


def _order(wanted: Wanted) -> ColumnElement[Any]:
    return messages.c.id.desc() if wanted.latest else messages.c.id


def _contains(connection: Connection, word: str) -> ColumnElement[bool]:
    if connection.dialect.name == "postgresql":
        return func.strpos(func.lower(messages.c.text), word.lower()) > 0
    return func.instr(func.casefold(messages.c.text), word.casefold()) > 0


def by_id(connection: Connection, archive: str, id: str) -> Any | None:
    """One message of an archive."""
    query = select(*COLUMNS).where(messages.c.id == id, stands_in(archive))
    return connection.execute(query).one_or_none()


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
    query = select(*COLUMNS).where(messages.c.about.in_(ids), stands_in(archive))
    return connection.execute(query.order_by(messages.c.id).limit(limit)).all()


def waiting(connection: Connection, archive: str, limit: int) -> Rows:
    """Messages that wait, oldest first."""
    query = select(*COLUMNS).where(messages.c.waiting, received_by(archive))
    return connection.execute(query.order_by(messages.c.id).limit(limit)).all()


def who_waits(connection: Connection, archives: Sequence[str]) -> Sequence[str]:
    """Those of these archives in which messages wait."""
    numbers = [number_of(archive) for archive in archives]
    query = select(messages.c.target).where(
        messages.c.waiting, messages.c.target_number.in_(numbers), messages.c.target.in_(archives)
    )
    return connection.execute(query.distinct()).scalars().all()


def conversations(
    connection: Connection, account: str, before: str | None, limit: int
) -> list[str]:
    """The ids of the last messages with each peer, the latest first."""
    halves = []
    for sent in (True, False):
        number, keeps, peer = _sides(sent)
        half = select(peer.label("peer"), func.max(messages.c.id).label("last"))
        half = half.where(keeps, number == number_of(account), messages.c.about.is_(None))
        halves.append(half.group_by(peer))
    both = union_all(*halves).subquery()
    last = func.max(both.c.last)
    query: Select[Any] = select(last).group_by(both.c.peer).order_by(last.desc()).limit(limit)
    if before is not None:
        query = query.having(last < before)
    return list(connection.execute(query).scalars())


def by_ids(connection: Connection, ids: Sequence[str]) -> Rows:
    """Messages of these ids, in no order."""
    return connection.execute(select(*COLUMNS).where(messages.c.id.in_(ids))).all()


def unread(connection: Connection, account: str, seen: Mapping[str, str]) -> dict[str, int]:
    """How many messages of each of these peers come behind the one that the account has seen."""
    columns, own = messages.c, number_of(account)
    behind = {number_of(peer): id for peer, id in seen.items()}
    query = select(columns.sender_number, func.count()).where(
        columns.target_keeps,
        columns.target_number == own,
        columns.about.is_(None),
        columns.sender_number != own,
        columns.sender_number.in_(list(behind)),
        columns.id > min(behind.values()),
        columns.id > case(behind, value=columns.sender_number),
    )
    found = {row[0]: row[1] for row in connection.execute(query.group_by(columns.sender_number))}
    return {peer: found.get(number_of(peer), 0) for peer in seen}


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
