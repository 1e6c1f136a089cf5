"""Servers to measure, each in a process of its own on the server's core."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bench.machine import Cores, on_core
from bench.programs import BUILD
from tests.support.node import run_node

START = 20.0


@dataclass(frozen=True)
class Server:
    """A running server: where to publish and play, and whose CPU time counts."""

    name: str
    pid: int
    whip: str
    whep: str

    def arguments(self) -> tuple[str, ...]:
        """What the load generator is told of it."""
        return ("-pid", str(self.pid), "-whip", self.whip, "-whep", self.whep)


@contextlib.asynccontextmanager
async def antiphon(cores: Cores) -> AsyncIterator[Server]:
    """A node of this project with one media thread and an empty data folder."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        one_worker = {"ANTIPHON_NODE_WORKERS": "1"}
        log = BUILD / "node.log"
        log.unlink(missing_ok=True)
        inside = on_core(cores.server)
        async with run_node(data, log, environment=one_worker, inside=inside) as node:
            room = f"{node.url}/rooms/bench"
            yield Server("antiphon", node.pid, f"{room}/whip?name=publisher", f"{room}/whep")


@contextlib.asynccontextmanager
async def pion(cores: Cores, feedback: bool) -> AsyncIterator[Server]:
    """The least server that can be made of Pion."""
    process = await asyncio.create_subprocess_exec(
        *on_core(cores.server),
        str(BUILD / "load"),
        "forwarder",
        *(["-feedback"] if feedback else []),
        stdout=asyncio.subprocess.PIPE,
        env={"GOMAXPROCS": "1"},
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START)
        url = f"http://{line.decode().split()[-1]}"
        yield Server("pion", process.pid, f"{url}/whip", f"{url}/whep")
    finally:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def running(server: Server) -> AsyncIterator[Server]:
    """One that somebody else has started."""
    yield server
