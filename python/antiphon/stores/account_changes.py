"""Statements on what happened to accounts lately; each runs within the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select

from antiphon.core.address import Address

from .tables import account_changes


class What(StrEnum):
    """What happened to an account."""

    CHANGED = "changed"  # its log-ins stand
    VOIDED = "voided"  # the log-ins of before do not
    REMOVED = "removed"  # with all that is kept of it


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """One thing that happened. `account`: its id. `author`: names the process that did it. `at`:
    seconds since 1970, by the clock of that process.
    """

    key: str
    account: str
    address: Address
    what: What
    author: str
    at: float


def prune(connection: Connection, before: float) -> None:
    """Forget what happened before that time."""
    connection.execute(delete(account_changes).where(account_changes.c.at < before))


def add(connection: Connection, change: AccountChange) -> None:
    """Let others know of a change."""
    connection.execute(
        insert(account_changes).values(
            key=change.key,
            account=change.account,
            domain=change.address.domain,
            local=change.address.local,
            what=change.what.value,
            author=change.author,
            at=change.at,
        )
    )


def since(connection: Connection, at: float) -> Sequence[AccountChange]:
    """All changes from that time on, the earliest first."""
    query = (
        select(account_changes)
        .where(account_changes.c.at >= at)
        .order_by(account_changes.c.at, account_changes.c.key)
    )
    return [
        AccountChange(
            key=row.key,
            account=row.account,
            address=Address(row.local, row.domain),
            what=What(row.what),
            author=row.author,
            at=row.at,
        )
        for row in connection.execute(query)
    ]
