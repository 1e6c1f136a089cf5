"""The ASGI server under peers that are slow, greedy or broken: others notice nothing."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage
from websockets.frames import Frame, Opcode

from antiphon.net.asgi import AsgiServer
from antiphon.net.config import ConnectionLimits
from antiphon.net.gate import Gate
from antiphon.net.guard import FRAGMENT_LIMIT
from antiphon.net.listen import Listen, bind
from antiphon.net.streams import StreamDriver
from antiphon.net.tls import Pair, self_signed
from antiphon.net.trace import CONNECTION
from tests.support.wait import soon

LIMITS = ConnectionLimits(
    connections=50, connections_per_address=8, head_timeout=20.0, head_size=4096, idle_timeout=20.0
)
BRIEF = replace(LIMITS, head_timeout=1.0, idle_timeout=1.5)
MESSAGE_LIMIT = 10_000


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """`/echo` reads the body and returns it, `/rude` answers at once; WebSockets echo."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await _echo(receive, send)
    else:
        body = b"" if scope["path"] == "/rude" else await _body(receive)
        if scope["path"] == "/peer":
            body = f"{scope['scheme']} {scope['client'][0]}".encode()
        head: Message = {"type": "http.response.start", "status": 200}
        name = CONNECTION.get().encode()
        head["headers"] = [(b"content-length", str(len(body)).encode()), (b"x-connection", name)]
        await send(head)
        await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes:
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message["more_body"]:
            break
    return body


async def _echo(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


class Serving:
    """A running server."""

    def __init__(self, port: int, gate: Gate) -> None:
        self.port = port
        self.gate = gate

    @contextlib.asynccontextmanager
    async def dial(
        self, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A raw connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=tls)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    async def works(self) -> None:
        """Somebody else is served."""
        async with self.dial() as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")

    async def empties(self) -> None:
        """All places are given back."""
        async with asyncio.timeout(20):
            while self.gate.open:
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def serving(
    pair: Pair | None = None,
    limits: ConnectionLimits = LIMITS,
    proxies: Sequence[str] = (),
) -> AsyncIterator[Serving]:
    gate = Gate(limits.connections, limits.connections_per_address)
    sockets = bind(Listen("127.0.0.1", 0))
    port = sockets[0].getsockname()[1]
    driver = StreamDriver(handshake_time=limits.head_timeout)
    if pair is not None:
        driver.streams.identities({"": pair.read()})
    driver.start()
    server = AsgiServer(
        application,
        driver=driver,
        limits=limits,
        gate=gate,
        message_limit=MESSAGE_LIMIT,
        plain=() if pair is not None else sockets,
        secure=sockets if pair is not None else (),
        proxies=proxies,
    )
    await server.start()
    try:
        yield Serving(port, gate)
    finally:
        await server.stop()
        await driver.close()


async def test_serves_and_names_connections() -> None:
    async with serving() as server:
        names = []
        for _ in range(2):
            async with server.dial() as (reader, writer):
                for _ in range(2):  # one connection keeps its name
                    writer.write(
                        b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"
                    )
                    head = await reader.readuntil(b"\r\n\r\n")
                    assert await reader.readexactly(5) == b"hello"
                    names.append(head.partition(b"x-connection: ")[2].split(b"\r\n")[0])
        assert names[0] == names[1] != names[2] == names[3]
        await server.empties()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nhost: x\r\n",
        b"\r\n\r\n",
    ],
)
async def test_a_head_that_does_not_come_is_not_waited_for(sent: bytes) -> None:
    async with serving(limits=BRIEF) as server, server.dial() as (reader, writer):
        writer.write(sent)
        async with asyncio.timeout(15):
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        assert server.gate.refused == {"head_timeout": 1}
        await server.works()


async def test_drops_do_not_extend_the_time() -> None:
    """A byte every now and then (the attack called Slowloris)."""
    async with serving(limits=BRIEF) as server, server.dial() as (_, writer):
        began = asyncio.get_running_loop().time()
        writer.write(b"GET / HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionError):
            while asyncio.get_running_loop().time() - began < 15 and not server.gate.refused:
                writer.write(b"x: y\r\n")
                await asyncio.sleep(0.05)
        assert server.gate.refused == {"head_timeout": 1}


async def test_drops_between_requests_do_not_extend_the_time() -> None:
    """Line ends before a request are allowed (RFC 9112 §2.2), and must not keep a connection."""
    async with serving(limits=BRIEF) as server, server.dial() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        began = asyncio.get_running_loop().time()
        with contextlib.suppress(ConnectionError):
            while asyncio.get_running_loop().time() - began < 15 and not server.gate.refused:
                writer.write(b"\r\n")
                await asyncio.sleep(0.05)
        assert server.gate.refused == {"head_timeout": 1}


async def test_an_idle_connection_is_closed_in_silence() -> None:
    async with serving(limits=BRIEF) as server, server.dial() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(15):
            assert await reader.read() == b""
        assert not server.gate.refused


async def test_a_slow_request_is_served_while_its_body_is_read() -> None:
    async with serving(limits=BRIEF) as server, server.dial() as (reader, writer):
        writer.write(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n")
        for _ in range(10):
            await asyncio.sleep(BRIEF.head_timeout / 5)
            writer.write(b"x")
        assert b"xxxxxxxxxx" in await reader.readuntil(b"xxxxxxxxxx")


async def test_a_body_that_nobody_reads_is_not_waited_for() -> None:
    async with serving(limits=BRIEF) as server, server.dial() as (reader, writer):
        writer.write(b"POST /rude HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        began = asyncio.get_running_loop().time()
        with contextlib.suppress(ConnectionError):
            while asyncio.get_running_loop().time() - began < 15 and not server.gate.refused:
                writer.write(b"x")
                await asyncio.sleep(0.05)
        assert server.gate.refused == {"head_timeout": 1}


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 5000 + b"\r\n\r\n",
        b"GET /" + b"y" * 5000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x: y\r\n" * 1000 + b"\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 1_000_000,
    ],
)
async def test_a_head_that_is_too_large_is_refused(head: bytes) -> None:
    async with serving() as server, server.dial() as (reader, writer):
        writer.write(head)
        async with asyncio.timeout(20):
            answer = await _read_all(reader)
        assert answer.startswith(b"HTTP/1.1 431 ") or answer == b""
        assert server.gate.refused == {"head_size": 1}
        await server.works()


async def _read_all(reader: asyncio.StreamReader) -> bytes:
    """Everything; a reset is an end, for data of ours was still on its way."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            answer += data
    return answer


@pytest.mark.parametrize("sent", [b"\x16\x03\x01 hello\r\n\r\n", b"GET\x00 / HTTP/1.1\r\n\r\n"])
async def test_what_is_no_http_is_refused(sent: bytes) -> None:
    async with serving() as server, server.dial() as (reader, writer):
        writer.write(sent)
        assert (await _read_all(reader)).startswith(b"HTTP/1.1 400 ")
        assert server.gate.refused == {"malformed": 1}
        await server.works()


async def test_connections_of_one_address_are_limited() -> None:
    async with serving() as server:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(LIMITS.connections_per_address):
                await stack.enter_async_context(server.dial())
            reader, _ = await stack.enter_async_context(server.dial())
            assert await _read_all(reader) == b""
            assert server.gate.refused["connections_per_address"] == 1
        await server.empties()
        await server.works()


async def test_websockets_hold_their_place_and_give_it_back() -> None:
    async with serving(limits=BRIEF) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/") as socket_:
            await socket_.send("x")
            assert await socket_.recv() == "x"
            assert server.gate.open == 1
            # The time for the head of a request is over, and is not meant for WebSockets.
            await asyncio.sleep(BRIEF.head_timeout + 0.2)
            await socket_.send("y")
            assert await socket_.recv() == "y"
        await server.empties()


async def test_messages_have_a_size() -> None:
    async with serving() as server:
        async with connect(f"ws://127.0.0.1:{server.port}/") as socket_:
            await socket_.send("x" * (MESSAGE_LIMIT + 1))
            with pytest.raises(ConnectionClosed) as closed:
                await socket_.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
        await server.works()
        await server.empties()


async def test_messages_have_a_number_of_pieces() -> None:
    """Empty pieces add nothing to a message's size, yet each takes memory."""
    async with serving() as server:
        async with connect(f"ws://127.0.0.1:{server.port}/", max_queue=None) as socket_:
            pieces = [Frame(Opcode.TEXT, b"", fin=False)]
            pieces += [Frame(Opcode.CONT, b"", fin=False)] * (FRAGMENT_LIMIT + 10)
            data = b"".join(piece.serialize(mask=True) for piece in pieces)
            socket_.transport.write(data)
            with pytest.raises(ConnectionClosed):
                await socket_.recv()
        assert server.gate.refused == {"fragments": 1}
        await server.empties()


async def test_a_client_that_pings_without_reading_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("antiphon.net.guard.BUFFER_LIMIT", 100_000)
    ping = Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 500
    async with serving() as server:
        raw = socket.create_connection(("127.0.0.1", server.port))
        with raw:
            raw.setblocking(False)
            loop = asyncio.get_running_loop()
            key = b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n"
            await loop.sock_sendall(
                raw,
                b"GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
                + key
                + b"\r\n",
            )
            assert (await loop.sock_recv(raw, 4096)).startswith(b"HTTP/1.1 101")
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(20):
                    while not server.gate.refused:
                        await loop.sock_sendall(raw, ping)
            assert server.gate.refused == {"not_reading": 1}
        await server.empties()
        await server.works()


async def test_stops_with_open_connections_and_requests() -> None:
    async with serving() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n")
        await asyncio.sleep(0.1)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 15
    assert b"200" not in await _read_all(reader)
    writer.close()
    with pytest.raises(OSError, match="onnect"):
        await asyncio.open_connection("127.0.0.1", server.port)


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [
        ((), b"http 127.0.0.1"),
        (("127.0.0.0/8",), b"https 192.0.2.7"),
        (("::1",), b"http 127.0.0.1"),
    ],
)
async def test_only_trusted_proxies_are_believed(proxies: Sequence[str], seen: bytes) -> None:
    async with serving(proxies=proxies) as server, server.dial() as (reader, writer):
        writer.write(
            b"GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
            b"x-forwarded-for: 192.0.2.7\r\nx-forwarded-proto: https\r\n\r\n"
        )
        assert (await reader.read()).endswith(seen)


# TLS


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return self_signed(tmp_path, ["localhost", "127.0.0.1"])


def trusting(pair: Pair) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(pair.certificate))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


async def test_tls_serves(pair: Pair) -> None:
    async with serving(pair) as server:
        async with server.dial(trusting(pair)) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        async with connect(f"wss://127.0.0.1:{server.port}/", ssl=trusting(pair)) as socket_:
            await socket_.send("x")
            assert await socket_.recv() == "x"
        await server.empties()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"])
async def test_handshakes_hold_a_place_and_have_a_time(pair: Pair, sent: bytes) -> None:
    async with serving(pair, BRIEF) as server, server.dial() as (reader, writer):
        await soon("it holds a place", lambda: server.gate.open == 1)
        writer.write(sent)
        async with asyncio.timeout(15):
            await _read_all(reader)
        await server.empties()
        assert server.gate.refused == {"handshake": 1}


async def test_old_versions_of_tls_are_refused(pair: Pair) -> None:
    old = trusting(pair)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with serving(pair) as server:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            async with server.dial(old):
                pass


async def test_wrong_protocol_on_a_websocket_port() -> None:
    async with serving() as server:
        with pytest.raises((InvalidMessage, OSError, EOFError)):
            await connect(f"wss://127.0.0.1:{server.port}/", ssl=ssl.create_default_context())
        await server.works()
