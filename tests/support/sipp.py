"""SIPp in a process of its own: plays one written scenario against a server or waits for a call.

It knows scenario files and their keywords, nothing of the server.
"""

import asyncio
import contextlib
import re
import shutil
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_ports
from tests.support.wait import soon

SCENARIOS = Path(__file__).resolve().parent.parent / "interop" / "scenarios"
TRANSPORTS = {"udp": "u1", "tcp": "t1"}


def missing() -> str:
    """Why there can be no SIPp here; empty if there can."""
    return "" if shutil.which("sipp") else "sipp is not installed"


class ScenarioFailed(AssertionError):
    """The scenario did not go as written; the text has what was sent and received."""


@dataclass
class Sipp:
    """A running scenario. `port`: where it sends from and listens."""

    process: asyncio.subprocess.Process
    folder: Path
    port: int

    async def succeed(self, within: float = 100.0) -> None:
        """Wait for its end, which must be a success."""
        try:
            code = await asyncio.wait_for(self.process.wait(), within)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise ScenarioFailed(f"no end within {within} s\n{self.traffic()}") from None
        if code != 0:
            raise ScenarioFailed(f"sipp ended with {code}\n{self.traffic()}")

    async def results(self, within: float = 100.0) -> tuple[int, int]:
        """Wait for its end; calls that succeeded and that failed, as its last screen says."""
        await asyncio.wait_for(self.process.wait(), within)
        screen = (self.folder / "screen.log").read_text(errors="replace")
        counts = []
        for name in ("Successful call", "Failed call"):
            found = re.findall(rf"{name} *\|[^|]*\| *(\d+)", screen)
            assert found, f"no figures\n{self.traffic()}"
            counts.append(int(found[-1]))
        return counts[0], counts[1]

    def traffic(self) -> str:
        """What it logged: messages, errors, screen."""
        files = sorted(self.folder.glob("*.log"))
        return "\n".join(
            f"--- {one.name}\n{one.read_text(errors='replace')[-6000:]}" for one in files
        )


@contextlib.asynccontextmanager
async def run_scenario(
    scenario: str | Path,
    folder: Path,
    *,
    server: str = "",
    transport: str = "udp",
    keys: Mapping[str, str] | None = None,
    user: str = "alice",
    password: str = "",
    calls: int = 1,
    port: int = 0,
    options: Sequence[str] = (),
) -> AsyncIterator[Sipp]:
    """Start a scenario; when the block is left it is ended if it still runs.

    `scenario`: a name in tests/interop/scenarios (without `.xml`) or a file. `server`:
    `host:port` to send to (empty: wait for calls). `keys`: further `[name]`s of the scenario.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = scenario if isinstance(scenario, Path) else SCENARIOS / f"{scenario}.xml"
    chosen = port or free_ports(1)[0]
    command = [
        "sipp",
        *([server] if server else []),
        *("-sf", str(file), "-i", "127.0.0.1", "-p", str(chosen), "-t", TRANSPORTS[transport]),
        *("-m", str(calls), "-nostdin", "-timeout", "90s", "-timeout_error"),
        *("-trace_err", "-error_file", str(folder / "errors.log")),
        *("-trace_msg", "-message_file", str(folder / "messages.log")),
        *("-s", user, "-au", user, "-ap", password),
        *(part for name, value in (keys or {}).items() for part in ("-key", name, value)),
        *options,
    ]
    with (folder / "screen.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
        )
    try:
        running = Sipp(process, folder, chosen)
        if not server:
            await soon("it listens for calls", lambda: _taken(chosen, transport))
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _taken(port: int, transport: str) -> bool:
    """Somebody listens on this port."""
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


async def play(scenario: str | Path, folder: Path, server: str, **arguments: object) -> None:
    """Play a scenario against a server to its good end."""
    async with run_scenario(scenario, folder, server=server, **arguments) as running:  # type: ignore[arg-type]
        await running.succeed()
