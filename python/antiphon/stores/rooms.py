"""Statements on stored rooms."""

from typing import Any

from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from antiphon.core.ports import RoomSettings

from .addresses import read_address
from .tables import rooms


def find(connection: Connection, name: str) -> RoomSettings | None:
    """The settings of a room."""
    row = connection.execute(select(rooms).where(rooms.c.name == name)).one_or_none()
    return None if row is None else _settings(row)


def save(connection: Connection, settings: RoomSettings) -> None:
    """Create or replace; when it was created stays."""
    values = _values(settings)
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(rooms).values(values)
    changed = {key: value for key, value in values.items() if key not in ("name", "created_at")}
    connection.execute(statement.on_conflict_do_update(index_elements=[rooms.c.name], set_=changed))


def remove(connection: Connection, name: str) -> bool:
    """Delete; False if there was none."""
    return connection.execute(delete(rooms).where(rooms.c.name == name)).rowcount > 0


def page(connection: Connection, after: str | None, limit: int) -> list[RoomSettings]:
    """Up to `limit` rooms whose name sorts behind `after`."""
    query = select(rooms).order_by(rooms.c.name).limit(limit)
    if after is not None:
        query = query.where(rooms.c.name > after)
    return [_settings(row) for row in connection.execute(query)]


def _values(settings: RoomSettings) -> dict[str, Any]:
    return {
        "name": settings.name,
        "title": settings.title,
        "owner": None if settings.owner is None else str(settings.owner),
        "guests": settings.guests,
        "max_members": settings.max_members,
        "stage": settings.stage,
        "audience": settings.audience,
        "created_at": settings.created_at,
        "pin": settings.pin,
    }


def _settings(row: Row[Any]) -> RoomSettings:
    return RoomSettings(
        name=row.name,
        title=row.title,
        owner=None if row.owner is None else read_address(row.owner),
        guests=row.guests,
        max_members=row.max_members,
        stage=row.stage,
        audience=row.audience,
        created_at=row.created_at,
        pin=row.pin,
    )
