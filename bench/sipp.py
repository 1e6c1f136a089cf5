"""SIPp on a core of its own: plays a scenario many times a second against a server. It knows
nothing of what is measured meanwhile.
"""

import asyncio
import contextlib
import csv
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import on_core
from bench.programs import HERE, Failed, Missing
from tests.support.ports import free_ports

SCENARIOS = HERE / "scenarios"
# Of a hundred times, how often the scenario may go wrong before the figure is worth nothing.
BAD = 1.0
STARTING = 0.5


@dataclass(frozen=True)
class Played:
    """How often a scenario went as written, and how often something had to be sent again."""

    good: int
    again: int
    seconds: float


@dataclass(frozen=True)
class Work:
    """A scenario, how often it is played and how fast; `lasting`: seconds of its pause."""

    scenario: str
    times: int
    rate: int
    lasting: float = 0.0


def need() -> None:
    """Raise `Missing` if SIPp is not installed."""
    if shutil.which("sipp") is None:
        raise Missing("sipp is not installed (Debian: sip-tester)")


def write_lines(path: Path, lines: Iterable[str]) -> Path:
    """A file of values, of which each call takes the next."""
    path.write_text("\n".join(["SEQUENTIAL", *lines]) + "\n")
    return path


def _command(core: int, scenario: str, port: int) -> list[str]:
    file = SCENARIOS / f"{scenario}.xml"
    return [
        *on_core(core),
        *("sipp", "-sf", str(file), "-i", "127.0.0.1", "-p", str(port), "-nostdin"),
        *("-buff_size", "4000000"),
    ]


@contextlib.asynccontextmanager
async def telephone(core: int) -> AsyncIterator[int]:
    """One that answers every call; its port."""
    (port,) = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        *_command(core, "answer", port),
        *("-l", "100000"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await asyncio.sleep(STARTING)
        yield port
    finally:
        process.kill()
        await process.wait()


async def play(core: int, port: int, work: Work, lines: Path) -> Played:
    """Play it against the server at `port`. Raises `Failed`."""
    within = work.times / work.rate * 3 + work.lasting + 40
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (own,) = free_ports(1)
        process = await asyncio.create_subprocess_exec(
            *_command(core, work.scenario, own),
            f"127.0.0.1:{port}",
            *("-inf", str(lines), "-r", str(work.rate), "-m", str(work.times)),
            *("-l", str(work.times), "-d", str(round(work.lasting * 1000))),
            *("-timeout", str(round(within)), "-trace_stat", "-stf", str(folder / "statistics")),
            *("-trace_err", "-error_file", str(folder / "errors")),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            await asyncio.wait_for(process.wait(), within + 10)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return _read(work, folder)


def _read(work: Work, folder: Path) -> Played:
    errors = folder / "errors"
    said = errors.read_text(errors="replace")[:1000] if errors.exists() else ""
    statistics = folder / "statistics"
    rows = _rows(statistics) if statistics.exists() else []
    if not rows:
        raise Failed(f"sipp {work.scenario}: no figures. {said}")
    last = rows[-1]
    good = int(last["SuccessfulCall(C)"])
    if good < work.times * (1 - BAD / 100):
        raise Failed(f"sipp {work.scenario}: {good} of {work.times} went well. {said}")
    return Played(good, int(last["Retransmissions(C)"]), _seconds(last["ElapsedTime(C)"]))


def _rows(path: Path) -> Sequence[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file, delimiter=";"))


def _seconds(text: str) -> float:
    """`HH:MM:SS:microseconds`, or with a point before them."""
    hours, minutes, seconds, *rest = text.replace(".", ":").split(":")
    fraction = float(f"0.{rest[0]}") if rest else 0.0
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + fraction
