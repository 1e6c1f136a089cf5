"""Streams driven in tests: a handler that remembers, and clients that know only sockets."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from antiphon._native import (
    Stanza,
    StreamAccepted,
    StreamClosed,
    StreamRequest,
    Streams,
    StreamSecured,
)
from antiphon.net.listen import Listen, bind
from antiphon.net.streams import StreamDriver
from antiphon.net.tls import Pair, self_signed

HEADER = (
    b"<?xml version='1.0'?><stream:stream to='a.example' version='1.0' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)
STARTTLS = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


class Recorder:
    """A handler: `on_item` does something about elements, everything is remembered."""

    def __init__(self, streams: Streams) -> None:
        self.streams = streams
        self.told: list[tuple[str, int, object]] = []
        self.on_item: Callable[[int, Stanza], None] = lambda stream, stanza: None
        self.frees = True
        self._news = asyncio.Event()

    def _tell(self, name: str, stream: int, what: object = None) -> None:
        self.told.append((name, stream, what))
        self._news.set()

    def accepted(self, stream: int, peer: StreamAccepted) -> None:
        self._tell("accepted", stream, peer)

    def secured(self, stream: int, secured: StreamSecured) -> None:
        self._tell("secured", stream, secured)

    def requested(self, stream: int, request: StreamRequest) -> None:
        self._tell("requested", stream, request)
        self.streams.resume(stream)

    def opened(self, stream: int, header: Stanza) -> None:
        self._tell("opened", stream, header)
        if self.frees:
            self.streams.resume(stream, free=True)

    def received(self, stream: int, stanza: Stanza) -> None:
        self._tell("received", stream, stanza)
        self.on_item(stream, stanza)

    def data(self, stream: int, data: bytes) -> None:
        self._tell("data", stream, data)

    def ended(self, stream: int) -> None:
        self._tell("ended", stream)

    def failed(self, stream: int, condition: str) -> None:
        self._tell("failed", stream, condition)
        error = f"<stream:error><{condition}/></stream:error></stream:stream>"
        self.streams.close(stream, error.encode())

    def full(self, stream: int) -> None:
        self._tell("full", stream)

    def drained(self, stream: int) -> None:
        self._tell("drained", stream)

    def closed(self, stream: int, closed: StreamClosed) -> None:
        self._tell("closed", stream, closed)

    async def wait(self, name: str, count: int = 1, stream: int | None = None) -> list[object]:
        """What came with the first `count` events of that name."""

        def found() -> list[object]:
            return [
                what for kind, whose, what in self.told if kind == name and stream in (None, whose)
            ]

        async with asyncio.timeout(20):
            while len(found()) < count:
                self._news.clear()
                await self._news.wait()
        return found()[:count]

    def stream(self, at: int = 0) -> int:
        """The number of the connection that came as the `at`-th."""
        return [stream for kind, stream, _ in self.told if kind == "accepted"][at]


class Serving:
    """A driver with one listener."""

    def __init__(self, driver: StreamDriver, handler: Recorder, port: int) -> None:
        self.driver = driver
        self.streams = driver.streams
        self.handler = handler
        self.port = port

    @contextlib.asynccontextmanager
    async def dial(
        self, tls: ssl.SSLContext | None = None, name: str | None = None
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A raw connection."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=tls, server_hostname=name if tls else None
        )
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def serving(
    framing: int = Streams.XMPP,
    *,
    tls: bool = False,
    alpn: Sequence[str] = (),
    ask: bool = False,
    paths: Sequence[str] = (),
    handshake_time: float = 5.0,
    login_time: float = 10.0,
    chains: dict[str, tuple[bytes, bytes]] | None = None,
    narrow: bool = False,
) -> AsyncIterator[Serving]:
    """A driver that listens on loopback. `narrow`: the kernel holds little of what is sent."""
    driver = StreamDriver(handshake_time=handshake_time, login_time=login_time)
    if chains is not None:
        driver.streams.identities(chains)
    handler = Recorder(driver.streams)
    sockets = bind(Listen("127.0.0.1", 0))
    if narrow:
        sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    driver.listen(sockets, framing, handler, tls=tls, alpn=alpn, ask=ask, paths=paths)
    driver.start()
    try:
        yield Serving(driver, handler, sockets[0].getsockname()[1])
    finally:
        await driver.close()
        for opened in sockets:
            opened.close()


def certificate(folder: Path, *names: str) -> tuple[Pair, tuple[bytes, bytes]]:
    """A self-signed certificate, as files and as PEM."""
    pair = self_signed(folder, names)
    return pair, pair.read()


def trusting(pair: Pair) -> ssl.SSLContext:
    """A client that trusts it."""
    return ssl.create_default_context(cafile=str(pair.certificate))
