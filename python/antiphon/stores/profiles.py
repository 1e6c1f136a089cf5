"""Statements on profiles and pictures; each runs within the caller's transaction."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from antiphon.core.address import Address

from .tables import accounts, avatars, profiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An avatar as it is stored: the picture, and a smaller one of the same type."""

    id: str
    media_type: str
    width: int
    height: int
    data: bytes = field(repr=False)
    thumbnail: bytes = field(repr=False)


def read(connection: Connection, address: Address) -> tuple[str, str, str | None] | None:
    """Account id, its name, and its fields as text (None: never set); None without an account."""
    query = (
        select(accounts.c.id, accounts.c.name, profiles.c.fields)
        .outerjoin(profiles, profiles.c.account == accounts.c.id)
        .where(_is(address))
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.id, row.name, row.fields)


def write(connection: Connection, account: str, fields: str, now: float) -> None:
    """Replace the fields of an account."""
    _upsert(connection, profiles, {"account": account, "fields": fields, "changed_at": now})


def write_avatar(connection: Connection, account: str, picture: Picture, now: float) -> None:
    """Replace the picture of an account."""
    values = {
        "account": account,
        "id": picture.id,
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "data": picture.data,
        "thumbnail": picture.thumbnail,
        "changed_at": now,
    }
    _upsert(connection, avatars, values)


def read_avatar(connection: Connection, address: Address) -> Picture | None:
    """The picture of an account."""
    query = select(avatars).join(accounts, accounts.c.id == avatars.c.account).where(_is(address))
    return _picture(connection, query)


def read_avatar_by_id(connection: Connection, id: str) -> Picture | None:
    """A picture by the hash of its content; several accounts may show the same."""
    return _picture(connection, select(avatars).where(avatars.c.id == id).limit(1))


def avatar_id(connection: Connection, address: Address) -> str | None:
    """Names the picture of an account."""
    query = (
        select(avatars.c.id).join(accounts, accounts.c.id == avatars.c.account).where(_is(address))
    )
    return connection.execute(query).scalar()


def remove_avatar(connection: Connection, account: str) -> bool:
    """Delete the picture of an account; False if it had none."""
    return connection.execute(delete(avatars).where(avatars.c.account == account)).rowcount > 0


def _is(address: Address) -> ColumnElement[bool]:
    return (accounts.c.domain == address.domain) & (accounts.c.local == address.local)


def _picture(connection: Connection, query: Any) -> Picture | None:
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Picture(
        id=row.id,
        media_type=row.media_type,
        width=row.width,
        height=row.height,
        data=row.data,
        thumbnail=row.thumbnail,
    )


def _upsert(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table).values(values)
    changed = {key: value for key, value in values.items() if key != "account"}
    connection.execute(
        statement.on_conflict_do_update(index_elements=[table.c.account], set_=changed)
    )
