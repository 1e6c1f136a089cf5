"""Tables of what accounts publish, and of what programs leave with them."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, Table, Text

from .base import KEY_TEXT, metadata

# `settings`: JSON, as `stores/nodes.py` writes it.
nodes = Table(
    "nodes",
    metadata,
    Column("account", KEY_TEXT, primary_key=True),
    Column("node", KEY_TEXT, primary_key=True),
    Column("settings", Text, nullable=False),
)

# `position`: order of publication within the node. `size`: of the payload, in bytes.
node_items = Table(
    "node_items",
    metadata,
    Column("account", KEY_TEXT, primary_key=True),
    Column("node", KEY_TEXT, primary_key=True),
    Column("item", KEY_TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("published_at", Double, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Index("node_items_in_order", "account", "node", "position", unique=True),
)

private_data = Table(
    "private_data",
    metadata,
    Column("account", KEY_TEXT, primary_key=True),
    Column("name", KEY_TEXT, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
