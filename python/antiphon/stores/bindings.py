"""Statements on registered contacts of telephones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from antiphon.core.address import Address

from .tables import bindings


@dataclass(frozen=True, slots=True)
class StoredBinding:
    """A contact as it is kept. `transport`, `host` and `port`: the flow that it is reached over;
    `path`: Route values, separated by line ends; `expires_at`: seconds since 1970.
    """

    uri: str
    transport: str
    host: str
    port: int
    nat: bool
    path: str
    instance: str
    reg_id: int
    call_id: str
    cseq: int
    priority: float
    agent: str
    expires_at: float


NAMES = tuple(item.name for item in fields(StoredBinding))
_all = attrgetter(*NAMES)
# For one account after the other: a list of hundreds would be spelled out in the statement.
_REMOVE = delete(bindings).where(
    bindings.c.domain == bindparam("of"), bindings.c.local == bindparam("who")
)


def replace(connection: Connection, of: Mapping[Address, Sequence[StoredBinding]]) -> None:
    """These are all contacts of these accounts now."""
    if of:
        connection.execute(_REMOVE, [{"of": one.domain, "who": one.local} for one in of])
    rows = [
        {"domain": address.domain, "local": address.local, "place": place, **_values(one)}
        for address, contacts in of.items()
        for place, one in enumerate(contacts)
    ]
    if rows:
        connection.execute(insert(bindings), rows)


def load(connection: Connection, domain: str) -> Iterable[tuple[Address, StoredBinding]]:
    """All contacts of a domain, those of an account in their order."""
    query = (
        select(bindings)
        .where(bindings.c.domain == domain)
        .order_by(bindings.c.local, bindings.c.place)
    )
    return [
        (Address(row.local, row.domain), StoredBinding(*(getattr(row, name) for name in NAMES)))
        for row in connection.execute(query)
    ]


def remove_expired(connection: Connection, now: float) -> int:
    """Delete contacts that ended before `now`; how many there were."""
    return connection.execute(delete(bindings).where(bindings.c.expires_at < now)).rowcount


def _values(one: StoredBinding) -> dict[str, Any]:
    return dict(zip(NAMES, _all(one), strict=True))
