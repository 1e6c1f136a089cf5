"""Resident memory for each subscriber, idle and active, of servers that were just started."""

from dataclasses import dataclass

from bench.forwarding import ANSWERS
from bench.machine import Cores
from bench.programs import Program, Row
from bench.servers import antiphon, pion


@dataclass(frozen=True)
class Plan:
    """Numbers of subscribers."""

    subscribers: tuple[int, ...] = (100, 300)
    with_pion: bool = True


async def memory(plan: Plan, load: Program, cores: Cores) -> list[Row]:
    """A row for each server, number of subscribers and kind of answers."""
    rows = []
    for n in plan.subscribers:
        for answers in ANSWERS:
            servers = [antiphon(cores)]
            if plan.with_pion and answers == "reports":
                servers.append(pion(cores, feedback=False))
            for server in servers:
                async with server as ready:
                    counts = ("-subscribers", str(n), "-answers", answers)
                    result = await load.run("memory", *ready.arguments(), *counts)
                    rows += [{"server": ready.name} | row for row in result]
    return rows
