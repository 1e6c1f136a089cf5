"""The record of calls, on SQLite and PostgreSQL: the last word on each call, whatever happens."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from antiphon.core.address import Address
from antiphon.core.call import CallInfo, CallState
from antiphon.core.reason import Reason, Refused
from antiphon.services.calls import CallRecords
from antiphon.services.config import RecordsConfig
from antiphon.stores.database import Database
from tests.support.wait import soon, until

NOW = 1_800_000_000.0
DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def call(id: str, caller: str = "ann", callee: str = "bob", at: float = NOW) -> CallInfo:
    return CallInfo(
        id=id,
        room=f"room-of-{id}",
        caller=Address(caller, "example.org", "tab"),
        caller_name=caller.title(),
        callee=Address(callee, "example.org"),
        started_at=at,
    )


def ended(info: CallInfo, reason: Reason = Reason.LEFT) -> CallInfo:
    answered = info.started_at + 2
    return replace(
        info,
        state=CallState.ENDED,
        video=True,
        answered_at=answered,
        ended_at=answered + 60,
        by=info.callee.on("desk"),
        reason=reason,
        text="done",
    )


async def ids(records: CallRecords, account: str | None, **more: object) -> list[str]:
    address = None if account is None else Address(account, "example.org")
    found, _ = await records.page(address, **more)  # type: ignore[arg-type]
    return [info.id for info in found]


async def stored(records: CallRecords, id: str) -> None:
    await until(f"{id} is stored", lambda: records.find(id), interval=0.01)


async def test_what_is_known_of_a_call_comes_back(database: Database) -> None:
    records = CallRecords(database, "node")
    await records.open()
    first, second = call("one"), call("two", "cy", "ann")
    records.record(first)
    records.record(second)
    records.record(ended(first))
    await records.close()
    assert await records.find("one") == ended(first)
    assert await records.find("two") == second
    assert await records.find("three") is None
    assert records.lost == 0


async def test_pages_are_of_one_account_and_the_latest_come_first(database: Database) -> None:
    records = CallRecords(database, "node")
    await records.open()
    for number in range(6):
        records.record(call(f"c{number}", "ann" if number % 2 else "cy", "bob"))
    records.record(call("self", "ann", "ann"))
    await records.close()
    assert await ids(records, "ann") == ["self", "c5", "c3", "c1"]
    assert await ids(records, "bob", limit=2) == ["c5", "c4"]
    assert await ids(records, "bob", before="c4", limit=2) == ["c3", "c2"]
    assert await ids(records, None) == ["self", "c5", "c4", "c3", "c2", "c1", "c0"]
    assert await ids(records, "ann", before="never") == []
    _, more = await records.page(None, limit=7)
    assert not more
    _, more = await records.page(None, limit=6)
    assert more


async def test_an_id_that_comes_again_hides_no_call(database: Database) -> None:
    records = CallRecords(database, "node")
    await records.open()
    records.record(ended(call("same")))
    records.record(call("same", "eve", "ann", at=NOW + 1))
    await records.close()
    assert await ids(records, "bob") == ["same"]
    found = await records.find("same")
    assert found is not None
    assert found.caller.local == "eve"
    assert await ids(records, None) == ["same", "same"]


async def test_calls_of_a_node_that_was_killed_are_lost(database: Database) -> None:
    for node in ("mine", "theirs"):
        records = CallRecords(database, node)
        records.record(call(f"ran on {node}"))
        records.record(ended(call(f"ended on {node}")))
        await records.close()
    await CallRecords(database, "mine").open()
    records = CallRecords(database, "mine")
    mine, theirs = await records.find("ran on mine"), await records.find("ran on theirs")
    assert mine is not None
    assert (mine.state, mine.reason, mine.ended_at) == (CallState.ENDED, Reason.LOST, None)
    assert theirs is not None
    assert theirs.state is CallState.CALLING
    kept = await records.find("ended on mine")
    assert kept is not None
    assert kept.reason is Reason.LEFT


async def test_old_calls_are_forgotten(database: Database) -> None:
    clock = Clock()
    config = RecordsConfig(keep_days=30, keep=3)
    records = CallRecords(database, "node", config, clock=clock)
    for number in range(3):
        clock.now = NOW + number * 20 * DAY
        records.record(ended(call(f"c{number}", at=clock.now)))
        await stored(records, f"c{number}")
    await until("old calls are gone", lambda: ids(records, None), lambda kept: len(kept) == 2)
    assert await ids(records, None) == ["c2", "c1"]
    for number in range(3, 6):
        records.record(ended(call(f"c{number}", at=clock.now)))
    await records.close()
    clock.now += 2 * 3600
    again = CallRecords(database, "node", config, clock=clock)
    await again.open()
    assert await ids(again, None) == ["c5", "c4", "c3"]


async def test_keys_go_on_where_they_ended_though_the_clock_was_set_back(
    database: Database,
) -> None:
    clock = Clock()
    for number in range(3):
        records = CallRecords(database, "node", clock=clock)
        await records.open()
        records.record(call(f"c{number}", at=NOW + number))
        await records.close()
        clock.now -= 1000
    assert await ids(CallRecords(database, "node"), None) == ["c2", "c1", "c0"]


async def test_what_waits_has_a_limit(database: Database) -> None:
    records = CallRecords(database, "node", RecordsConfig(max_waiting=2))
    for id in ("one", "two", "three"):
        records.record(call(id))
    records.record(ended(call("one")))
    await records.close()
    records.record(call("four"))
    assert records.lost == 2
    assert await ids(records, None) == ["two", "one"]
    found = await records.find("one")
    assert found is not None
    assert found.state is CallState.ENDED


class Failing(Database):
    """Fails so many times, for a reason."""

    failing = 0
    error: Exception = Refused(Reason.BUSY, "not now")

    async def write(self, work, **options):  # type: ignore[no-untyped-def]
        if self.failing > 0:
            self.failing -= 1
            raise self.error
        return await super().write(work, **options)


async def test_a_database_that_is_busy_is_asked_again(sqlite_url: str) -> None:
    database = Failing(sqlite_url)
    async with database:
        records = CallRecords(database, "node", pause=0.01)
        database.failing = 2
        records.record(call("one"))
        await stored(records, "one")
        database.failing = 100
        records.record(call("two"))
        await records.close()
        assert records.lost == 1


@pytest.mark.parametrize("error", [Refused(Reason.INTERNAL, "broken"), RuntimeError("a bug")])
async def test_what_cannot_be_stored_is_lost_and_the_rest_is_not(
    sqlite_url: str, error: Exception
) -> None:
    database = Failing(sqlite_url)
    async with database:
        records = CallRecords(database, "node", pause=0.01)
        database.error, database.failing = error, 1
        records.record(call("one"))
        await soon("it is lost", lambda: records.lost == 1)
        records.record(call("two"))
        await records.close()
        assert await ids(records, None) == ["two"]


async def test_pages_walk_along_indices(sqlite_url: str) -> None:
    async with Database(sqlite_url) as database:

        def plan(connection: Connection) -> str:
            query = "EXPLAIN QUERY PLAN SELECT * FROM calls WHERE {} ORDER BY key DESC LIMIT 5"
            rows = connection.execute(text(query.format("caller_account = 'x' AND key < 'y'")))
            return " ".join(row[3] for row in rows)

        shown = await database.read(plan)
        assert "calls_by_caller" in shown
        assert "TEMP B-TREE" not in shown


async def test_what_is_told_of_a_call_can_be_waited_for(database: Database) -> None:
    records = CallRecords(database, "node")
    await records.open()
    records.record(call("one"))
    await records.settle()
    assert await records.find("one") == call("one")
    await records.settle()
    await records.close()
