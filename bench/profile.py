"""Where the server's time goes: `perf` while it forwards, by library and by function."""

import asyncio
import contextlib
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.machine import Cores
from bench.programs import Missing, Program, Row
from bench.servers import Server, antiphon

RATE = "999"  # samples a second
PATIENCE = 120.0
SHOWN = 40


@dataclass(frozen=True)
class Plan:
    """What is going on meanwhile."""

    subscribers: int = 100
    seconds: float = 8.0
    answers: str = "reports"


async def profile(plan: Plan, load: Program, cores: Cores) -> list[Row]:
    """Shares of the server's CPU time; `children`: with all that a function has called."""
    if shutil.which("perf") is None:
        raise Missing("perf is not installed (Debian: linux-perf)")
    with tempfile.TemporaryDirectory() as folder:
        said, data = Path(folder, "load.log"), Path(folder, "perf.data")
        async with antiphon(cores) as server:
            run = asyncio.create_task(load.run(*arguments(plan, server), said=said))
            await until_measuring(said, run)
            await perf(
                "record",
                "-q",
                "-F",
                RATE,
                "-g",
                "-p",
                str(server.pid),
                "-o",
                str(data),
                "--",
                "sleep",
                str(plan.seconds),
            )
            await run
        rows = await report(data, "dso", "--no-children")
        return rows + await report(data, "symbol", "--children")


def arguments(plan: Plan, server: Server) -> list[str]:
    counts = ("-subscribers", str(plan.subscribers), "-answers", plan.answers)
    window = ("-windows", "1", "-window", f"{plan.seconds + 2}s")
    return ["forward", *server.arguments(), *counts, *window]


async def until_measuring(said: Path, run: asyncio.Task[list[Row]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not run.done() and not (said.exists() and b"measuring" in said.read_bytes()):
            await asyncio.sleep(0.05)


async def perf(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "perf", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    return output.decode(errors="replace")


async def report(data: Path, sort: str, mode: str) -> list[Row]:
    text = await perf("report", "--stdio", "-i", str(data), mode, "--sort", sort, "-g", "none")
    rows: list[Row] = []
    for line in text.splitlines():
        shares = re.findall(r"([\d.]+)%", line)
        name = re.sub(r"^\s*(?:[\d.]+%\s+)+(?:\[(.)\] )?", "", line).strip(" -")
        # Libraries as they are installed have no symbols of their own.
        if shares and len(rows) < SHOWN and not re.fullmatch(r"(0x)?[0-9a-f]{8,}", name):
            with contextlib.suppress(ValueError):
                rows.append({"by": sort, "name": name, "share_pct": float(shares[0])})
    return rows
