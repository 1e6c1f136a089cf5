"""Time from asking to join until media are there, with nobody and with many there before."""

from dataclasses import dataclass

from bench.machine import Cores
from bench.programs import Program, Row
from bench.servers import antiphon, pion


@dataclass(frozen=True)
class Plan:
    """How many join, and how many are there before."""

    joins: int = 30
    others: tuple[int, ...] = (0, 100)
    with_pion: bool = True


async def joining(plan: Plan, load: Program, cores: Cores) -> list[Row]:
    """A row for each server and number of others."""
    rows = []
    for others in plan.others:
        servers = [antiphon(cores), *([pion(cores, feedback=False)] if plan.with_pion else [])]
        for server in servers:
            async with server as ready:
                counts = ("-joins", str(plan.joins), "-others", str(others))
                result = await load.run("join", *ready.arguments(), *counts)
                rows += [{"server": ready.name} | row for row in result]
    return rows
