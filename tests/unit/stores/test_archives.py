"""Archives are read by their indices: else a page costs as much as everything ever written."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from antiphon.stores import archives, messages
from antiphon.stores.archives import Wanted
from antiphon.stores.database import Database
from antiphon.stores.engines import driver_connection

ANN, BEN = "ann@example.org", "ben@example.org"
Work = Callable[[Connection], Any]

BOTH = {"messages_sent", "messages_received"}

READ: dict[str, tuple[Work, set[str]]] = {
    "a page": (lambda c: archives.read(c, Wanted(archive=ANN)), BOTH),
    "a page with one peer": (
        lambda c: archives.read(c, Wanted(archive=ANN, peer=BEN, end="z", latest=False)),
        BOTH,
    ),
    "a count": (lambda c: archives.count(c, Wanted(archive=ANN, peer=BEN)), BOTH),
    "conversations": (lambda c: archives.conversations(c, ANN, None, 5), BOTH),
    "what is unread": (lambda c: archives.unread(c, ANN, {BEN: ""}), {"messages_received"}),
    "what waits": (lambda c: archives.waiting(c, ANN, 5), {"messages_waiting"}),
    "who waits": (lambda c: archives.who_waits(c, [ANN, BEN]), {"messages_waiting"}),
    "changes": (lambda c: archives.about(c, ANN, ["1"], 5), {"messages_about"}),
    "whether there is anything": (lambda c: messages.keeps_any(c, ANN), BOTH),
    "what is forgotten": (lambda c: messages.forget(c, ANN), BOTH),
    "what does not wait any more": (
        lambda c: messages.set_waiting(c, ANN, False, until="z"),
        {"messages_waiting"},
    ),
}


@pytest.mark.parametrize("what", READ)
async def test_archives_are_read_by_their_indices(what: str, tmp_path: Any) -> None:
    work, expected = READ[what]
    found: list[str] = []

    def explain(connection: Connection) -> None:
        def before(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
            raw = driver_connection(connection)
            found.extend(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values))

        event.listen(connection, "before_cursor_execute", before)
        work(connection)

    async with Database(f"sqlite:///{tmp_path}/test.db") as database:
        await database.write(explain)
    steps = [step for step in found if re.search(r"\bmessages\b", step)]
    assert len(steps) == len(expected)
    assert set(re.findall(r"INDEX (messages_\w+)", ";".join(steps))) == expected
