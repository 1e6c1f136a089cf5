"""Statements on contacts, blocks and when accounts were last there; the caller begins
transactions.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from antiphon.core.contact import Contact

from .addresses import read_address
from .messages import upsert
from .tables import accounts, blocks, contact_versions, contacts, last_seen

# Any number that other programs in the same database are unlikely to lock.
_LOCK = 0x416E7469_636F6E74

FLAGS = ("sees", "seen", "asked", "asking", "approved", "listed")


def lock(connection: Connection) -> None:
    """Let nobody else change contacts until the transaction ends. On SQLite that is so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def of(connection: Connection, account: str) -> list[Contact]:
    """All of an account, by address."""
    query = select(contacts).where(contacts.c.account == account).order_by(contacts.c.address)
    return [_contact(row) for row in connection.execute(query)]


def find(connection: Connection, account: str, address: str) -> Contact | None:
    """One of them."""
    query = select(contacts).where(contacts.c.account == account, contacts.c.address == address)
    row = connection.execute(query).one_or_none()
    return None if row is None else _contact(row)


def count(connection: Connection, account: str) -> tuple[int, int]:
    """How many stand in an account's list, and how many others only ask."""
    mine = contacts.c.account == account
    query = select(contacts.c.listed, func.count()).where(mine).group_by(contacts.c.listed)
    found = {bool(row[0]): row[1] for row in connection.execute(query)}
    return found.get(True, 0), found.get(False, 0)


def save(connection: Connection, account: str, contact: Contact) -> None:
    """Create or replace."""
    row: dict[str, Any] = {flag: getattr(contact, flag) for flag in FLAGS}
    row |= {
        "account": account,
        "address": str(contact.address),
        "name": contact.name,
        "groups": json.dumps(contact.groups),
        "request": contact.request,
    }
    upsert(connection, contacts, ("account", "address"), row)


def remove(connection: Connection, account: str, address: str) -> None:
    """Delete."""
    there = (contacts.c.account == account) & (contacts.c.address == address)
    connection.execute(delete(contacts).where(there))


def next_version(connection: Connection, account: str) -> int:
    """The list of an account is another now."""
    version = read_version(connection, account) + 1
    row = {"account": account, "version": version}
    upsert(connection, contact_versions, ("account",), row)
    return version


def read_version(connection: Connection, account: str) -> int:
    """Which one the list of an account is; 0: it never changed."""
    mine = contact_versions.c.account == account
    return connection.execute(select(contact_versions.c.version).where(mine)).scalar() or 0


def those_with(connection: Connection, address: str) -> list[str]:
    """Accounts that have somebody among their contacts."""
    query = select(contacts.c.account).where(contacts.c.address == address)
    return list(connection.execute(query).scalars())


def all_blocks(connection: Connection) -> Mapping[str, set[str]]:
    """Whom each account blocks."""
    found: dict[str, set[str]] = {}
    for row in connection.execute(select(blocks)):
        found.setdefault(row.account, set()).add(row.other)
    return found


def block(connection: Connection, account: str, others: Sequence[str]) -> None:
    """Add what is not there yet."""
    for other in others:
        upsert(connection, blocks, ("account", "other"), {"account": account, "other": other})


def unblock(connection: Connection, account: str, others: Sequence[str]) -> None:
    """Delete."""
    mine = (blocks.c.account == account) & blocks.c.other.in_(others)
    connection.execute(delete(blocks).where(mine))


def erase(connection: Connection, account: str) -> None:
    """Delete all that is kept of an account here."""
    for table in (contacts, contact_versions, blocks, last_seen):
        connection.execute(delete(table).where(table.c.account == account))
    devices = blocks.c.other.startswith(f"{account}/", autoescape=True)
    connection.execute(delete(blocks).where((blocks.c.other == account) | devices))


def seen_last(connection: Connection, account: str) -> float | None:
    """When an account was last there."""
    query = select(last_seen.c.at).where(last_seen.c.account == account)
    return connection.execute(query).scalar()


def save_last_seen(connection: Connection, seen: Mapping[str, float]) -> None:
    """Replace, or add; nothing is kept of guests and of accounts that are gone."""
    connection.execute(delete(last_seen).where(last_seen.c.account.in_(list(seen))))
    names = {who.partition("@")[0] for who in seen}
    query = select(accounts.c.local, accounts.c.domain).where(accounts.c.local.in_(names))
    there = {f"{row.local}@{row.domain}" for row in connection.execute(query)}
    rows = [{"account": who, "at": at} for who, at in seen.items() if who in there]
    if rows:
        connection.execute(insert(last_seen), rows)


def _contact(row: Row[Any]) -> Contact:
    return Contact(
        address=read_address(row.address),
        name=row.name,
        groups=tuple(json.loads(row.groups)),
        sees=row.sees,
        seen=row.seen,
        asked=row.asked,
        asking=row.asking,
        approved=row.approved,
        listed=row.listed,
        request=row.request,
    )
