"""Statements on what archives keep."""

from sqlalchemy import Connection, delete, select

from .messages import upsert
from .tables import keepings


def find(connection: Connection, account: str) -> tuple[str, str, str] | None:
    """(keep, always, never), as they were saved."""
    row = connection.execute(select(keepings).where(keepings.c.account == account)).one_or_none()
    return None if row is None else (row.keep, row.always, row.never)


def save(connection: Connection, account: str, keep: str, always: str, never: str) -> None:
    """Create or replace."""
    row = {"account": account, "keep": keep, "always": always, "never": never}
    upsert(connection, keepings, ["account"], row)


def remove(connection: Connection, account: str) -> None:
    """Delete."""
    connection.execute(delete(keepings).where(keepings.c.account == account))
