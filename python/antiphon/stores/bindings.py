"""Statements on registered contacts of telephones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

from sqlalchemy import Connection, delete, insert, select, tuple_

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


def replace(connection: Connection, of: Mapping[Address, Sequence[StoredBinding]]) -> None:
    """These are all contacts of these accounts now."""
    accounts = [(address.domain, address.local) for address in of]
    key = tuple_(bindings.c.domain, bindings.c.local)
    connection.execute(delete(bindings).where(key.in_(accounts)))
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
    return dict(zip(NAMES, astuple(one), strict=True))
