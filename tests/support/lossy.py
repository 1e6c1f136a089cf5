"""A UDP relay in this process that loses what its dice say; knows nothing of what it carries."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

Remote = tuple[str, int]


@dataclass
class Lossy(asyncio.DatagramProtocol):
    """Forwards between one client and one server, both ways, and loses a part of it.

    `lost` and `passed` count datagrams.
    """

    server: Remote
    loss: float
    dice: random.Random
    port: int = 0
    lost: int = 0
    passed: int = 0
    clients: dict[Remote, asyncio.DatagramTransport] = field(default_factory=dict)
    transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Remote) -> None:
        if addr == self.server or self._drop():
            return
        asyncio.get_running_loop().create_task(self._forward(data, addr))

    async def _forward(self, data: bytes, client: Remote) -> None:
        if client not in self.clients:
            loop = asyncio.get_running_loop()
            back = _Back(self, client)
            self.clients[client], _ = await loop.create_datagram_endpoint(
                lambda: back, remote_addr=self.server
            )
        self.clients[client].sendto(data)

    def back(self, data: bytes, client: Remote) -> None:
        """From the server."""
        if not self._drop() and self.transport is not None:
            self.transport.sendto(data, client)

    def close(self) -> None:
        for transport in (self.transport, *self.clients.values()):
            if transport is not None:
                transport.close()

    def _drop(self) -> bool:
        lost = self.dice.random() < self.loss
        self.lost += lost
        self.passed += not lost
        return lost


@dataclass
class _Back(asyncio.DatagramProtocol):
    relay: Lossy
    client: Remote

    def datagram_received(self, data: bytes, addr: Remote) -> None:
        self.relay.back(data, self.client)

    def error_received(self, exc: Exception) -> None:
        """The server is not there: that is a loss, too."""


@contextlib.asynccontextmanager
async def lossy(server: Remote, loss: float, seed: int = 1) -> AsyncIterator[Lossy]:
    """A relay on a free port of loopback, until the block is left."""
    loop = asyncio.get_running_loop()
    relay = Lossy(server, loss, random.Random(seed))
    transport, _ = await loop.create_datagram_endpoint(lambda: relay, local_addr=("127.0.0.1", 0))
    relay.port = transport.get_extra_info("sockname")[1]
    try:
        yield relay
    finally:
        relay.close()
