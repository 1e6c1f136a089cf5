"""Where the time of the event loop goes while telephones register, call each other and call rooms:
functions by their own time. Watching them slows Python down, so that only shares are given.
"""

import pstats
import tempfile
from pathlib import Path
from typing import Any

from bench.machine import Cores
from bench.programs import Row
from bench.registrars import antiphon, make_accounts
from bench.sip import PROXIED, REFRESH, ROOM, Bench, Plan
from bench.sipp import Work, need, telephone

SHOWN = 20
AGAIN = 8  # times everybody registers, so that starting the node hardly counts


async def sip_profile(times: int, cores: Cores) -> list[Row]:
    """Shares of the time in which the loop had something to do, in % for each operation."""
    need()
    rows = []
    plan = Plan(contacts=times, registers=200, calls=times * 4, call_rate=100, room_calls=times,
                room_rate=30)  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        accounts, files, taken = Path(name, "accounts"), Path(name, "files"), Path(name, "profile")
        accounts.mkdir()
        files.mkdir()
        await make_accounts(accounts, plan.contacts)
        for operation in (REFRESH, PROXIED, ROOM):
            async with (
                antiphon(cores, accounts, taken) as server,
                telephone(cores.client) as phone,
            ):
                bench = Bench(plan, server, cores, files, phone)
                for work, lines in _works(operation, bench):
                    await bench.play(work, lines)
            rows += [{"operation": operation} | row for row in shares(taken)]
    return rows


def _works(operation: str, bench: Bench) -> list[tuple[Work, Path]]:
    """What is played one after the other, the most of it at the end."""
    if operation == ROOM:
        return [(bench.room_calls, bench.rooms)]
    if operation == PROXIED:
        return [(bench.warm, bench.everybody), (bench.calls, bench.called)]
    return [(bench.register, bench.everybody)] * AGAIN


def shares(taken: Path) -> list[Row]:
    """The functions that took most themselves; waiting for sockets is left out."""
    stats: dict[tuple[str, int, str], tuple[Any, ...]] = vars(pstats.Stats(str(taken)))["stats"]
    own = {name: entry[2] for name, entry in stats.items() if "poll" not in name[2]}
    total = sum(own.values())
    most = sorted(own, key=lambda name: own[name], reverse=True)[:SHOWN]
    return [{"name": _named(name), "share_pct": round(own[name] / total * 100, 2)} for name in most]


def _named(name: tuple[str, int, str]) -> str:
    path, line, function = name
    return f"{'/'.join(Path(path).parts[-2:])}:{function}" if line else function
