"""The Pion publisher of `tests/interop/pion` in a process of its own."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent.parent / "interop" / "pion"


def build(folder: Path) -> Path:
    """Compile the program into `folder`, from the versions of its lock file."""
    go = shutil.which("go")
    assert go is not None, "Go is not installed"
    program = folder / "pion"
    command = [go, "build", "-mod=readonly", "-o", str(program), "."]
    subprocess.run(command, cwd=SOURCE, env=os.environ | {"CGO_ENABLED": "0"}, check=True)
    return program


@dataclass
class Pion:
    """A running publisher: what it told so far, and what it is told."""

    process: asyncio.subprocess.Process

    async def event(self, name: str, within: float = 20.0, **values: Any) -> dict[str, Any]:
        """The next event of this name (and these values); others before it are passed over."""
        assert self.process.stdout is not None
        async with asyncio.timeout(within):
            while line := await self.process.stdout.readline():
                event: dict[str, Any] = json.loads(line)
                if event["event"] == name and values.items() <= event.items():
                    return event
        raise AssertionError(f"the publisher ended before {name}")

    async def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command.encode() + b"\n")
        await self.process.stdin.drain()


@contextlib.asynccontextmanager
async def pion_publishes(
    program: Path, endpoint: str, video: Path, audio: Path, log: Path
) -> AsyncIterator[Pion]:
    """The files are published until the end; then the session is deleted."""
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            str(program),
            *("-whip", endpoint, "-video", str(video), "-audio", str(audio)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=file,
        )
        try:
            yield Pion(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                async with asyncio.timeout(20):
                    await process.communicate()
            except TimeoutError:
                process.kill()
                await process.wait()
    assert process.returncode == 0, log.read_text()
