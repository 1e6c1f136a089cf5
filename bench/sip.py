"""What signalling costs: registrations, calls between telephones, calls into rooms; CPU time of the
server's process tree per operation, and memory. Kamailio does the same in the same run.
"""

import asyncio
import shutil
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.machine import Cores
from bench.programs import Failed, Row, why
from bench.registrars import DOMAIN, PASSWORD, Registrar, antiphon, kamailio, make_accounts, users
from bench.sipp import Played, Work, need, play, telephone, write_lines
from bench.usage import usage

IDLE = "a second without work"
FIRST = "REGISTER, account not seen before"  # asks which contacts there are
NEW, REFRESH, CONTACT = "REGISTER, new contact", "REGISTER, refresh", "contact, memory"
PROXIED, ROOM = "call, proxied", "call, answered by a room"
ROOMS = 200
WARM = 8  # one of so many accounts warms a server up, and is called
SETTLE = 1.5  # contacts are stored within a second
WITHOUT_WORK = 2.0


@dataclass(frozen=True)
class Plan:
    """How often everything is done, and how many times a second. `talking`: seconds for which all
    the calls last at once whose memory is looked at.
    """

    contacts: int = 8000
    registers: int = 1600
    calls: int = 4800
    call_rate: int = 600
    room_calls: int = 480
    room_rate: int = 60
    talking: float = 4.0
    turns: int = 2
    with_kamailio: bool = True


class Bench:
    """A server under load, and the files of values that scenarios read."""

    def __init__(
        self, plan: Plan, server: Registrar, cores: Cores, folder: Path, phone: int
    ) -> None:
        """`phone`: port of the telephone that answers for all accounts."""
        self.plan, self.server, self.core = plan, server, cores.client
        names = users(plan.contacts)
        self.everybody = write_lines(
            folder / "users",
            (f"{_proof(user)};Contact: <sip:{user}@127.0.0.1:{phone}>" for user in names),
        )
        asking = (f"{_proof(user)};Subject: which contacts are there?" for user in names)
        self.asking = write_lines(folder / "asking", asking)
        few = names[: plan.contacts // WARM]
        self.called = write_lines(folder / "called", (f"{user}@{DOMAIN}" for user in few))
        rooms = (f"bench-{number}@rooms.{DOMAIN}" for number in range(ROOMS))
        self.rooms = write_lines(folder / "rooms", rooms)
        self.register = Work("register", plan.contacts, plan.registers)
        self.warm = Work("register", len(few), plan.registers)
        self.calls = Work("call", plan.calls, plan.call_rate)
        self.room_calls = Work("call", plan.room_calls, plan.room_rate)

    async def play(self, work: Work, lines: Path) -> Played:
        """Play it to its end. Raises `Failed`."""
        return await play(self.core, self.server.port, work, lines)

    async def cost(self, operation: str, work: Work, lines: Path) -> Row:
        """CPU µs of each time."""
        before = usage(self.server.pid).cpu
        played = await self.play(work, lines)
        await asyncio.sleep(SETTLE)
        cpu = usage(self.server.pid).cpu - before
        return {
            "server": self.server.name,
            "operation": operation,
            "times": played.good,
            "per_second": round(played.good / max(played.seconds, 1e-3)),
            "cpu_us": round(cpu / played.good * 1e6, 1),
            "sent_again": played.again,
        }

    async def costs(self) -> list[Row]:
        """All operations, one after the other."""
        rows = [
            await self.idle(),
            await self.cost(FIRST, self.register, self.asking),
            await self.cost(NEW, self.register, self.everybody),
            await self.cost(REFRESH, self.register, self.everybody),
        ]
        rows.append(await self.cost(PROXIED, self.calls, self.called))
        if self.server.has_rooms:
            rows.append(await self.cost(ROOM, self.room_calls, self.rooms))
        return rows

    async def idle(self) -> Row:
        """CPU µs of a second in which nothing is asked."""
        await asyncio.sleep(SETTLE)
        before = usage(self.server.pid).cpu
        await asyncio.sleep(WITHOUT_WORK)
        cpu = (usage(self.server.pid).cpu - before) / WITHOUT_WORK
        return {"server": self.server.name, "operation": IDLE, "cpu_us": round(cpu * 1e6, 1)}

    def grown(self, operation: str, count: int, before: int) -> Row:
        """KB of each of `count` that are there since memory was `before`."""
        kb = (usage(self.server.pid).memory - before) / count / 1024
        return {"server": self.server.name, "operation": operation, "kb": round(kb, 2)}

    async def memory_of_contacts(self) -> list[Row]:
        """Of each, of accounts that were seen before, after some have warmed the server up."""
        await self.play(self.register, self.asking)
        await self.play(self.warm, self.everybody)
        await asyncio.sleep(SETTLE)
        before = usage(self.server.pid).memory
        await self.play(self.register, self.everybody)
        await asyncio.sleep(SETTLE)
        return [self.grown(CONTACT, self.register.times - self.warm.times, before)]

    async def memory_of_calls(self) -> list[Row]:
        """Of each while all of them last."""
        await self.play(self.warm, self.everybody)
        await self.play(replace(self.calls, times=self.calls.times // 20), self.called)
        rows = [await self.memory_of(PROXIED, self.calls, self.called)]
        if self.server.has_rooms:
            few = replace(self.room_calls, times=min(ROOMS, self.room_calls.times))
            await self.play(replace(few, times=few.times // 4), self.rooms)
            rows.append(await self.memory_of(ROOM, few, self.rooms))
        return rows

    async def memory_of(self, operation: str, work: Work, lines: Path) -> Row:
        """KB of each call, when all have been answered and none has ended."""
        await asyncio.sleep(SETTLE)
        before = usage(self.server.pid).memory
        coming = work.times / work.rate
        lasting = replace(work, lasting=coming + self.plan.talking)
        playing = asyncio.create_task(self.play(lasting, lines))
        await asyncio.sleep(coming + self.plan.talking * 3 / 4)
        row = self.grown(f"{operation}, memory", work.times, before)
        await playing
        return row


Measure = Callable[[Bench], Awaitable[list[Row]]]


def _proof(user: str) -> str:
    """The first values of a line: a user, and what SIPp makes credentials of."""
    return f"{user};[authentication username={user} password={PASSWORD}]"


@dataclass
class Runs:
    """What was measured, by server and operation; and what could not be."""

    rows: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    failures: list[Row] = field(default_factory=list)

    async def add(self, server: str, measure: Measure, bench: Bench) -> None:
        """Measure. A failure of one server leaves the others their figures."""
        try:
            for row in await measure(bench):
                self.rows.setdefault((server, row["operation"]), []).append(row)
        except Failed as error:
            self.failures.append({"server": server} | why(error))

    def medians(self) -> list[Row]:
        """A row for each server and operation, with the least cost beside."""
        result = []
        for rows in self.rows.values():
            row = dict(rows[0])
            for key, value in rows[0].items():
                if isinstance(value, int | float):
                    row[key] = round(statistics.median(one[key] for one in rows), 2)
            if "cpu_us" in row:
                row["least_cpu_us"] = min(one["cpu_us"] for one in rows)
            result.append(row)
        return result + self.failures


def servers(
    plan: Plan, cores: Cores, accounts: Path
) -> list[AbstractAsyncContextManager[Registrar]]:
    """Not yet started."""
    found: list[AbstractAsyncContextManager[Registrar]] = [antiphon(cores, accounts)]
    if plan.with_kamailio and shutil.which("kamailio"):
        found.append(kamailio(cores))
    return found


async def sip(plan: Plan, cores: Cores) -> list[Row]:
    """A row for each server and operation: medians of all turns, and memory."""
    need()
    runs = Runs()
    stages: list[tuple[str, Measure]] = [("cost", Bench.costs)] * plan.turns
    stages += [("memory", Bench.memory_of_contacts), ("memory", Bench.memory_of_calls)]
    with tempfile.TemporaryDirectory() as name:
        accounts, files = Path(name, "accounts"), Path(name, "files")
        accounts.mkdir()
        files.mkdir()
        await make_accounts(accounts, plan.contacts)
        for number, (what, measure) in enumerate(stages):
            for server in servers(plan, cores, accounts):
                async with server as ready, telephone(cores.client) as phone:
                    print(f"{number + 1} of {len(stages)}, {what}: {ready.name}", flush=True)
                    bench = Bench(plan, ready, cores, files, phone)
                    await runs.add(ready.name, measure, bench)
    return runs.medians()
