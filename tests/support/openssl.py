"""A TLS connection by `openssl s_client`: an implementation of TLS that is not ours, and tells what
it agreed on.
"""

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator

PATIENCE = 20.0


class Tls:
    """The process. What came and was not asked for stays in `heard`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.heard = ""

    async def send(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        with contextlib.suppress(ConnectionError):
            await self.process.stdin.drain()

    async def until(self, pattern: str) -> str:
        """What fits; what came before is forgotten."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while (found := re.search(pattern, self.heard, re.DOTALL)) is None:
                data = await self.process.stdout.read(65_536)
                assert data, f"the end came before {pattern!r}: {self.heard[-3000:]}"
                self.heard += data.decode("utf-8", "replace")
        self.heard = self.heard[found.end() :]
        return found[0]

    async def ended(self) -> str:
        """All that is said up to the end."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while data := await self.process.stdout.read(65_536):
                self.heard += data.decode("utf-8", "replace")
        return self.heard

    async def exported(self) -> bytes:
        """The keying material of RFC 9266."""
        found = await self.until(r"Keying material: [0-9A-F]+")
        return bytes.fromhex(found.rpartition(" ")[2])


@contextlib.asynccontextmanager
async def s_client(port: int, *options: str) -> AsyncIterator[Tls]:
    """Connect to a port of this machine; errors are part of what it says."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl is not installed"
    process = await asyncio.create_subprocess_exec(
        openssl,
        "s_client",
        "-connect",
        f"127.0.0.1:{port}",
        "-servername",
        "localhost",
        "-ign_eof",
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Tls(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
