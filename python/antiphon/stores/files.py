"""Statements on uploaded files; each runs within the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, delete, func, or_, select, update

from antiphon.core.address import Address

from .tables import accounts, files


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """A file, or (without `stored_at`) a slot that waits for one. Times are seconds since 1970.

    `digest`: hexadecimal SHA-256. `width`, `height`: of pictures that could be read. `account` is
    the id of its owner; None: who has gone.
    """

    id: str
    account: str | None
    name: str
    media_type: str
    size: int
    created_at: float
    stored_at: float | None = None
    expires_at: float | None = None
    digest: str | None = None
    width: int | None = None
    height: int | None = None
    thumbnail: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What the files of one account take. `bytes` counts slots that wait as well."""

    files: int
    bytes: int
    waiting: int


def owner(
    connection: Connection, address: Address, *, locked: bool = False
) -> tuple[str, int | None] | None:
    """Id of an account that may log in, and its own limit of storage.

    `locked`: hold its row until the transaction ends, so that two slots do not share one quota.
    """
    query = select(accounts.c.id, accounts.c.storage).where(
        accounts.c.domain == address.domain,
        accounts.c.local == address.local,
        ~accounts.c.disabled,
    )
    if locked:
        query = query.with_for_update()
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.id, row.storage)


def usage(connection: Connection, account: str) -> Usage:
    """What an account (by id) has."""
    waiting = func.sum(case((files.c.stored_at.is_(None), 1), else_=0))
    query = select(func.count(), func.coalesce(func.sum(files.c.size), 0), waiting).where(
        files.c.account == account
    )
    row = connection.execute(query).one()
    return Usage(row[0], int(row[1]), int(row[2] or 0))


def insert(connection: Connection, record: FileRecord) -> None:
    """Add a slot."""
    connection.execute(
        files.insert().values(
            id=record.id,
            account=record.account,
            name=record.name,
            media_type=record.media_type,
            size=record.size,
            created_at=record.created_at,
            expires_at=record.expires_at,
            thumbnail=False,
        )
    )


def find(connection: Connection, id: str) -> FileRecord | None:
    """A file or slot."""
    row = connection.execute(select(files).where(files.c.id == id)).one_or_none()
    return None if row is None else _record(row)


def fill(connection: Connection, record: FileRecord) -> bool:
    """Say that a slot's file is there; False if the slot is gone or was filled before."""
    statement = (
        update(files)
        .where(files.c.id == record.id, files.c.stored_at.is_(None), files.c.account.is_not(None))
        .values(
            stored_at=record.stored_at,
            expires_at=record.expires_at,
            digest=record.digest,
            width=record.width,
            height=record.height,
            thumbnail=record.thumbnail,
        )
    )
    return connection.execute(statement).rowcount > 0


def page(
    connection: Connection, address: Address, before: tuple[float, str] | None, limit: int
) -> Sequence[FileRecord]:
    """Stored files of an account, the latest first, older than (created_at, id)."""
    mine = (
        select(accounts.c.id)
        .where(accounts.c.domain == address.domain, accounts.c.local == address.local)
        .scalar_subquery()
    )
    query = select(files).where(files.c.account == mine, files.c.stored_at.is_not(None))
    if before is not None:
        at, id = before
        earlier = files.c.created_at < at
        query = query.where(or_(earlier, (files.c.created_at == at) & (files.c.id < id)))
    query = query.order_by(files.c.created_at.desc(), files.c.id.desc()).limit(limit)
    return [_record(row) for row in connection.execute(query)]


def ids_of(connection: Connection, account: str, limit: int) -> Sequence[str]:
    """Some files and slots of an account (by id)."""
    query = select(files.c.id).where(files.c.account == account).limit(limit)
    return [row.id for row in connection.execute(query)]


def outdated(connection: Connection, now: float, limit: int) -> Sequence[str]:
    """Some files and slots whose time has come, or whose account has gone."""
    ended: ColumnElement[bool] = or_(files.c.expires_at <= now, files.c.account.is_(None))
    return [row.id for row in connection.execute(select(files.c.id).where(ended).limit(limit))]


def remove(connection: Connection, ids: Sequence[str]) -> None:
    """Delete rows; their bytes are gone before."""
    connection.execute(delete(files).where(files.c.id.in_(ids)))


def _record(row: Row[Any]) -> FileRecord:
    return FileRecord(
        id=row.id,
        account=row.account,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        created_at=row.created_at,
        stored_at=row.stored_at,
        expires_at=row.expires_at,
        digest=row.digest,
        width=row.width,
        height=row.height,
        thumbnail=row.thumbnail,
    )
