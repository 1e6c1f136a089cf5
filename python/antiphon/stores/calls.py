"""Statements on the record of calls; the caller gives keys and begins transactions."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from antiphon.core.address import Address
from antiphon.core.call import CallInfo, CallState
from antiphon.core.reason import Reason

from .addresses import read_address
from .tables import calls


def newest(connection: Connection) -> str | None:
    """The greatest key."""
    return connection.execute(select(func.max(calls.c.key))).scalar()


def save(connection: Connection, node: str, batch: Mapping[str, CallInfo]) -> None:
    """Store calls by their keys; of those that are stored already, what is known changes."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(calls)
    kept = ("key", "id", "node", "started_at")
    changed = {
        column.name: statement.excluded[column.name]
        for column in calls.columns
        if column.name not in kept
    }
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[calls.c.id, calls.c.started_at], set_=changed
        ),
        [_values(node, key, info) for key, info in batch.items()],
    )


def end_running(connection: Connection, node: str, reason: Reason) -> int:
    """End all calls of a node that are said to run, at a time that nobody knows; how many."""
    statement = update(calls).where(calls.c.node == node, calls.c.state != CallState.ENDED.value)
    values = {"state": CallState.ENDED.value, "reason": reason.value}
    return connection.execute(statement.values(values)).rowcount


def find(connection: Connection, id: str) -> CallInfo | None:
    """The latest call of that id."""
    query = select(calls).where(calls.c.id == id).order_by(calls.c.key.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else _info(row)


def page(
    connection: Connection, account: Address | None, before: str | None, limit: int
) -> list[CallInfo]:
    """Up to `limit` calls from or to an account (None: all) that began before the call of the id
    `before`, the latest first.
    """
    query = select(calls).order_by(calls.c.key.desc()).limit(limit)
    if before is not None:
        query = query.where(
            calls.c.key
            < select(func.max(calls.c.key)).where(calls.c.id == before).scalar_subquery()
        )
    if account is None:
        return [_info(row) for row in connection.execute(query)]
    # Each is a walk along an index; together with OR it would be a sort of all.
    sides = (calls.c.caller_account, calls.c.callee_account)
    found = {
        row.key: row
        for side in sides
        for row in connection.execute(query.where(side == str(account.bare)))
    }
    return [_info(found[key]) for key in sorted(found, reverse=True)[:limit]]


def prune(connection: Connection, before: str, keep: int) -> int:
    """Delete calls with lesser keys than `before`, and all but the latest `keep`; how many."""
    oldest = select(calls.c.key).order_by(calls.c.key.desc()).limit(1).offset(keep)
    surplus = connection.execute(oldest).scalar()
    removed = connection.execute(delete(calls).where(calls.c.key < before)).rowcount
    if surplus is not None:
        removed += connection.execute(delete(calls).where(calls.c.key <= surplus)).rowcount
    return removed


def forget(connection: Connection, account: Address) -> None:
    """An account is no more: its calls are those of the other side only, where it is nobody but
    "somebody of that domain"; calls of nobody are deleted.
    """
    own, nobody = str(account.bare), account.domain
    made = update(calls).where(calls.c.caller_account == own)
    connection.execute(made.values(caller_account="", caller=nobody, caller_name=""))
    taken = update(calls).where(calls.c.callee_account == own)
    connection.execute(taken.values(callee_account="", callee=nobody, answered_by=None))
    nobodys = (calls.c.caller_account == "") & (calls.c.callee_account == "")
    connection.execute(delete(calls).where(nobodys))


def _values(node: str, key: str, info: CallInfo) -> dict[str, Any]:
    return {
        "key": key,
        "id": info.id,
        "node": node,
        "room": info.room,
        "caller": str(info.caller),
        "caller_account": str(info.caller.bare),
        "caller_name": info.caller_name,
        "callee": str(info.callee),
        "callee_account": str(info.callee.bare),
        "video": info.video,
        "state": info.state.value,
        "started_at": info.started_at,
        "answered_at": info.answered_at,
        "ended_at": info.ended_at,
        "answered_by": None if info.by is None else str(info.by),
        "reason": None if info.reason is None else info.reason.value,
        "text": info.text,
    }


def _info(row: Row[Any]) -> CallInfo:
    return CallInfo(
        id=row.id,
        room=row.room,
        caller=read_address(row.caller),
        caller_name=row.caller_name,
        callee=read_address(row.callee),
        video=row.video,
        state=CallState(row.state),
        started_at=row.started_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        by=None if row.answered_by is None else read_address(row.answered_by),
        reason=None if row.reason is None else Reason(row.reason),
        text=row.text,
    )
