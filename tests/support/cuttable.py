"""A TCP relay in this process whose connections a test can cut; it knows not what it carries."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

Remote = tuple[str, int]


@dataclass
class Cuttable:
    """Forwards each connection to one server. `opened` counts them."""

    server: Remote
    port: int = 0
    opened: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, both ways, until it ends or is cut."""
        self.opened += 1
        try:
            there, back = await asyncio.open_connection(*self.server)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, back}
        await asyncio.gather(_carry(reader, back), _carry(there, writer))
        self._writers -= {writer, back}

    def cut(self) -> None:
        """End all connections as a failing network would: both sides hear a reset."""
        for writer in self._writers:
            writer.transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def cuttable(server: Remote) -> AsyncIterator[Cuttable]:
    """A relay on a free port of loopback, until the block is left."""
    relay = Cuttable(server)
    listening = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    relay.port = listening.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        listening.close()
        relay.cut()
        await listening.wait_closed()
        await asyncio.sleep(0.05)  # what was carried ends
