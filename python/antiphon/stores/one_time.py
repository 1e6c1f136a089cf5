"""Statements on invitations and password resets; each runs within the caller's transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from antiphon.core.address import Address

from .records import Invitation, Role
from .tables import accounts, invitations, resets


def add_invitation(connection: Connection, invitation: Invitation, hashed: str) -> None:
    """Store an invitation by its token's hash."""
    connection.execute(
        invitations.insert().values(
            id=invitation.id,
            hash=hashed,
            role=invitation.role.value,
            room=invitation.room,
            made_by=invitation.made_by,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
        )
    )


def count_invitations(connection: Connection) -> int:
    """How many there are."""
    return int(connection.execute(select(func.count()).select_from(invitations)).scalar_one())


def find_invitation(connection: Connection, hashed: str, now: float) -> Invitation | None:
    """The invitation whose token this is, if it is still valid."""
    query = select(invitations).where(invitations.c.hash == hashed, invitations.c.expires_at > now)
    row = connection.execute(query).one_or_none()
    return None if row is None else _invitation(row)


def use_invitation(connection: Connection, hashed: str, now: float) -> bool:
    """Delete a valid invitation; False if another one was faster."""
    statement = delete(invitations).where(
        invitations.c.hash == hashed, invitations.c.expires_at > now
    )
    return connection.execute(statement).rowcount > 0


def withdraw_invitation(connection: Connection, id: str) -> bool:
    """Delete an invitation; False if there is none."""
    return connection.execute(delete(invitations).where(invitations.c.id == id)).rowcount > 0


def all_invitations(connection: Connection, now: float, limit: int) -> Sequence[Invitation]:
    """Valid ones, the latest first."""
    query = select(invitations).where(invitations.c.expires_at > now)
    rows = connection.execute(query.order_by(invitations.c.created_at.desc()).limit(limit))
    return [_invitation(row) for row in rows]


def forget_outdated(connection: Connection, now: float) -> None:
    """Delete what nobody can use any more."""
    connection.execute(delete(invitations).where(invitations.c.expires_at <= now))
    connection.execute(delete(resets).where(resets.c.expires_at <= now))


def set_reset(connection: Connection, account: str, hashed: str, expires_at: float) -> None:
    """Store a reset; an account (by id) has one at a time."""
    connection.execute(delete(resets).where(resets.c.account == account))
    connection.execute(resets.insert().values(hash=hashed, account=account, expires_at=expires_at))


def find_reset(connection: Connection, hashed: str, now: float) -> Address | None:
    """Whose password the token may change."""
    query = (
        select(accounts.c.local, accounts.c.domain)
        .join(resets, resets.c.account == accounts.c.id)
        .where(resets.c.hash == hashed, resets.c.expires_at > now)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Address(row.local, row.domain)


def use_reset(connection: Connection, hashed: str, now: float) -> bool:
    """Delete a valid reset; False if it was used or replaced meanwhile."""
    statement = delete(resets).where(resets.c.hash == hashed, resets.c.expires_at > now)
    return connection.execute(statement).rowcount > 0


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        id=row.id,
        role=Role(row.role),
        room=row.room,
        made_by=row.made_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
