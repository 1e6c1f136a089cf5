"""Statements on what accounts publish and on what programs leave with them; each runs within the
caller's transaction. Accounts are written as `str(address)`.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from antiphon.core.address import Address
from antiphon.core.publishing import Access, Item, NodeSettings, Telling

from .addresses import read_address
from .tables import node_items, nodes, private_data


def settings(connection: Connection, account: str, node: str) -> NodeSettings | None:
    """How a node behaves."""
    query = select(nodes.c.settings).where(nodes.c.account == account, nodes.c.node == node)
    text = connection.execute(query).scalar_one_or_none()
    return None if text is None else read_settings(text)


def configure(connection: Connection, account: str, node: str, made: NodeSettings) -> None:
    """Make or change a node."""
    values = {"account": account, "node": node, "settings": write_settings(made)}
    _replace(connection, nodes, values, ("account", "node"))


def remove(connection: Connection, account: str, node: str) -> bool:
    """Delete a node with its items; False if there was none."""
    purge(connection, account, node)
    gone = delete(nodes).where(nodes.c.account == account, nodes.c.node == node)
    return connection.execute(gone).rowcount > 0


def of(connection: Connection, account: str) -> list[tuple[str, NodeSettings]]:
    """An account's nodes by name."""
    query = select(nodes.c.node, nodes.c.settings).where(nodes.c.account == account)
    rows = connection.execute(query.order_by(nodes.c.node))
    return [(row.node, read_settings(row.settings)) for row in rows]


def count(connection: Connection, account: str) -> int:
    """How many nodes an account has."""
    query = select(func.count()).select_from(nodes).where(nodes.c.account == account)
    return connection.execute(query).scalar_one()


def octets(connection: Connection, account: str) -> int:
    """Bytes of all that an account published and left."""
    total = 0
    for table in (node_items, private_data):
        query = select(func.coalesce(func.sum(table.c.size), 0)).where(table.c.account == account)
        total += int(connection.execute(query).scalar_one())
    return total


def publish(connection: Connection, account: str, node: str, item: Item) -> None:
    """Add an item behind all others, in place of one with its id."""
    highest = select(func.coalesce(func.max(node_items.c.position), 0)).where(*_in(account, node))
    values = {
        "account": account,
        "node": node,
        "item": item.id,
        "position": connection.execute(highest).scalar_one() + 1,
        "published_at": item.published_at,
        "publisher": str(item.publisher),
        "size": len(item.payload),
        "payload": item.payload,
    }
    _replace(connection, node_items, values, ("account", "node", "item"))


def trim(connection: Connection, account: str, node: str, most: int) -> None:
    """Delete the oldest items beyond `most`."""
    kept = select(node_items.c.position).where(*_in(account, node))
    first = connection.execute(
        kept.order_by(node_items.c.position.desc()).offset(most).limit(1)
    ).scalar_one_or_none()
    if first is not None:
        gone = delete(node_items).where(*_in(account, node), node_items.c.position <= first)
        connection.execute(gone)


def items(
    connection: Connection, account: str, node: str, ids: Sequence[str], limit: int
) -> list[Item]:
    """The last `limit` items, oldest first; with `ids`, only those."""
    query = select(node_items).where(*_in(account, node))
    if ids:
        query = query.where(node_items.c.item.in_(ids))
    rows = connection.execute(query.order_by(node_items.c.position.desc()).limit(limit)).all()
    return [_item(row) for row in reversed(rows)]


def retract(connection: Connection, account: str, node: str, id: str) -> bool:
    """Delete an item; False if there was none."""
    gone = delete(node_items).where(*_in(account, node), node_items.c.item == id)
    return connection.execute(gone).rowcount > 0


def purge(connection: Connection, account: str, node: str) -> None:
    """Delete all items of a node."""
    connection.execute(delete(node_items).where(*_in(account, node)))


def latest(
    connection: Connection, accounts: Sequence[str], names: Sequence[str]
) -> list[tuple[Address, str, NodeSettings, Item]]:
    """The last item of each of these nodes of these accounts."""
    last = (
        select(
            node_items.c.account,
            node_items.c.node,
            func.max(node_items.c.position).label("position"),
        )
        .where(node_items.c.account.in_(accounts), node_items.c.node.in_(names))
        .group_by(node_items.c.account, node_items.c.node)
        .subquery()
    )
    query = (
        select(node_items, nodes.c.settings)
        .join(
            last,
            (node_items.c.account == last.c.account)
            & (node_items.c.node == last.c.node)
            & (node_items.c.position == last.c.position),
        )
        .join(
            nodes,
            (nodes.c.account == node_items.c.account) & (nodes.c.node == node_items.c.node),
        )
    )
    return [
        (read_address(row.account), row.node, read_settings(row.settings), _item(row))
        for row in connection.execute(query)
    ]


def private(connection: Connection, account: str, name: str) -> bytes | None:
    """What was left under a name."""
    query = select(private_data.c.data).where(
        private_data.c.account == account, private_data.c.name == name
    )
    return connection.execute(query).scalar_one_or_none()


def set_private(connection: Connection, account: str, name: str, data: bytes) -> None:
    """Leave something."""
    values = {"account": account, "name": name, "size": len(data), "data": data}
    _replace(connection, private_data, values, ("account", "name"))


def count_private(connection: Connection, account: str) -> int:
    """How many things were left with an account."""
    query = select(func.count()).select_from(private_data).where(private_data.c.account == account)
    return connection.execute(query).scalar_one()


def all_private(connection: Connection, account: str) -> list[tuple[str, bytes]]:
    """All that was left with an account, by name."""
    query = select(private_data.c.name, private_data.c.data).where(
        private_data.c.account == account
    )
    return [(row.name, row.data) for row in connection.execute(query.order_by("name"))]


def erase(connection: Connection, account: str) -> None:
    """Delete everything of an account."""
    for table in (node_items, nodes, private_data):
        connection.execute(delete(table).where(table.c.account == account))


def write_settings(made: NodeSettings) -> str:
    """As JSON."""
    return json.dumps(
        {
            "access": made.access.value,
            "groups": list(made.groups),
            "members": sorted(str(member) for member in made.members),
            "max_items": made.max_items,
            "kept": made.kept,
            "told": made.told,
            "last": made.last.value,
            "payloads": made.payloads,
            "retractions": made.retractions,
            "end": made.end,
            "title": made.title,
            "kind": made.kind,
        }
    )


def read_settings(text: str) -> NodeSettings:
    """From JSON."""
    read: dict[str, Any] = json.loads(text)
    read["access"] = Access(read["access"])
    read["last"] = Telling(read["last"])
    read["groups"] = tuple(read["groups"])
    read["members"] = frozenset(read_address(member) for member in read["members"])
    return NodeSettings(**read)


def _in(account: str, node: str) -> tuple[Any, Any]:
    return node_items.c.account == account, node_items.c.node == node


def _item(row: Row[Any]) -> Item:
    return Item(
        id=row.item,
        payload=row.payload,
        publisher=read_address(row.publisher),
        published_at=row.published_at,
    )


def _replace(
    connection: Connection, table: Table, values: dict[str, Any], keys: tuple[str, ...]
) -> None:
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    changed = {key: value for key, value in values.items() if key not in keys}
    statement = make(table).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=changed))
