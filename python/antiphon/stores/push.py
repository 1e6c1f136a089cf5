"""Statements on subscriptions to push messages; each runs within the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from antiphon.core.address import Address

from .tables import accounts, push_subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where one browser takes push messages of an account (RFC 8030 §3, RFC 8291 §2).

    `key`: its P-256 public key, uncompressed. `auth`: its authentication secret. `device`: what it
    calls itself. `endpoint` is a secret: who knows it can be pushed to.
    """

    id: str
    device: str
    endpoint: str = field(repr=False)
    key: bytes = field(repr=False)
    auth: bytes = field(repr=False)
    created_at: float


def add(connection: Connection, address: Address, subscription: Subscription, limit: int) -> bool:
    """Add or replace a subscription of an account; the oldest beyond `limit` are dropped. False
    without such an account.
    """
    account = connection.execute(
        select(accounts.c.id).where(
            accounts.c.domain == address.domain, accounts.c.local == address.local
        )
    ).scalar()
    if account is None:
        return False
    values = {
        "id": subscription.id,
        "account": account,
        "device": subscription.device,
        "endpoint": subscription.endpoint,
        "key": subscription.key,
        "auth": subscription.auth,
        "created_at": subscription.created_at,
    }
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    changed = {name: value for name, value in values.items() if name != "id"}
    statement = make(push_subscriptions).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))
    kept = (
        select(push_subscriptions.c.id)
        .where(push_subscriptions.c.account == account)
        .order_by(push_subscriptions.c.created_at.desc(), push_subscriptions.c.id)
        .limit(limit)
    )
    ids = [row.id for row in connection.execute(kept)]
    connection.execute(
        delete(push_subscriptions).where(
            push_subscriptions.c.account == account, push_subscriptions.c.id.not_in(ids)
        )
    )
    return True


def of(connection: Connection, address: Address) -> Sequence[Subscription]:
    """The subscriptions of an account that may log in."""
    query = (
        select(push_subscriptions)
        .join(accounts, accounts.c.id == push_subscriptions.c.account)
        .where(
            accounts.c.domain == address.domain,
            accounts.c.local == address.local,
            ~accounts.c.disabled,
        )
        .order_by(push_subscriptions.c.created_at)
    )
    return [
        Subscription(
            id=row.id,
            device=row.device,
            endpoint=row.endpoint,
            key=row.key,
            auth=row.auth,
            created_at=row.created_at,
        )
        for row in connection.execute(query)
    ]


def has(connection: Connection, address: Address) -> bool:
    """Whether an account has a subscription, also one that is locked now."""
    query = (
        select(push_subscriptions.c.id)
        .join(accounts, accounts.c.id == push_subscriptions.c.account)
        .where(accounts.c.domain == address.domain, accounts.c.local == address.local)
        .limit(1)
    )
    return connection.execute(query).first() is not None


def subscribed(connection: Connection) -> Sequence[Address]:
    """Accounts that have a subscription."""
    query = (
        select(accounts.c.local, accounts.c.domain)
        .join(push_subscriptions, push_subscriptions.c.account == accounts.c.id)
        .distinct()
    )
    return [Address(row.local, row.domain) for row in connection.execute(query)]


def remove(connection: Connection, id: str) -> bool:
    """Delete a subscription; False if there is none."""
    statement = delete(push_subscriptions).where(push_subscriptions.c.id == id)
    return connection.execute(statement).rowcount > 0


def count(connection: Connection) -> int:
    """How many there are."""
    query = select(func.count()).select_from(push_subscriptions)
    return int(connection.execute(query).scalar_one())
