"""What XMPP costs: messages between two and in rooms, presence, log-ins; CPU time of the server's
process tree per operation, and memory. Prosody and ejabberd do the same in the same run.
"""

import statistics
import tempfile
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import Cores
from bench.messengers import Messenger, Start, antiphon, make_accounts, peers
from bench.programs import Failed, Program, Row, why

CHAT, CHAT_TLS, CHAT_WEB = "message, plain", "message, TLS", "message, WebSocket"
LONE = "message, 2,000 a second in all"
ROOM, PRESENCE = "message to a room, a delivery", "presence, a delivery"
LOGIN_1, LOGIN_256 = "log-in, SCRAM-SHA-1, TLS", "log-in, SCRAM-SHA-256, TLS"
IDLE, IDLE_TLS = "idle session, plain", "idle session, TLS"


@dataclass(frozen=True)
class Plan:
    """How much is done. `lasting`: seconds of each measurement. `sustained`: of the one in which
    messages come at a rate.
    """

    talkers: int = 100
    occupants: int = 100
    hubs: int = 4
    contacts: int = 50
    idle: int = 2000
    lasting: float = 4.0
    sustained: float = 20.0
    turns: int = 2
    with_peers: bool = True

    @property
    def accounts(self) -> int:
        """How many must be there."""
        return max(self.talkers, self.occupants, self.hubs + self.contacts, self.idle)


@dataclass(frozen=True)
class Work:
    """One measurement. `flags`: of the load generator."""

    operation: str
    kind: str
    flags: tuple[str, ...] = ()
    websocket: bool = False


def works(plan: Plan) -> list[Work]:
    """What each server does, in this order."""
    lasting = ("-lasting", f"{plan.lasting}s")
    talkers = ("-users", str(plan.talkers), *lasting)
    contacts = ("-users", str(plan.hubs), "-contacts", str(plan.contacts), *lasting)
    tls = ("-tls", "starttls")
    sustained = ("-users", str(plan.talkers), "-lasting", f"{plan.sustained}s", "-rate", "2000")
    return [
        Work(CHAT, "chat", talkers),
        Work(CHAT_TLS, "chat", (*talkers, *tls)),
        Work(CHAT_WEB, "chat", talkers, websocket=True),
        Work(LONE, "chat", sustained),
        Work(ROOM, "room", ("-users", str(plan.occupants), *lasting)),
        Work(PRESENCE, "presence", contacts),
        Work(LOGIN_1, "login", (*talkers, *tls)),
    ]


@dataclass
class Runs:
    """What was measured, by server and operation; and what could not be."""

    load: Program
    rows: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    failures: list[Row] = field(default_factory=list)

    async def add(self, server: Messenger, work: Work) -> None:
        """Measure. What fails leaves the others their figures."""
        try:
            (result,) = await self.load.run(
                "xmpp", work.kind, *server.at(work.websocket), *work.flags, within=180
            )
        except (Failed, TimeoutError) as error:
            text = error if isinstance(error, Failed) else Failed("it took too long")
            self.failures.append({"server": server.name, "operation": work.operation} | why(text))
            return
        row: Row = {"server": server.name, "operation": work.operation} | result
        self.rows.setdefault((server.name, work.operation), []).append(row)

    def medians(self) -> list[Row]:
        """A row for each server and operation, with the least cost beside."""
        result = []
        for rows in self.rows.values():
            row = dict(rows[0])
            for key in row:
                values = [one[key] for one in rows if isinstance(one[key], int | float)]
                if values:
                    row[key] = round(statistics.median(values), 3)
            if "cpu_us" in row:
                row["least_cpu_us"] = min(one["cpu_us"] for one in rows)
            result.append(row)
        return result + self.failures


async def measure(runs: Runs, start: Start, todo: Sequence[Work], accounts: int) -> None:
    """Start a server, and have it do all that."""
    async with start() as server:
        print(f"{server.name}: {', '.join(work.operation for work in todo)}", flush=True)
        if server.name != "antiphon":
            await runs.load.run(
                "xmpp", "register", *server.at(), "-users", str(accounts), within=600
            )
        for work in todo:
            await runs.add(server, work)


async def xmpp(plan: Plan, load: Program, cores: Cores) -> list[Row]:
    """A row for each server and operation: medians of all turns, and memory."""
    runs = Runs(load)
    idle = ("-users", str(plan.idle), "-settle", "3s", "-lasting", "2s")
    others = peers(cores, "SCRAM-SHA-1") if plan.with_peers else []
    strong = peers(cores, "SCRAM-SHA-256")[: len(others) // 2]
    with tempfile.TemporaryDirectory() as name:
        accounts = Path(name)
        await make_accounts(accounts, plan.accounts)

        def own() -> AbstractAsyncContextManager[Messenger]:
            return antiphon(cores, accounts)

        login = ("-mechanism", "SCRAM-SHA-256", "-tls", "starttls", "-users", str(plan.talkers))
        login += ("-lasting", f"{plan.lasting}s")
        log_in = [Work(LOGIN_256, "login", login)]
        for _ in range(plan.turns):
            await measure(runs, own, works(plan) + log_in, 0)
            for other in others:
                await measure(runs, other, works(plan), plan.talkers + plan.contacts)
            for other in strong:
                await measure(runs, other, log_in, plan.talkers)
        # Of servers that have done nothing else.
        for operation, tls in ((IDLE, "none"), (IDLE_TLS, "starttls")):
            work = Work(operation, "idle", (*idle, "-tls", tls))
            for start in (own, *others[: len(others) // 2]):
                await measure(runs, start, [work], plan.idle)
    return runs.medians()
