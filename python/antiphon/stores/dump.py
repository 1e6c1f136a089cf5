"""All rows of all tables as lines of JSON, the same from every kind of database: what backups are
made of. Knows no table by name.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Double,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    column,
    func,
    insert,
    inspect,
    select,
    table,
    tuple_,
)
from sqlalchemy.types import TypeEngine

from .errors import CannotOpen
from .migrate import configure, migrate
from .tables import metadata

AT_ONCE = 1000  # rows of one statement
FIRST, FEWEST = 50, 10  # rows of the first page of a table, and of large rows
PIECE = 1024 * 1024  # bytes of a piece, about
VERSIONS = "alembic_version"

# How a column's values are written, and read again, whatever the database calls its type.
_TYPES: dict[str, TypeEngine[Any]] = {
    "text": String(),
    "int": BigInteger(),
    "float": Double(),
    "bool": Boolean(),
    "bytes": LargeBinary(),
}


class NotEmpty(CannotOpen):
    """There is something in the database already."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of one table: a first line that names columns and kinds of values, then a line for
    each row.
    """

    table: str
    rows: int
    text: bytes


def schema_of(connection: Connection) -> str | None:
    """The newest migration that a database has seen; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_schema(connection: Connection) -> str | None:
    """The newest migration of this program."""
    return ScriptDirectory.from_config(configure(connection)).get_current_head()


def dump(connection: Connection) -> Iterator[Piece]:
    """Every table, those first that others refer to. Raises `CannotOpen` for another schema."""
    found, known = schema_of(connection), newest_schema(connection)
    if found != known:
        raise CannotOpen(
            f"the database has schema {found}, this program has {known}: start the node once with"
            " this program, or use the node's own"
        )
    for each in metadata.sorted_tables:
        yield from _pieces(connection, each)


def load(connection: Connection, schema: str, pieces: Iterable[Piece]) -> dict[str, int]:
    """Fill an empty database with what `dump` gave at that schema, and bring it to this program's.

    Returns table → rows. Raises `NotEmpty`, `CannotOpen`; then the caller undoes the transaction.
    """
    _refuse_what_is_there(connection)
    if schema_of(connection) not in (None, schema):
        raise NotEmpty(f"the database has another schema than the backup ({schema}): give another")
    migrate(connection, schema)
    rows: dict[str, int] = {}
    for piece in pieces:
        rows[piece.table] = rows.get(piece.table, 0) + _insert(connection, piece)
    migrate(connection)
    return rows


def _refuse_what_is_there(connection: Connection) -> None:
    for name in inspect(connection).get_table_names():
        if name == VERSIONS:
            continue
        if connection.execute(select(func.count()).select_from(table(name))).scalar_one():
            raise NotEmpty(f"the database is not empty: there are {name}")


def _pieces(connection: Connection, source: Table) -> Iterator[Piece]:
    """Page by page along the primary key; pages of large rows are short."""
    head = _line({name: _kind(item.type) for name, item in source.c.items()})
    keys = list(source.primary_key.columns)
    query = select(source).order_by(*keys)
    last: Sequence[Any] | None = None
    lines, size, limit = [head], 0, FIRST
    while True:
        page = query if last is None else query.where(tuple_(*keys) > tuple_(*last))
        rows = connection.execute(page.limit(limit)).all()
        written = [_line([_write(value) for value in row]) for row in rows]
        lines += written
        size += sum(map(len, written))
        ended = len(rows) < limit
        if len(lines) > 1 and (size >= PIECE or ended):
            yield Piece(source.name, len(lines) - 1, b"".join(lines))
            lines, size = [head], 0
        if ended:
            return
        last = [rows[-1]._mapping[key] for key in keys]
        average = max(1, sum(map(len, written)) // len(written))
        limit = max(FEWEST, min(PIECE // average, AT_ONCE))


def _insert(connection: Connection, piece: Piece) -> int:
    lines = piece.text.splitlines()
    head: dict[str, str] = json.loads(lines[0])
    target = table(piece.table, *(column(name, _TYPES[kind]) for name, kind in head.items()))
    kinds = list(head.values())
    for first in range(1, len(lines), AT_ONCE):
        batch = [
            {
                name: _read(kind, value)
                for name, kind, value in zip(head, kinds, json.loads(line), strict=True)
            }
            for line in lines[first : first + AT_ONCE]
        ]
        connection.execute(insert(target), batch)
    return len(lines) - 1


def _kind(type_: TypeEngine[Any]) -> str:
    # A `Boolean` is no `Integer` here, and a `Double` is a `Float`.
    kinds = ((Boolean, "bool"), (Integer, "int"), (Float, "float"), (LargeBinary, "bytes"))
    for known, name in (*kinds, (String, "text")):
        if isinstance(type_, known):
            return name
    raise TypeError(f"backups do not know columns of type {type_}")


def _write(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _read(kind: str, value: Any) -> Any:
    if value is None:
        return None
    return base64.b64decode(value) if kind == "bytes" else value


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
