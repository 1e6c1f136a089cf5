"""Statements on the messages of rooms; the caller gives ids, checks sizes, begins transactions."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from antiphon.core.address import Address
from antiphon.core.message import Draft, Message

from .addresses import read_address
from .tables import messages

# Origins in one statement: SQLite takes a condition of less than a thousand parts.
AT_ONCE = 200

Origin = tuple[str, str, str]  # room, sender, origin id: at most one message has it


def origin(message: Message) -> Origin | None:
    """What makes a message the same as one sent before; None if its sender did not say."""
    if message.origin_id is None:
        return None
    return str(message.to), str(message.sender), message.origin_id


def newest(connection: Connection, rooms: Iterable[Address], since: str) -> str | None:
    """The newest id in any of the rooms, if that is `since` or later."""
    names = {str(room) for room in rooms}
    query = select(func.max(messages.c.id)).where(
        messages.c.room.in_(names), messages.c.id >= since
    )
    return connection.execute(query).scalar()


def insert(connection: Connection, batch: Sequence[Message]) -> bool:
    """Add messages, but none whose origin is there already; whether all were surely added."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(messages).on_conflict_do_nothing(
        index_elements=[messages.c.room, messages.c.sender, messages.c.origin_id],
        index_where=messages.c.origin_id.is_not(None),
    )
    result = connection.execute(statement, [_values(message) for message in batch])
    return result.rowcount == len(batch)  # drivers that do not count say -1


def by_origin(connection: Connection, origins: Iterable[Origin]) -> dict[Origin, Message]:
    """The stored messages of these origins."""
    wanted = [*origins]
    found: dict[Origin, Message] = {}
    for first in range(0, len(wanted), AT_ONCE):
        some = or_(*(_has(*origin) for origin in wanted[first : first + AT_ONCE]))
        for row in connection.execute(select(messages).where(some)):
            found[row.room, row.sender, row.origin_id] = _message(row)
    return found


def _has(room: str, sender: str, origin: str) -> ColumnElement[bool]:
    # That it is there is said as well, else SQLite does not use the index, which has only those.
    return and_(
        messages.c.room == room,
        messages.c.sender == sender,
        messages.c.origin_id == origin,
        messages.c.origin_id.is_not(None),
    )


def page(connection: Connection, room: Address, before: str | None, limit: int) -> list[Message]:
    """Up to `limit` messages older than `before`, newest first."""
    query = select(messages).where(messages.c.room == str(room))
    if before is not None:
        query = query.where(messages.c.id < before)
    rows = connection.execute(query.order_by(messages.c.id.desc()).limit(limit))
    return [_message(row) for row in rows]


def forget(connection: Connection, room: Address) -> None:
    """Delete all messages of a room."""
    connection.execute(delete(messages).where(messages.c.room == str(room)))


def _values(message: Message) -> dict[str, Any]:
    return {
        "room": str(message.to),
        "id": message.id,
        "sender": str(message.sender),
        "name": message.name,
        "text": message.text,
        "sent_at": message.sent_at,
        "origin_id": message.origin_id,
    }


def _message(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        to=read_address(row.room),
        sender=read_address(row.sender),
        name=row.name,
        sent_at=row.sent_at,
        draft=Draft(text=row.text, origin_id=row.origin_id),
    )
