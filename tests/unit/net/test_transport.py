"""Connections of the engine as transports of asyncio: flow control both ways, ends, hand-over."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antiphon._native import Streams
from antiphon.net.gate import Gate, Lease
from antiphon.net.http import HttpListener
from antiphon.net.listen import Listen, bind
from antiphon.net.streams import StreamDriver
from antiphon.net.tls import self_signed

from .streaming import Recorder, trusting

PATH = "/xmpp-websocket"
PIECE = b"x" * 65_536


class Remembers(asyncio.Protocol):
    """A protocol that gives its place back, as it must."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.came = bytearray()
        self.happened: list[str] = []
        self.keeps = False
        self.news = asyncio.Event()
        self.transport: asyncio.Transport

    def _note(self, what: str) -> None:
        self.happened.append(what)
        self.news.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._note("made")

    def data_received(self, data: bytes) -> None:
        self.came += data
        self.news.set()

    def eof_received(self) -> bool:
        self._note("eof")
        return self.keeps

    def pause_writing(self) -> None:
        self._note("pause")

    def resume_writing(self) -> None:
        self._note("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.lease.release()
        self._note("lost")

    async def until(self, what: str) -> None:
        async with asyncio.timeout(20):
            while what not in self.happened:
                self.news.clear()
                await self.news.wait()


class House:
    """A listener and the protocols of its connections."""

    def __init__(self, tls: tuple[bytes, bytes] | None) -> None:
        self.driver = StreamDriver()
        if tls is not None:
            self.driver.streams.identities({"": tls})
        self.gate = Gate(10, 10)
        self.made: list[Remembers] = []
        self.streams = Recorder(self.driver.streams)
        listener = HttpListener(
            self.driver, self.gate, self._serve, local=None, websockets={PATH: self.streams}
        )
        (self.socket,) = bind(Listen("127.0.0.1", 0))
        self.driver.listen(
            [self.socket], Streams.HTTP, listener, tls=tls is not None, paths=(PATH,)
        )
        self.driver.start()

    def _serve(self, lease: Lease) -> asyncio.Protocol:
        self.made.append(Remembers(lease))
        return self.made[-1]

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    async def one(self) -> Remembers:
        async with asyncio.timeout(20):
            while not self.made:
                await asyncio.sleep(0.01)
        return self.made[0]


@contextlib.asynccontextmanager
async def house(tls: tuple[bytes, bytes] | None = None) -> AsyncIterator[House]:
    opened = House(tls)
    try:
        yield opened
    finally:
        await opened.driver.close()
        opened.socket.close()
        assert opened.gate.open == 0


@pytest.mark.parametrize("secure", [False, True])
async def test_bytes_go_both_ways(tmp_path: Path, secure: bool) -> None:
    pair = self_signed(tmp_path, ["localhost"])
    async with house(pair.read() if secure else None) as server:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            server.port,
            ssl=trusting(pair) if secure else None,
            server_hostname="localhost" if secure else None,
        )
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        protocol = await server.one()
        while len(protocol.came) < 18:
            await asyncio.sleep(0.01)
        transport = protocol.transport
        peer = transport.get_extra_info("peername")
        assert peer == writer.get_extra_info("sockname")
        assert bool(transport.get_extra_info("sslcontext")) == secure
        assert transport.get_extra_info("socket", "none") == "none"
        transport.writelines([b"<html>", bytearray(b"a"), memoryview(b"b")])
        transport.close()
        assert transport.is_closing()
        transport.write(b"too late")
        assert await reader.read() == b"<html>ab"
        writer.close()
        await protocol.until("lost")
        assert protocol.happened == ["made", "lost"]


async def test_one_who_does_not_read_stops_the_writer_at_once() -> None:
    async with house() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        protocol = await server.one()
        written = 0
        while "pause" not in protocol.happened:  # without a turn of the loop in between
            protocol.transport.write(PIECE)
            written += len(PIECE)
            assert written < 1 << 26
        assert protocol.transport.get_write_buffer_size() > 65_536
        assert len(await reader.readexactly(written)) == written
        await protocol.until("resume")
        assert protocol.happened == ["made", "pause", "resume"]
        writer.close()
        await protocol.until("lost")


async def test_a_reader_that_pauses_lets_the_peer_wait() -> None:
    async with house() as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        protocol = await server.one()
        protocol.transport.pause_reading()
        assert not protocol.transport.is_reading()
        total = 1 << 24
        writer.write(b"y" * total)
        await asyncio.sleep(0.1)
        assert len(protocol.came) < 65_536
        protocol.transport.resume_reading()
        async with asyncio.timeout(20):
            while len(protocol.came) < total:
                await asyncio.sleep(0.01)
        writer.transport.abort()
        await protocol.until("lost")


@pytest.mark.parametrize("keeps", [False, True])
async def test_half_of_a_connection_may_end(keeps: bool) -> None:
    async with house() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        protocol = await server.one()
        protocol.keeps = keeps
        writer.write(b"last")
        writer.write_eof()
        await protocol.until("eof")
        assert protocol.came == b"last"
        assert protocol.transport.is_closing() != keeps
        if keeps:
            protocol.transport.write(b"answer")
            protocol.transport.close()
        assert await reader.read() == (b"answer" if keeps else b"")
        writer.close()
        await protocol.until("lost")


async def test_an_abort_is_heard_of_by_both() -> None:
    async with house() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        protocol = await server.one()
        protocol.transport.abort()
        await protocol.until("lost")
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()


async def test_a_websocket_for_a_stream_leaves_the_protocol() -> None:
    async with house() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"GET /xmpp-websocket HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n"
            b"connection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-protocol: xmpp\r\n"
            b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in await reader.readuntil(b"\r\n\r\n")
        protocol = await server.one()
        assert protocol.happened == ["made", "lost"]
        assert protocol.came == b""
        protocol.transport.write(b"nothing")
        protocol.transport.abort()
        assert server.gate.open == 0
        assert [name for name, _, _ in server.streams.told] == ["accepted", "requested"]
        writer.close()
        await server.streams.wait("closed")
