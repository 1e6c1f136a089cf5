"""XMPP over WebSocket on the stream engine (RFC 7395), and HTTP that it passes on."""

import asyncio
import contextlib
import socket

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Origin, Subprotocol

from antiphon._native import Group, Stanza, StreamClosed, StreamRequest, Streams

from .streaming import Serving, serving

PATH = "/xmpp-websocket"
OPEN = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a.example' version='1.0'/>"
CLOSE = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"
MESSAGE = "<message xmlns='jabber:client' to='b@x'><body>é</body></message>"
XMPP = Subprotocol("xmpp")


def dial(server: Serving, path: str = PATH + "?x=1") -> connect:
    return connect(
        f"ws://127.0.0.1:{server.port}{path}",
        subprotocols=[Subprotocol("other"), XMPP],
        origin=Origin("https://page.example"),
        proxy=None,
    )


async def test_a_websocket_carries_a_stream() -> None:
    async with serving(Streams.HTTP, paths=(PATH,)) as server, dial(server) as web:
        handler = server.handler
        (request,) = await handler.wait("requested")
        assert isinstance(request, StreamRequest)
        assert (request.path, request.origin) == (PATH + "?x=1", "https://page.example")
        assert request.host == f"127.0.0.1:{server.port}"
        assert ("sec-websocket-version", "13") in request.headers
        assert web.subprotocol == "xmpp"
        await web.send(OPEN)
        (header,) = await handler.wait("opened")
        assert isinstance(header, Stanza)
        assert (header.name, header.to, header.content) == ("open", "a.example", "jabber:client")
        await web.send(MESSAGE)
        await web.send([MESSAGE[:20], "", MESSAGE[20:40], MESSAGE[40:]])
        for item in await handler.wait("received", 2):
            assert isinstance(item, Stanza)
            assert (item.kind, item.body, item.raw.decode()) == (Stanza.MESSAGE, "é", MESSAGE)
        stream = handler.stream()
        server.streams.name(stream, "c@x")
        server.streams.send(stream, b"<stream:features/>")
        server.streams.send(stream, b"<iq xmlns='jabber:client' id='1'/>")
        server.streams.forward(Group([stream]), Stanza(MESSAGE.encode()), "b@x")
        server.driver.touched()
        assert [await web.recv() for _ in range(3)] == [
            "<stream:features xmlns='jabber:client'"
            " xmlns:stream='http://etherx.jabber.org/streams'/>",
            "<iq xmlns='jabber:client' id='1'/>",
            "<message xmlns='jabber:client' to='c@x' from='b@x'><body>é</body></message>",
        ]
        pong = await web.ping(b"still there?")
        async with asyncio.timeout(20):
            await pong
        await web.send(CLOSE)
        await handler.wait("ended")
        server.streams.close(stream, CLOSE.encode())
        server.driver.touched()
        assert await web.recv() == CLOSE
        with pytest.raises(ConnectionClosed) as closed:
            await web.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000
        await handler.wait("closed")


async def _code(web: ClientConnection) -> tuple[int, list[str]]:
    """The close code, and what came before it."""
    said: list[str] = []

    async def listen() -> None:
        while True:
            said.append(str(await web.recv()))

    with pytest.raises(ConnectionClosed) as closed:
        await listen()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, said


@pytest.mark.parametrize(
    ("sent", "code", "condition"),
    [
        (b"<message xmlns='jabber:client'/>", 1003, "bad-format"),
        ("<message xmlns='jabber:client'>", 1000, "not-well-formed"),
        ("<message xmlns='jabber:client'/><iq xmlns='jabber:client'/>", 1000, "bad-format"),
        ("<message>" + "x" * 70_000 + "</message>", 1009, "policy-violation"),
        (["<message>"] + ["x" * 1000] * 70, 1009, "policy-violation"),
        ([""] * 5000, 1009, "policy-violation"),
        ("<!-- x -->", 1000, "restricted-xml"),
    ],
)
async def test_messages_that_are_no_element_end_the_stream(
    sent: str | bytes | list[str], code: int, condition: str
) -> None:
    async with serving(Streams.WEBSOCKET, paths=(PATH,)) as server, dial(server) as web:
        await web.send(OPEN)
        try:
            await web.send(sent)
        except ConnectionClosed:
            pass
        found, said = await _code(web)
        assert found == code
        assert f"<{condition}/>" in said[0]


async def test_frames_against_the_protocol_end_it() -> None:
    async with serving(Streams.WEBSOCKET, paths=(PATH,)) as server, dial(server) as web:
        frame = Frame(Opcode.CONT, b"x")
        web.transport.write(frame.serialize(mask=True))
        assert (await _code(web))[0] == 1002


async def test_one_who_pings_without_reading_is_dropped() -> None:
    pings = Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 100
    head = (
        f"GET {PATH} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n"
        "sec-websocket-protocol: xmpp\r\n\r\n"
    )
    async with serving(Streams.WEBSOCKET, paths=(PATH,), narrow=True) as server:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(deaf, ("127.0.0.1", server.port))
            await loop.sock_sendall(deaf, head.encode())
            await server.handler.wait("requested")
            server.streams.limits(server.handler.stream(), outbox=20_000)
            with contextlib.suppress(ConnectionError):
                while server.streams.counters()["open"]:
                    await loop.sock_sendall(deaf, pings)
        (closed,) = await server.handler.wait("closed")
        assert isinstance(closed, StreamClosed)
        assert closed.reason == "outbox"


async def test_the_peer_may_end_the_websocket() -> None:
    async with serving(Streams.WEBSOCKET, paths=(PATH,)) as server:
        async with dial(server) as web:
            await web.send(OPEN)
            await web.send(MESSAGE)
        await server.handler.wait("received")
        await server.handler.wait("closed")


async def test_other_requests_are_passed_on_or_refused() -> None:
    async with serving(Streams.HTTP, paths=(PATH,)) as server:
        for at, sent in enumerate(
            (b"GET / HTTP/1.1\r\n\r\n", b"POST /xmpp-websocket HTTP/1.1\r\n\r\n")
        ):
            async with server.dial() as (reader, writer):
                writer.write(sent)
                await server.handler.wait("data", at + 1)
                stream = server.handler.stream(at)
                writer.write_eof()
                await server.handler.wait("ended", stream=stream)
                server.streams.send(stream, b"HTTP/1.1 204 No Content\r\n\r\n")
                server.streams.close(stream)
                server.driver.touched()
                assert await reader.read() == b"HTTP/1.1 204 No Content\r\n\r\n"
        async with server.dial() as (_, writer):
            for piece in (b"GET /xmpp-", b"websocket HTTP/1.1\r\nhost: a\r\n", b"\r\n"):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            data = (await server.handler.wait("data", 3))[-1]
            assert data == b"GET /xmpp-websocket HTTP/1.1\r\nhost: a\r\n\r\n"
    async with serving(Streams.WEBSOCKET, paths=(PATH,)) as server:
        for path, status in ((PATH, 400), ("/other", 404)):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(f"ws://127.0.0.1:{server.port}{path}", proxy=None):
                    pass
            assert refused.value.response.status_code == status


async def test_a_request_can_be_refused() -> None:
    async with serving(Streams.HTTP, paths=(PATH,)) as server:
        refuse = server.streams.refuse
        server.handler.requested = lambda stream, request: refuse(stream, 403)  # type: ignore[method-assign]
        with pytest.raises(InvalidStatus) as refused:
            async with dial(server):
                pass
        assert refused.value.response.status_code == 403
        await server.handler.wait("closed")
