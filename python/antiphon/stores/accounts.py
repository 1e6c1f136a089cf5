"""Statements on accounts and their keys; each runs within the caller's transaction."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    false,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from antiphon.core.address import Address

from .records import Account, AccountLimits, Key, KeyKind, Role
from .tables import account_keys, accounts

_KINDS = frozenset(kind.value for kind in KeyKind)


def create(connection: Connection, account: Account, keys: Iterable[Key]) -> bool:
    """Add an account with its keys; False if the address has one already."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(accounts).values(
        id=account.id,
        domain=account.address.domain,
        local=account.address.local,
        name=account.name,
        role=account.role.value,
        disabled=account.disabled,
        created_at=account.created_at,
        stamp=account.stamp,
        storage=account.limits.storage,
        message_rate=account.limits.message_rate,
        sessions=account.limits.sessions,
    )
    taken = statement.on_conflict_do_nothing(index_elements=[accounts.c.domain, accounts.c.local])
    if connection.execute(taken).rowcount == 0:
        return False
    _insert_keys(connection, account.id, keys)
    return True


def find(connection: Connection, address: Address) -> Account | None:
    """The account of a bare address."""
    row = connection.execute(select(accounts).where(*_is(address))).one_or_none()
    return None if row is None else _account(row)


def find_with_keys(
    connection: Connection, address: Address
) -> tuple[Account | None, dict[KeyKind, Key]]:
    """The account of a bare address, and its keys, in one look."""
    query = (
        select(accounts, account_keys)
        .outerjoin(account_keys, account_keys.c.account == accounts.c.id)
        .where(*_is(address))
    )
    rows = connection.execute(query).all()
    keys = [_key(row) for row in rows if row.kind in _KINDS]
    return (_account(rows[0]) if rows else None), {key.kind: key for key in keys}


def find_all_with_keys(
    connection: Connection, addresses: Iterable[Address]
) -> dict[Address, tuple[Account, dict[KeyKind, Key]]]:
    """Bare address → account and keys, of those accounts that there are, in one look."""
    query = (
        select(accounts, account_keys)
        .outerjoin(account_keys, account_keys.c.account == accounts.c.id)
        .where(_is_among(addresses))
    )
    found: dict[Address, tuple[Account, dict[KeyKind, Key]]] = {}
    for row in connection.execute(query):
        address = Address(row.local, row.domain)
        if address not in found:
            found[address] = _account(row), {}
        if row.kind in _KINDS:
            key = _key(row)
            found[address][1][key.kind] = key
    return found


def change(connection: Connection, address: Address, values: dict[str, Any]) -> Account | None:
    """Set columns of an account; None if there is none."""
    statement = update(accounts).where(*_is(address)).values(values).returning(accounts)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _account(row)


def replace_keys(connection: Connection, account: Account, keys: Iterable[Key]) -> None:
    """Remove the keys of an account and add these."""
    connection.execute(delete(account_keys).where(account_keys.c.account == account.id))
    _insert_keys(connection, account.id, keys)


def remove(connection: Connection, address: Address) -> bool:
    """Delete an account and its keys; False if there was none."""
    return connection.execute(delete(accounts).where(*_is(address))).rowcount > 0


def page(connection: Connection, after: Address | None, limit: int) -> list[Account]:
    """Up to `limit` accounts by domain and local part, behind `after`."""
    query = select(accounts).order_by(accounts.c.domain, accounts.c.local).limit(limit)
    if after is not None:
        query = query.where(
            tuple_(accounts.c.domain, accounts.c.local) > tuple_(after.domain, after.local)
        )
    return [_account(row) for row in connection.execute(query)]


def stamps(connection: Connection, addresses: Iterable[Address]) -> dict[Address, str]:
    """Bare address → stamp, of those accounts that there are and that are not disabled."""
    query = select(accounts.c.domain, accounts.c.local, accounts.c.stamp).where(
        _is_among(addresses), ~accounts.c.disabled
    )
    return {Address(row.local, row.domain): row.stamp for row in connection.execute(query)}


def _is(address: Address) -> tuple[Any, Any]:
    return accounts.c.domain == address.domain, accounts.c.local == address.local


def _is_among(addresses: Iterable[Address]) -> ColumnElement[bool]:
    """Whether an account is one of these. SQLite has no index for lists of pairs."""
    locals_by_domain: dict[str, list[str]] = {}
    for address in addresses:
        locals_by_domain.setdefault(address.domain, []).append(address.local)
    return or_(
        false(),
        *(
            and_(accounts.c.domain == domain, accounts.c.local.in_(some))
            for domain, some in locals_by_domain.items()
        ),
    )


def _insert_keys(connection: Connection, account: str, keys: Iterable[Key]) -> None:
    rows = [
        {
            "account": account,
            "kind": key.kind.value,
            "version": key.version,
            "iterations": key.iterations,
            "salt": key.salt,
            "data": key.data,
        }
        for key in keys
    ]
    connection.execute(account_keys.insert(), rows)


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        address=Address(row.local, row.domain),
        name=row.name,
        role=Role(row.role),
        disabled=row.disabled,
        created_at=row.created_at,
        stamp=row.stamp,
        limits=AccountLimits(
            storage=row.storage, message_rate=row.message_rate, sessions=row.sessions
        ),
    )


def _key(row: Row[Any]) -> Key:
    return Key(
        kind=KeyKind(row.kind),
        version=row.version,
        iterations=row.iterations,
        salt=row.salt,
        data=row.data,
    )
