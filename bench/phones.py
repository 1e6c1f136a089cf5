"""What telephones cost the media thread: rooms in which all send and hear a mix; and how much later
sound comes out than it went in.
"""

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.machine import Cores
from bench.programs import Program, Row


@dataclass(frozen=True)
class Plan:
    """Sizes of rooms whose cost is asked for; `rooms`: how many of two and of three there are when
    the delay is measured.
    """

    members: tuple[int, ...] = (10, 100)
    seconds: float = 10.0
    rooms: int = 8
    turns: int = 3


async def phones(plan: Plan, cores: Cores) -> list[Row]:
    """A row for each size: medians of all turns."""
    program = Program(Path(sys.executable), cores.client)
    server = str(cores.server)
    rows = []
    for members in plan.members:
        order = ("-m", "bench.callers", "room", str(members), str(plan.seconds), server)
        rows.append({"room": "cost", **await _median(program, order, plan.turns)})
    for members, name in ((2, "delay, one to one"), (3, "delay through the mixer")):
        numbers = (str(members), str(plan.rooms), str(plan.seconds), server)
        order = ("-m", "bench.callers", "delay", *numbers)
        rows.append({"room": name, **await _median(program, order, plan.turns)})
    return rows


async def _median(program: Program, order: tuple[str, ...], turns: int) -> Row:
    runs = [row for _ in range(turns) for row in await program.run(*order)]
    keys = set(runs[0]).intersection(*runs[1:])
    return {
        key: round(statistics.median(row[key] for row in runs), 2) for key in runs[0] if key in keys
    }
