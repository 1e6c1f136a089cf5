"""Registered contacts outlive the node, on each database."""

import asyncio

import pytest

from antiphon._native import SipFlow
from antiphon.protocols.sip import keeper as keepers
from antiphon.protocols.sip.keeper import REFRESHES_TIME, BindingKeeper
from antiphon.protocols.sip.location import Binding, Location
from antiphon.protocols.sip.stream import GONE
from antiphon.stores import bindings as statements
from antiphon.stores.database import Database

DOMAIN = "example.org"
WALL = 1_700_000_000.0


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def flow_for(transport: str, host: str, port: int) -> SipFlow | None:
    if transport == "tls":
        return None  # no such listener any more
    return SipFlow(0, transport, 0 if transport == "udp" else GONE, (host, port))


def node(database: Database, started: float, wall: float) -> tuple[Location, BindingKeeper, Clock]:
    clock = Clock(started)
    location = Location(DOMAIN, clock=clock, is_open=lambda flow: flow.connection != GONE)
    ahead = wall - started
    keeper = BindingKeeper(
        database, location, flow_for, clock=clock, wall=lambda: clock.now + ahead
    )
    return location, keeper, clock


def binding(clock: Clock, name: str, transport: str = "udp", **options: object) -> Binding:
    flow = SipFlow(0, transport, 0 if transport == "udp" else 7, ("192.0.2.7", 5060))
    return Binding(
        f"sip:{name}@192.0.2.7",
        flow,
        call_id="c",
        cseq=7,
        until=clock.now + 600,
        **options,  # type: ignore[arg-type]
    )


async def test_a_restart_keeps_contacts(database: Database) -> None:
    before, keeper, clock = node(database, 50.0, WALL)
    full = binding(clock, "a", path=("sip:edge;lr",), instance="urn:x", reg_id=2, q=0.5, agent="P")
    behind = binding(clock, "b", nat=True)
    before.put("alice", (full, behind))
    before.put("bob", (binding(clock, "c", "tcp", nat=True), binding(clock, "d", "tls")))
    await keeper.flush()

    after, keeper, clock = node(database, 9000.0, WALL + 100)
    assert await keeper.load() == 3
    one, two = after.bindings("alice")
    assert (one.uri, one.path, one.instance, one.reg_id) == (
        full.uri, ("sip:edge;lr",), "urn:x", 2,
    )  # fmt: skip
    assert (one.q, one.agent, one.call_id, one.cseq, one.nat) == (0.5, "P", "c", 7, False)
    assert (two.nat, two.flow) == (True, behind.flow)
    assert abs(one.until - (clock.now + 500)) < 0.01
    # Its connection went with the node, what it registered did not.
    assert after.bindings("bob") == ()
    assert [kept.uri for kept in after.all("bob")] == ["sip:c@192.0.2.7"]
    assert after.count == 3


async def test_who_came_before_what_is_stored_is_newer(database: Database) -> None:
    before, keeper, clock = node(database, 50.0, WALL)
    flow = binding(clock, "flow", instance="urn:x", reg_id=1)
    before.put("alice", (binding(clock, "a"), binding(clock, "b"), flow))
    await keeper.flush()

    after, keeper, clock = node(database, 50.0, WALL)
    again = binding(clock, "a")
    moved = binding(clock, "elsewhere", instance="urn:x", reg_id=1)
    after.put("alice", (again, moved))
    await keeper.load()
    assert [one.uri[:6] for one in after.all("alice")] == ["sip:b@", "sip:a@", "sip:el"]
    assert after.all("alice")[1:] == (again, moved)
    assert after.count == 3


async def test_what_expired_meanwhile_is_gone(database: Database) -> None:
    before, keeper, clock = node(database, 50.0, WALL)
    before.put("alice", (binding(clock, "a"),))
    await keeper.close()
    after, keeper, _ = node(database, 50.0, WALL + 601)
    assert await keeper.load() == 0
    assert after.count == 0
    assert list(await database.read(lambda c: statements.load(c, DOMAIN))) == []


async def test_refreshes_are_written_seldom_and_all_at_the_end(database: Database) -> None:
    location, keeper, clock = node(database, 50.0, WALL)
    one = binding(clock, "a")
    location.put("alice", (one,))
    await keeper.flush()

    async def stored() -> float:
        ((_, found),) = list(await database.read(lambda c: statements.load(c, DOMAIN)))
        return found.expires_at

    first = await stored()
    for _ in range(3):
        clock.now += 5
        one.until = clock.now + 600
        location.put("alice", (one,), refresh=True)
        await keeper.flush()
    assert await stored() == first
    clock.now += REFRESHES_TIME
    await keeper.flush()
    assert await stored() == first + 15
    one.until += 1
    location.put("alice", (one,), refresh=True)
    await keeper.close()
    assert await stored() == first + 16


async def test_what_could_not_be_written_is_written_later(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    await database.open()
    location, keeper, clock = node(database, 50.0, WALL)
    location.put("alice", (binding(clock, "a"),))
    writing = asyncio.create_task(keeper.flush())
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert location.changed == {"alice"}
    await keeper.flush()
    assert location.changed == set()
    await database.close()


async def test_what_cannot_be_stored_ends_neither_the_node_nor_the_writing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keepers, "CHANGES_TIME", 0.01)
    location, keeper, clock = node(database, 50.0, WALL)
    bad = binding(clock, "a")
    bad.uri = "sip:\udcff@192.0.2.7"  # no database takes it
    location.put("alice", (bad,))
    running = asyncio.create_task(keeper.run())
    async with asyncio.timeout(20):
        while not keeper.failures:
            await asyncio.sleep(0.01)
        location.put("alice", (binding(clock, "b"),))
        while location.changed:
            await asyncio.sleep(0.01)
        while not list(await database.read(lambda c: statements.load(c, DOMAIN))):
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    location.put("alice", (bad,))
    failures = keeper.failures
    await keeper.close()
    assert keeper.failures == failures + 1
