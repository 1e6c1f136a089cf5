"""CPU time per forwarded packet: ours, the floor beneath it, and others, in turns of one run."""

import statistics
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from bench.machine import Cores
from bench.programs import Failed, Program, Row, why
from bench.servers import Server, antiphon, pion, running

ANSWERS = ("reports", "all")


@dataclass(frozen=True)
class Plan:
    """How much to measure: each turn starts servers anew; a window is in seconds."""

    subscribers: tuple[int, ...] = (10, 100, 300)
    turns: int = 2
    windows: int = 3
    window: float = 5.0
    others: tuple[Server, ...] = ()
    with_pion: bool = True


@dataclass
class Runs:
    """All windows, by server, answers and number of subscribers."""

    windows: dict[tuple[str, str, int], list[Row]] = field(default_factory=dict)

    def add(self, server: str, rows: Sequence[Row]) -> None:
        """Take the windows that one program has printed."""
        for row in rows:
            key = (server, row.get("answers", ""), row["subscribers"])
            self.windows.setdefault(key, []).append(row)

    def medians(self) -> list[Row]:
        """One row for each key: the median of each figure, and the least of the first."""
        rows = []
        for (server, answers, subscribers), windows in self.windows.items():
            row: Row = {"server": server, "answers": answers, "subscribers": subscribers}
            row["windows"] = len(windows)
            cheapest = min(window["us_per_packet"] for window in windows)
            for name in windows[0]:
                values = [window[name] for window in windows]
                if name not in row and all(isinstance(value, int | float) for value in values):
                    row[name] = round(statistics.median(values), 3)
            rows.append(row | {"least_us_per_packet": cheapest})
        return rows


async def forwarding(plan: Plan, load: Program, floor: Program, cores: Cores) -> list[Row]:
    """A row for each server, kind of answers and number of subscribers."""
    runs, failures = Runs(), list[Row]()
    for turn in range(plan.turns):
        for n in plan.subscribers:
            seconds = str(plan.window)
            runs.add("floor, saturated", await floor.run("saturated", str(n), str(plan.window / 5)))
            paced = await floor.run("paced", str(n), seconds, str(cores.client))
            runs.add("floor, paced", paced)
        for answers in ANSWERS:
            for server in servers(plan, answers, cores):
                async with server as ready:
                    print(f"turn {turn + 1} of {plan.turns}: {ready.name}, answers: {answers}")
                    try:
                        runs.add(ready.name, await load.run(*arguments(plan, ready, answers)))
                    except Failed as error:  # the others are worth measuring all the same
                        failures.append({"server": ready.name, "answers": answers} | why(error))
    return runs.medians() + failures


def servers(plan: Plan, answers: str, cores: Cores) -> list[AbstractAsyncContextManager[Server]]:
    found: list[AbstractAsyncContextManager[Server]] = [antiphon(cores)]
    if plan.with_pion:
        found.append(pion(cores, feedback=answers == "all"))
    return found + [running(other) for other in plan.others]


def arguments(plan: Plan, server: Server, answers: str) -> list[str]:
    return [
        "forward",
        *server.arguments(),
        *("-answers", answers),
        *("-subscribers", ",".join(map(str, plan.subscribers))),
        *("-windows", str(plan.windows)),
        *("-window", f"{plan.window}s"),
    ]
